import { DatabaseError, UsageError, ValidationError } from '../errors.js';
import { announce } from '../changes/change-log.js';
import type { RowChange } from '../changes/change.js';
import { writeObserver } from '../changes/write-observer.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { lockGivenSql } from '../query/given-sql.js';
import { columnSqlTypes } from '../query/column-sql-types.js';
import { mostRowChanges } from '../query/row-changes.js';
import { tableSql } from '../query/table-sql.js';
import { rowsAtOnce, updateGiven } from '../query/update-given.js';
import type { Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { columnOf } from '../schema/values.js';
import { runAfterCommit } from './after-commit.js';
import { runHooks } from './hooks.js';
import { batchesOf, prepareInserts, type PendingInsert } from './insert.js';
import { identity, insertNew, storedOtherwise } from './insert-new.js';
import { adoptInsert } from './save.js';

/** Which rows are there already, and what they get. */
export interface Upsert {
  readonly schema: ModelSchema;
  /** Unique together. */
  readonly target: readonly ColumnSchema[];
  readonly update: readonly ColumnSchema[];
}

/** What became of one of the rows. */
interface Stored {
  readonly row: Row;
  readonly created: boolean;
  /** Undefined where nothing was written. */
  readonly change: RowChange | undefined;
}

/** Inserts instances, or updates the rows that are there already, in one transaction; answers for each whether it was inserted. */
export async function upsert(plan: Upsert, instances: readonly object[]): Promise<boolean[]> {
  if (instances.length === 0) return [];
  const { schema } = plan;
  const connection = connectionNamed(schema.connection, schema.label);
  return connection.transaction(async () => {
    const pending = await prepareInserts(schema, instances);
    assertKeys(plan, pending);
    const stored = new Map<PendingInsert, Stored>();
    for (const batch of batchesOf(schema, pending)) {
      for (const [one, outcome] of await upsertBatch(connection, plan, batch)) stored.set(one, outcome);
    }
    for (const [{ target, cells }, { row }] of stored) adoptInsert(target, cells, row);
    await finish(connection, schema, stored);
    return pending.map((one) => stored.get(one)?.created ?? false);
  });
}

/**
 * Inserts what is not there. PostgreSQL locks the rows that are, so that nobody changes them before they are read and
 * updated by the next statement; on SQLite nobody else writes.
 */
async function upsertBatch(
  connection: DatabaseConnection,
  plan: Upsert,
  batch: readonly PendingInsert[],
): Promise<Map<PendingInsert, Stored>> {
  const { schema, target, update } = plan;
  const inserted = await withTarget(plan, () => insertNew(schema, batch, { target, lock: update[0] }));
  const outcomes = new Map<PendingInsert, Stored>();
  for (const [one, row] of inserted) {
    outcomes.set(one, { row, created: true, change: { kind: 'row', model: schema, before: undefined, after: row } });
  }
  await writeObserver(connection, schema)?.after(schema, [...inserted.values()]);
  const there = batch.filter((one) => !inserted.has(one));
  const size = rowsAtOnce(connection, target.length + update.length);
  for (let start = 0; start < there.length; start += size) {
    const part = there.slice(start, start + size);
    for (const [one, outcome] of await updateThere(connection, plan, part)) outcomes.set(one, outcome);
  }
  return outcomes;
}

async function updateThere(
  connection: DatabaseConnection,
  { schema, target, update }: Upsert,
  part: readonly PendingInsert[],
): Promise<Map<PendingInsert, Stored>> {
  const rows = part.map(({ cells }) => [...target, ...update].map((column) => cells.get(column) ?? null));
  const given = { model: schema, match: target, set: update, rows };
  const changes =
    update.length > 0
      ? (await updateGiven(connection, given)).map((change) => ({ row: change.after, change }))
      : (await readGiven(connection, given)).map((row) => ({ row, change: undefined }));
  const byTarget = new Map(
    changes.map((found) => [identity(target.map((column) => found.row[column.position] ?? null)), found]),
  );
  const outcomes = new Map<PendingInsert, Stored>();
  for (const one of part) {
    const found = byTarget.get(identity(target.map((column) => one.cells.get(column) ?? null)));
    if (!found) throw storedOtherwise(schema, target);
    outcomes.set(one, { ...found, created: false });
  }
  return outcomes;
}

async function readGiven(connection: DatabaseConnection, given: Parameters<typeof updateGiven>[1]): Promise<Row[]> {
  const { name } = connection.facts;
  const types = name === 'postgres' ? await columnSqlTypes(connection, given.model) : new Map<string, string>();
  const { rows } = await connection.run(lockGivenSql(given, name, types));
  return rows.map(tableSql(given.model, name).toRow);
}

async function finish(
  connection: DatabaseConnection,
  schema: ModelSchema,
  stored: ReadonlyMap<PendingInsert, Stored>,
): Promise<void> {
  const written = [...stored].filter(([, { change }]) => change);
  for (const [{ target }] of written) await runHooks(target.instance, 'afterSave');
  const changes = written.flatMap(([, { change }]) => (change ? [change] : []));
  const many = changes.length > mostRowChanges;
  await announce(connection, many ? [{ kind: 'table', model: schema }] : changes);
  for (const [{ target }, { created }] of written) {
    await runAfterCommit(connection, target.instance, { signal: 'saved', created });
  }
}

async function withTarget<T>({ schema, target }: Upsert, insert: () => Promise<T>): Promise<T> {
  try {
    return await insert();
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== 'NO_UNIQUE_CONSTRAINT') throw error;
    const names = target.map(({ property }) => property).join(', ');
    throw new UsageError(
      `${schema.label}: onConflict names ${names}, but the table has no unique constraint on exactly that; ` +
        'name the columns of one',
      { cause: error },
    );
  }
}

