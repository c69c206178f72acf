import { UsageError } from '../errors.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { mostRowChanges } from '../query/row-changes.js';
import { insertRows } from '../query/write-sql.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { runAfterCommit } from './after-commit.js';
import { runHooks } from './hooks.js';
import { adoptInsert, insertCells } from './save.js';
import type { Cells } from './validate.js';
import { runStatement, writeTarget, type WriteTarget } from './write-target.js';

/** A new instance with what its insert writes. */
export interface PendingInsert {
  readonly target: WriteTarget;
  readonly cells: Cells;
}

/** Inserts many instances of one model in one transaction, in as few statements as the database takes. */
export async function insertMany(schema: ModelSchema, instances: readonly object[]): Promise<void> {
  if (instances.length === 0) return;
  const connection = connectionNamed(schema.connection, schema.label);
  await connection.transaction(async () => {
    const pending = await prepareInserts(schema, instances);
    const rows = (await Promise.all(batchesOf(schema, pending).map((batch) => insertBatch(schema, batch)))).flat();
    await writeObserver(connection, schema)?.after(schema, rows);
    for (const instance of instances) await runHooks(instance, 'afterSave');
    await announceInserts(connection, schema, rows);
    for (const instance of instances) await runAfterCommit(connection, instance, { signal: 'saved', created: true });
  });
}

/** Runs the hooks before, and takes the values; throws ValidationError before anything is written. */
export async function prepareInserts(schema: ModelSchema, instances: readonly object[]): Promise<PendingInsert[]> {
  for (const instance of instances) await runHooks(instance, 'beforeSave');
  return instances.map((instance) => ({ target: writeTarget(instance), cells: insertCells(instance, schema) }));
}

/** Says that rows were inserted. */
export async function announceInserts(
  connection: DatabaseConnection,
  schema: ModelSchema,
  rows: readonly Row[],
): Promise<void> {
  const many = rows.length > mostRowChanges;
  const changes = rows.map((after) => ({ kind: 'row', model: schema, before: undefined, after }) as const);
  await announce(connection, many ? [{ kind: 'table', model: schema }] : changes);
}

/** What goes into one statement: instances that name the same columns, the others keep the database's defaults. */
export function batchesOf(schema: ModelSchema, pending: readonly PendingInsert[]): PendingInsert[][] {
  const groups = new Map<string, PendingInsert[]>();
  for (const one of pending) {
    const id = givenColumns(schema, one.cells)
      .map((column) => column.position)
      .join();
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(one);
  }
  return [...groups.values()].flatMap((group) => inParts(schema, group));
}

/** The columns that an insert names. */
export function givenColumns(schema: ModelSchema, cells: Cells): ColumnSchema[] {
  return schema.columns.filter((column) => cells.get(column) !== undefined);
}

function inParts(schema: ModelSchema, group: readonly PendingInsert[]): PendingInsert[][] {
  const [first] = group;
  if (!first) return [];
  const columns = givenColumns(schema, first.cells);
  const { maxParameters } = first.target.connection.facts;
  const size = columns.length === 0 ? 1 : Math.max(1, Math.floor(maxParameters / columns.length));
  return Array.from({ length: Math.ceil(group.length / size) }, (_, index) =>
    group.slice(index * size, (index + 1) * size),
  );
}

async function insertBatch(schema: ModelSchema, batch: readonly PendingInsert[]): Promise<Row[]> {
  const [first] = batch;
  if (!first) return [];
  const columns = givenColumns(schema, first.cells);
  const values = valuesOf(columns, batch);
  const stored = await runStatement(
    first.target,
    insertRows(schema, columns, values, first.target.connection.facts.name),
  );
  return adoptPart(schema, batch, inInsertOrder(schema, columns, stored));
}

/** The cells of instances, in the order of these columns. */
export function valuesOf(columns: readonly ColumnSchema[], batch: readonly PendingInsert[]): Cell[][] {
  return batch.map(({ cells }) => columns.map((column) => cells.get(column) ?? null));
}

/** The database may answer in any order; keys that it made itself rise in the order of the values. */
function inInsertOrder(schema: ModelSchema, columns: readonly ColumnSchema[], rows: readonly Row[]): readonly Row[] {
  const { primaryKey } = schema;
  if (columns.includes(primaryKey)) return rows;
  const key = (row: Row): bigint => BigInt(String(row[primaryKey.position] ?? 0));
  return rows.toSorted((left, right) => (key(left) < key(right) ? -1 : 1));
}

function adoptPart(schema: ModelSchema, part: readonly PendingInsert[], rows: readonly Row[]): Row[] {
  const { position } = schema.primaryKey;
  const byKey = new Map(rows.map((row) => [row[position], row]));
  return part.map(({ target, cells }, index) => {
    const key = cells.get(schema.primaryKey);
    const row = key === undefined ? rows[index] : byKey.get(key);
    if (!row) {
      throw new UsageError(
        `${schema.label}: the database stored fewer rows than it was given; is there a trigger or rule?`,
      );
    }
    adoptInsert(target, cells, row);
    return row;
  });
}
