import type { Awaitable } from '../../support/awaitable.js';

/** A text as it lies in the table, and as drivers give rows fastest. */
export type StoredText = readonly [key: string, value: string];

/** A text to be put there, for so long from now. */
export interface StoredWrite {
  readonly key: string;
  readonly value: string;
  readonly lifeMs: number;
}

/**
 * The statements of one kind of database, each on one connection. Keys are never repeated within a call.
 *
 * Invariant: each is a single statement, or a transaction that nobody sees half of. `drop` takes expired rows as well, and
 * when it has resolved its effect outlives a crash of everything below.
 */
export interface CacheDialect<Connection> {
  /** Makes the table; no error where somebody else does at the same time. */
  createTable(connection: Connection): Awaitable<unknown>;
  /** The rows under the keys that have not expired, in any order. */
  read(connection: Connection, keys: readonly string[]): Awaitable<readonly StoredText[]>;
  /** Puts each row where there is none or an expired one; answers what is there then, in any order. */
  acquire(connection: Connection, rows: readonly StoredWrite[]): Awaitable<readonly StoredText[]>;
  write(connection: Connection, rows: readonly StoredWrite[]): Awaitable<unknown>;
  /** The first rows after a key and before another that have not expired, in the order of their keys. */
  range(
    connection: Connection,
    range: { readonly after: string; readonly before: string; readonly limit: number },
  ): Awaitable<readonly StoredText[]>;
  drop(connection: Connection, keys: readonly string[]): Awaitable<unknown>;
  /** Deletes what has expired among the next `limit` rows after a key; answers the last key, undefined at the end. */
  sweep(connection: Connection, after: string, limit: number): Awaitable<string | undefined>;
  /** Whether an error says that there is no table. */
  isMissingTable(error: unknown): boolean;
  /** Whether an error says that nothing happened and that the same may work in a moment. */
  isTransient(error: unknown): boolean;
}

/** The code of an error of a driver; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
