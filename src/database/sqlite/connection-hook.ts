import { promisify } from 'node:util';
import type { Knex } from 'knex';
import type { SqliteDatabase } from './sqlite-driver.js';
import { isBusy } from './sqlite-errors.js';

/** What knex's pool calls with each new connection. knex types it as a bare Function. */
export type ConnectionHook = (
  connection: SqliteDatabase,
  done: (error?: Error | null, connection?: SqliteDatabase) => void,
) => void;

/** The user's own hook, if the configuration has one. */
export function hookOf(pool: Knex.PoolConfig | undefined): ConnectionHook | undefined {
  return pool?.afterCreate as ConnectionHook | undefined; // knex calls it just so
}

/** Runs a hook on a connection that is not the pool's. */
export async function runHook(hook: ConnectionHook | undefined, connection: SqliteDatabase): Promise<void> {
  if (hook) await promisify(hook)(connection);
}

/** Sets our defaults on each connection, and then calls `hook`, so that what the user sets stays. */
export function withPragmas(hook: ConnectionHook | undefined): ConnectionHook {
  return (connection, done) => {
    try {
      setPragmas(connection);
    } catch (error) {
      done(error instanceof Error ? error : new Error(String(error)), connection);
      return;
    }
    if (hook) hook(connection, done);
    else done(null, connection);
  };
}

function setPragmas(database: SqliteDatabase): void {
  database.pragma('busy_timeout = 0'); // the dialect waits for locks without blocking the process
  database.pragma('foreign_keys = ON');
  database.pragma('recursive_triggers = ON'); // else REPLACE deletes rows without their triggers
  useWriteAheadLog(database);
}

/** Readers and the writer then do not keep each other waiting. While others use the file it stays as it is. */
function useWriteAheadLog(database: SqliteDatabase): void {
  if (database.readonly) return;
  try {
    if (database.pragma('journal_mode', { simple: true }) !== 'wal') database.pragma('journal_mode = WAL');
  } catch (error) {
    if (!isBusy(error)) throw error;
  }
}
