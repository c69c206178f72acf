import { ConnectionError } from '../errors.js';

/** The typed error where knex's pool had no connection in time; undefined for other errors. */
export function poolError(error: unknown): ConnectionError | undefined {
  if (!(error instanceof Error) || error.name !== 'KnexTimeoutError') return undefined;
  return new ConnectionError(
    'No connection became free in time. Transactions that stay open hold theirs; shorten them, or give the pool more connections.',
    { cause: error },
  );
}
