import { join } from 'node:path';
import Database from 'better-sqlite3';
import pg from 'pg';
import type { DialectName } from '../../../src/schema/column-type.js';
import { sharedPostgresUrl } from '../../setup/shared-servers.js';
import { temporaryFolder } from '../../setup/temporary-folder.js';

/** A connection as an application may have configured it, without this library in between. */
export interface RawConnection {
  readonly dialect: DialectName;
  run(sql: string, parameters?: readonly unknown[]): Promise<unknown[][]>;
  /** Ends this connection; for a file, the next statement opens it anew. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export function sqlite(path: string): RawConnection {
  let database = new Database(path);
  return {
    dialect: 'sqlite',
    async run(sql, parameters = []) {
      const statement = database.prepare(sql);
      if (statement.reader) return statement.raw().all(...parameters) as unknown[][]; // raw() makes rows arrays
      statement.run(...parameters);
      return [];
    },
    async reopen() {
      if (path === ':memory:') return;
      database.close();
      database = new Database(path);
    },
    async close() {
      database.close();
    },
  };
}

export async function postgres(settings: readonly string[], parsers?: pg.CustomTypesConfig): Promise<RawConnection> {
  const client = new pg.Client({ connectionString: await sharedPostgresUrl(), ...(parsers && { types: parsers }) });
  await client.connect();
  for (const setting of settings) await client.query(setting);
  await client.query('create temp table probe (a integer)');
  return {
    dialect: 'postgres',
    async run(text, parameters = []) {
      const { rows } = await client.query<unknown[]>({ text, values: [...parameters], rowMode: 'array' });
      return rows;
    },
    reopen: async () => undefined,
    close: () => client.end(),
  };
}

/** Parsers of the sort that applications set: numbers for everything numeric, objects of their own for the rest. */
function eagerParsers(): pg.CustomTypesConfig {
  const numeric = new Set<number>([pg.types.builtins.INT8, pg.types.builtins.NUMERIC, pg.types.builtins.FLOAT8]);
  const untouched = new Set<number>([pg.types.builtins.TEXT, pg.types.builtins.VARCHAR, pg.types.builtins.UUID]);
  const parse =
    (oid: number) =>
    (text: string): unknown => {
      if (numeric.has(oid)) return Number(text);
      if (untouched.has(oid) || oid === pg.types.builtins.BYTEA) return text;
      return oid === pg.types.builtins.BOOL ? text === 't' : oid === pg.types.builtins.INT4 ? BigInt(text) : { text };
    };
  return { getTypeParser: parse as pg.CustomTypesConfig['getTypeParser'] }; // its overloads are for the binary format
}

/** Settings of a session that change how PostgreSQL writes values as text. */
export const unusual = [
  "set timezone = 'America/St_Johns'",
  "set datestyle = 'SQL, DMY'",
  "set bytea_output = 'hex'",
  "set intervalstyle = 'sql_standard'",
];

/** Databases, and the ways in which applications configure a connection to them. */
export const connections: [string, () => Promise<RawConnection>][] = [
  ['SQLite in memory', async () => sqlite(':memory:')],
  ['SQLite in a file', async () => sqlite(join(temporaryFolder('sqlite'), 'types.db'))],
  ['PostgreSQL', () => postgres([])],
  ['PostgreSQL with other TimeZone and DateStyle', () => postgres(unusual)],
  [
    'PostgreSQL with German dates and escaped bytes',
    () => postgres(["set timezone = 'Europe/Amsterdam'", 'set datestyle = German', 'set bytea_output = escape']),
  ],
  ['PostgreSQL without parsers in pg', () => postgres(unusual, { getTypeParser: () => (text: string) => text })],
  ['PostgreSQL with eager parsers in pg', () => postgres(unusual, eagerParsers())],
];
