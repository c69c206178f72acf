import { parseArgs } from 'node:util';

/** What the command line says. */
export interface Options {
  readonly database: string;
  readonly cache: string;
  readonly folder: string;
  readonly limit: number;
  readonly help: boolean;
}

export const usage = `Usage: npm run example -- [options]

Reads the packages under node_modules into a database, browses them through the cache, changes some,
and shows what was computed again and what was not.

  --database URL  sqlite::memory: (default), sqlite:file.db or postgres://user:password@host/name
                  Tables whose names begin with example_ are dropped and made anew.
  --cache URL     memory: (default) or redis://host:6379/0
  --folder PATH   the project whose node_modules is read; default: the current folder
  --limit N       read so many packages at most; default: 2000
  --help          print this`;

/** The command line is wrong; the message says how. */
export class WrongOption extends Error {}

/** Reads the command line. Throws WrongOption. */
export function parseOptions(args: readonly string[]): Options {
  const { database, cache, folder, limit, help } = parse(args);
  return {
    database: oneOf('database', database, ['sqlite:', 'postgres:', 'postgresql:']),
    cache: oneOf('cache', cache, ['memory:', 'redis:', 'rediss:']),
    folder,
    limit: wholeNumber('limit', limit),
    help,
  };
}

interface Given {
  readonly database: string;
  readonly cache: string;
  readonly folder: string;
  readonly limit: string;
  readonly help: boolean;
}

function parse(args: readonly string[]): Given {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        database: { type: 'string', default: 'sqlite::memory:' },
        cache: { type: 'string', default: 'memory:' },
        folder: { type: 'string', default: process.cwd() },
        limit: { type: 'string', default: '2000' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    return values;
  } catch (error) {
    throw new WrongOption(error instanceof Error ? error.message : String(error));
  }
}

function oneOf(option: string, url: string, schemes: readonly string[]): string {
  if (schemes.some((scheme) => url.startsWith(scheme))) return url;
  throw new WrongOption(`--${option} expects a URL that begins with ${schemes.join(' or ')}`);
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new WrongOption(`--${option} expects a whole number above 0, got '${text}'`);
}
