import { UsageError } from '../errors.js';
import { writeObserver } from '../changes/write-observer.js';
import { connectionNamed } from '../database/connections.js';
import { insertNewRows, insertRows, type Conflict } from '../query/write-sql.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { runAfterCommit } from './after-commit.js';
import { runHooks } from './hooks.js';
import { announceInserts, batchesOf, givenColumns, prepareInserts, valuesOf, type PendingInsert } from './insert.js';
import { adoptInsert } from './save.js';
import { runStatement } from './write-target.js';

/** Inserts those of many instances that no unique constraint keeps out, and answers them; the others stay new. */
export async function insertUnlessThere(schema: ModelSchema, instances: readonly object[]): Promise<object[]> {
  if (instances.length === 0) return [];
  const connection = connectionNamed(schema.connection, schema.label);
  return connection.transaction(async () => {
    const pending = await prepareInserts(schema, instances);
    const rows = new Map<PendingInsert, Row>();
    for (const batch of batchesOf(schema, pending)) {
      const stored = await insertNew(schema, batch, { target: undefined, lock: undefined });
      for (const [one, row] of stored) rows.set(one, row);
    }
    const stored = pending.filter((one) => rows.has(one)).map(({ target }) => target.instance);
    for (const [{ target, cells }, row] of rows) adoptInsert(target, cells, row);
    await writeObserver(connection, schema)?.after(schema, [...rows.values()]);
    for (const instance of stored) await runHooks(instance, 'afterSave');
    await announceInserts(connection, schema, [...rows.values()]);
    for (const instance of stored) await runAfterCommit(connection, instance, { signal: 'saved', created: true });
    return stored;
  });
}

/** Inserts those of a batch that are not there, in one statement, and answers which were, with the rows as stored. */
export async function insertNew(
  schema: ModelSchema,
  batch: readonly PendingInsert[],
  conflict: Conflict,
): Promise<Map<PendingInsert, Row>> {
  const [first] = batch;
  if (!first) return new Map();
  const columns = givenColumns(schema, first.cells);
  const { name } = first.target.connection.facts;
  const values = valuesOf(columns, batch);
  const statement =
    columns.length === 0
      ? insertRows(schema, columns, values, name)
      : insertNewRows(schema, { columns, rows: values, conflict }, name);
  const rows = await runStatement(first.target, statement);
  return matched(schema, batch, { by: conflict.target ?? tellingColumns(schema, columns), rows });
}

/** By its key a row can be told, else by everything that was given: those that are the same in all of it may be taken for each other. */
function tellingColumns({ primaryKey }: ModelSchema, columns: readonly ColumnSchema[]): readonly ColumnSchema[] {
  return columns.includes(primaryKey) ? [primaryKey] : columns;
}

function matched(
  schema: ModelSchema,
  batch: readonly PendingInsert[],
  { by, rows }: { readonly by: readonly ColumnSchema[]; readonly rows: readonly Row[] },
): Map<PendingInsert, Row> {
  const waiting = new Map<string, PendingInsert[]>();
  for (const one of batch.toReversed()) {
    const id = identity(by.map((column) => one.cells.get(column) ?? null));
    const same = waiting.get(id) ?? [];
    waiting.set(id, same);
    same.push(one);
  }
  const found = new Map<PendingInsert, Row>();
  for (const row of rows) {
    const one = waiting.get(identity(by.map((column) => row[column.position] ?? null)))?.pop();
    if (!one) throw storedOtherwise(schema, by);
    found.set(one, row);
  }
  return found;
}

/** One text for each list of cells. */
export function identity(cells: readonly Cell[]): string {
  return JSON.stringify(cells);
}

/** What is thrown where a row cannot be told by what was given. */
export function storedOtherwise({ label }: ModelSchema, columns: readonly ColumnSchema[]): UsageError {
  const names = columns.map(({ property }) => `'${property}'`).join(', ');
  return new UsageError(
    `${label}: the database stores ${names} in another form than it was given, so rows cannot be told apart by it; ` +
      'is there a trigger, or a type that ignores case?',
  );
}