/** NOTE: nulls are never equal, so a row without a value here would be added again each time. */
function assertKeys({ schema, target }: Upsert, pending: readonly PendingInsert[]): void {
  const seen = new Set<string>();
  for (const { cells } of pending) {
    const missing = target.find((column) => (cells.get(column) ?? null) === null);
    if (missing) {
      const message = 'is required, because onConflict tells rows by it';
      throw new ValidationError(schema.label, [{ property: missing.property, message }]);
    }
    const id = identity(target.map((column) => cells.get(column) ?? null));
    if (seen.has(id)) {
      const names = target.map(({ property }) => property).join(', ');
      throw new UsageError(`${schema.label}: two of the rows have the same ${names}; give each once`);
    }
    seen.add(id);
  }
}

/** What `upsertMany(rows, { onConflict, update })` asks for. Throws UsageError for what it cannot be. */
export function planUpsert(
  schema: ModelSchema,
  rows: readonly object[],
  { onConflict, update }: { readonly onConflict: readonly string[]; readonly update?: readonly string[] | undefined },
): Upsert {
  const { label } = schema;
  if (!Array.isArray(onConflict) || onConflict.length === 0) {
    throw new UsageError(`${label}: onConflict takes the columns that are unique, such as ['slug']; got none`);
  }
  const target = onConflict.map((name: string) => columnOf(schema, name));
  const isFixed = (column: ColumnSchema): boolean => column.primaryKey || column.version || target.includes(column);
  const named = new Set(rows.flatMap((row) => Object.keys(row)).map((name) => columnOf(schema, name)));
  if (update === undefined) return { schema, target, update: [...named].filter((column) => !isFixed(column)) };
  const columns = update.map((name) => columnOf(schema, name));
  const refused = columns.find(isFixed);
  if (refused) {
    const why = refused.version ? 'counts up by itself' : 'tells which row is meant';
    throw new UsageError(
      `${label}: update of upsertMany() cannot name '${refused.property}', which ${why}; leave it out`,
    );
  }
  return { schema, target, update: [...new Set(columns)] };
}
