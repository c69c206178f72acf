import { UsageError } from '../errors.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { connectionNamed } from '../database/connections.js';
import { mostRowChanges } from '../query/row-changes.js';
import { insertRows } from '../query/write-sql.js';
import type { Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { runAfterCommit } from './after-commit.js';
import { runHooks } from './hooks.js';
import { adoptInsert, insertCells } from './save.js';
import type { Cells } from './validate.js';
import { runStatement, writeTarget, type WriteTarget } from './write-target.js';

interface Pending {
  readonly target: WriteTarget;
  readonly cells: Cells;
}

/** Inserts many instances of one model in one transaction, in as few statements as the database takes. */
export async function insertMany(schema: ModelSchema, instances: readonly object[]): Promise<void> {
  if (instances.length === 0) return;
  const connection = connectionNamed(schema.connection, schema.label);
  await connection.transaction(async () => {
    for (const instance of instances) await runHooks(instance, 'beforeSave');
    const pending = instances.map((instance) => ({
      target: writeTarget(instance),
      cells: insertCells(instance, schema),
    }));
    const rows = (
      await Promise.all([...byColumns(schema, pending)].map(([, group]) => insertGroup(schema, group)))
    ).flat();
    await writeObserver(connection, schema)?.after(schema, rows);
    for (const instance of instances) await runHooks(instance, 'afterSave');
    const many = rows.length > mostRowChanges;
    const changes = rows.map((after) => ({ kind: 'row', model: schema, before: undefined, after }) as const);
    await announce(connection, many ? [{ kind: 'table', model: schema }] : changes);
    for (const instance of instances) await runAfterCommit(connection, instance, { signal: 'saved', created: true });
  });
}

/** Instances that name the same columns go into one statement; the others keep the database's defaults. */
function byColumns(schema: ModelSchema, pending: readonly Pending[]): Map<string, Pending[]> {
  const groups = new Map<string, Pending[]>();
  for (const one of pending) {
    const id = givenColumns(schema, one.cells)
      .map((column) => column.position)
      .join();
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(one);
  }
  return groups;
}

function givenColumns(schema: ModelSchema, cells: Cells): ColumnSchema[] {
  return schema.columns.filter((column) => cells.get(column) !== undefined);
}

async function insertGroup(schema: ModelSchema, group: readonly Pending[]): Promise<Row[]> {
  const [first] = group;
  if (!first) return [];
  const columns = givenColumns(schema, first.cells);
  const { maxParameters, name } = first.target.connection.facts;
  const size = columns.length === 0 ? 1 : Math.max(1, Math.floor(maxParameters / columns.length));
  const rows: Row[] = [];
  for (let start = 0; start < group.length; start += size) {
    const part = group.slice(start, start + size);
    const values = part.map(({ cells }) => columns.map((column) => cells.get(column) ?? null));
    const stored = await runStatement(first.target, insertRows(schema, columns, values, name));
    rows.push(...adoptPart(schema, part, inInsertOrder(schema, columns, stored)));
  }
  return rows;
}

/** The database may answer in any order; keys that it made itself rise in the order of the values. */
function inInsertOrder(schema: ModelSchema, columns: readonly ColumnSchema[], rows: readonly Row[]): readonly Row[] {
  const { primaryKey } = schema;
  if (columns.includes(primaryKey)) return rows;
  const key = (row: Row): bigint => BigInt(String(row[primaryKey.position] ?? 0));
  return rows.toSorted((left, right) => (key(left) < key(right) ? -1 : 1));
}

function adoptPart(schema: ModelSchema, part: readonly Pending[], rows: readonly Row[]): Row[] {
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
