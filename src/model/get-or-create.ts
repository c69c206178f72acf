import { UniqueViolationError, UsageError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { columnOf } from '../schema/values.js';
import { saveRecord } from './save.js';

/** A row that refuses the new one is found by the next look, unless it is another one or goes again. */
const mostAttempts = 3;

/** A row that is looked for by its values, and how it is made where there is none. */
export interface Sought<T> {
  readonly schema: ModelSchema;
  /** The only row with the values, under its lock where it is to be changed; undefined if there is none. Never from the cache. */
  find(): Promise<T | undefined>;
  /** A new instance with the values. */
  make(): T;
}

/**
 * The row, or a new one. Of any number of callers one makes it, if a unique constraint is on the values: the others are
 * refused by it and read what the first has committed.
 */
export async function getOrCreate<T extends object>(sought: Sought<T>): Promise<[T, boolean]> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await sought.find();
    if (found) return [found, false];
    try {
      return [await create(sought), true];
    } catch (error) {
      if (!(error instanceof UniqueViolationError) || attempt === mostAttempts) throw error;
    }
  }
}

/** The row with other values, or a new one, in a transaction of its own. */
export async function updateOrCreate<T extends object>(sought: Sought<T>, values: object): Promise<[T, boolean]> {
  return connectionOf(sought).transaction(async () => {
    const [instance, created] = await getOrCreate(sought);
    if (!created) {
      Object.assign(instance, values);
      await saveRecord(instance);
    }
    return [instance, created];
  });
}

/** NOTE: in a transaction a savepoint, or PostgreSQL would refuse to read after the refused insert. */
async function create<T extends object>(sought: Sought<T>): Promise<T> {
  const instance = sought.make();
  const connection = connectionOf(sought);
  if (connection.currentTransaction()) await connection.transaction(() => saveRecord(instance));
  else await saveRecord(instance);
  return instance;
}

function connectionOf({ schema }: Sought<unknown>): DatabaseConnection {
  return connectionNamed(schema.connection, schema.label);
}

/** Throws UsageError unless values name columns alone, as conditions and as what a new row gets. */
export function assertLookup(schema: ModelSchema, method: string, values: unknown): void {
  if (typeof values !== 'object' || values === null || Object.keys(values).length === 0) {
    throw new UsageError(`${schema.label}: ${method}() takes the values that tell the row, such as { slug: 'a' }`);
  }
  for (const name of Object.keys(values)) columnOf(schema, name);
}
