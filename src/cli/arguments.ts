import { parseArgs } from 'node:util';
import { UsageError } from '../errors.js';
import { nearest } from '../support/nearest.js';

export const usage = `Usage: moneyclip migrate [up|down|status] [options]

Makes the triggers by which every cache hears of what others change.

  up       makes what is missing (the default)
  down     removes everything that up made
  status   tells which tables are captured; fails where one is not

Options:
  --models <path>       a module that declares models; may be given more than once
  --connection <url>    the database, postgres://user@host:port/name or sqlite:file; default: DATABASE_URL
  --name <name>         the connection of the models; default: default
  --schema <name>       the schema for the outbox, on SQLite what its names begin with; default: moneyclip_capture
  --config <path>       default: moneyclip.config.js, .mjs or .ts in this folder, where there is one
  --dry-run             prints the SQL and changes nothing
  --help                prints this`;

export type Action = 'up' | 'down' | 'status';

/** What the command line says. */
export interface Arguments {
  readonly action: Action;
  readonly models: readonly string[];
  readonly connection: string | undefined;
  readonly name: string | undefined;
  readonly schema: string | undefined;
  readonly config: string | undefined;
  readonly dryRun: boolean;
}

const options = {
  models: { type: 'string', multiple: true },
  connection: { type: 'string' },
  name: { type: 'string' },
  schema: { type: 'string' },
  config: { type: 'string' },
  'dry-run': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

const actions: readonly string[] = ['up', 'down', 'status'];

/** Reads the command line; undefined where help is asked for. Throws UsageError. */
export function readArguments(args: readonly string[]): Arguments | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true || (args.length === 1 && args[0] === 'help')) return undefined;
  const [command, action = 'up', ...rest] = positionals;
  if (command !== 'migrate') {
    throw new UsageError(
      command === undefined ? 'A command is needed: migrate.' : `The command '${command}' is unknown; use migrate.`,
    );
  }
  if (!isAction(action)) {
    throw new UsageError(`migrate: '${action}' is unknown; use up, down or status.`);
  }
  if (rest.length > 0) throw new UsageError(`migrate ${action} takes no further words; got '${rest.join(' ')}'.`);
  return {
    action,
    models: values.models ?? [],
    connection: values.connection,
    name: values.name,
    schema: values.schema,
    config: values.config,
    dryRun: values['dry-run'] === true,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const unknown = /Unknown option '(--?[\w-]+)'/.exec(message)?.[1];
    if (unknown === undefined) throw new UsageError(message, { cause: error });
    const names = Object.keys(options).map((name) => `--${name}`);
    const meant = nearest(unknown, names);
    throw new UsageError(
      `The option '${unknown}' is unknown; ${meant ? `did you mean '${meant}'?` : `use ${names.join(', ')}`}`,
      { cause: error },
    );
  }
}

function isAction(word: string): word is Action {
  return actions.includes(word);
}
