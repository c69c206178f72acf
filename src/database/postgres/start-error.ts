import { ConnectionError, MoneyclipError } from '../../errors.js';

/** Settings of a connection as knex keeps them. */
export type ConnectionSettings = Readonly<Record<string, unknown>>;

/** What to do, by the code that PostgreSQL or the network gave. */
const advice: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there; start PostgreSQL, or correct host and port',
  ENOENT: 'there is no socket in that folder; start PostgreSQL, or correct the host',
  ENOTFOUND: 'no such host is known; correct it',
  EAI_AGAIN: 'the name of the host cannot be looked up now; correct it, or try again',
  '28P01': 'the password is wrong, or there is no such user; correct them',
  '28000': 'the server does not let this user in; correct the user, or allow it in pg_hba.conf',
  '3D000': 'there is no such database; create it, or correct its name',
  '53300': 'the server takes no more connections; close some, make pools smaller, or raise max_connections',
  '57P03': 'the server is starting or stopping; try again in a moment',
};

const late = 'no answer came in time; correct host and port, or look what keeps the server or the network';

/** Says what was tried when the first connection failed, never with the password, and what to do; undefined for other errors. */
export function startError(cause: unknown, settings: ConnectionSettings): ConnectionError | undefined {
  if (cause instanceof MoneyclipError || !(cause instanceof Error)) return undefined;
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  const todo = advice[code] ?? (isLate(cause, code) ? late : undefined);
  if (todo === undefined) return undefined;
  const kept = code === '' ? '' : ` (${code})`;
  return new ConnectionError(`Connecting to PostgreSQL ${placeOf(settings)} failed: ${todo}${kept}.`, { cause });
}

function isLate(error: Error, code: string): boolean {
  return code === 'ETIMEDOUT' || error.name === 'KnexTimeoutError' || error.message.includes('timeout expired');
}

/** Where and as whom, with what pg takes where nothing is said. */
function placeOf(settings: ConnectionSettings): string {
  const url = partsOfUrl(settings['connectionString']);
  const part = (name: string, variable: string, otherwise: string): string => {
    const given = url[name] ?? settings[name] ?? process.env[variable];
    return typeof given === 'string' || typeof given === 'number' ? String(given) : otherwise;
  };
  const user = part('user', 'PGUSER', process.env['USER'] ?? '');
  const database = part('database', 'PGDATABASE', user);
  return `at ${part('host', 'PGHOST', 'localhost')}:${part('port', 'PGPORT', '5432')}, database '${database}', user '${user}',`;
}

function partsOfUrl(text: unknown): Readonly<Record<string, string | undefined>> {
  const withHost = typeof text === 'string' ? text.replace('@/', '@localhost/') : '';
  if (!URL.canParse(withHost)) return {};
  const { hostname, port, pathname, username, searchParams } = new URL(withHost);
  return {
    host: searchParams.get('host') ?? (hostname === '' ? undefined : hostname),
    port: port === '' ? undefined : port,
    database: pathname.length > 1 ? decoded(pathname.slice(1)) : undefined,
    user: username === '' ? undefined : decoded(username),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
