import { RecordNotFoundError, StaleRecordError, UsageError, ValidationError, type ValidationIssue } from '../errors.js';
import { announce } from '../changes/change-log.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { mostRowChanges } from '../query/row-changes.js';
import { partOfTransaction } from '../query/run-write.js';
import { needsTransaction, rowsAtOnce, updateGiven, type UpdatedRow } from '../query/update-given.js';
import type { Cell, Row } from '../schema/cell.js';
import { declarationOf } from '../schema/declaration.js';
import { primaryKeyOf, type ColumnSchema, type ModelSchema } from '../schema/model-schema.js';
import { describeValue } from '../schema/types/describe-value.js';
import { checkValue, columnOf, valueOf } from '../schema/values.js';
import { runAfterCommit } from './after-commit.js';
import { changedColumns } from './dirty.js';
import { hooksOf, runHooks } from './hooks.js';
import { stateOf } from './state-of.js';
import { takeReadForm } from './validate.js';
import { adoptRow, writeTarget, type WriteTarget } from './write-target.js';

/** One instance with the columns that it changes, and their cells. */
interface Pending {
  readonly target: WriteTarget;
  readonly read: Row;
  readonly cells: ReadonlyMap<ColumnSchema, Cell>;
}

/** Stores columns of many instances; see `Manager.bulkUpdate`. */
export async function updateMany(
  schema: ModelSchema,
  instances: readonly object[],
  names: readonly string[],
): Promise<number> {
  const columns = settable(schema, names);
  assertInstances(schema, instances);
  const [first] = instances;
  if (!first) return 0;
  const { connection } = writeTarget(first);
  const prepared = () =>
    batches(
      connection,
      schema,
      instances.map((instance) => pendingOf(schema, instance, columns)),
    );
  if ((['beforeSave', 'afterSave'] as const).some((moment) => hooksOf(first, moment).length > 0)) {
    return connection.transaction(async () => {
      for (const instance of instances) await runHooks(instance, 'beforeSave');
      return write(connection, schema, prepared());
    });
  }
  const all = prepared();
  if (all.length === 0) return 0;
  const alone = all.length === 1 && !connection.wantsTransaction && !needsTransaction(connection, { model: schema });
  const run = () => write(connection, schema, all);
  return alone ? partOfTransaction(connection, run) : connection.transaction(run);
}

async function write(
  connection: DatabaseConnection,
  schema: ModelSchema,
  all: readonly (readonly Pending[])[],
): Promise<number> {
  const changes: UpdatedRow[] = [];
  for (const batch of all) changes.push(...(await writeBatch(connection, schema, batch)));
  const written = all.flat().map(({ target }) => target.instance);
  for (const instance of written) await runHooks(instance, 'afterSave');
  const many = changes.length > mostRowChanges;
  await announce(connection, many ? [{ kind: 'table', model: schema }] : changes);
  for (const instance of written) await runAfterCommit(connection, instance, { signal: 'saved', created: false });
  return written.length;
}

/** Those that change the same columns go into one statement, so that nothing is written that was not changed. */
function batches(connection: DatabaseConnection, schema: ModelSchema, all: readonly Pending[]): Pending[][] {
  const groups = new Map<string, Pending[]>();
  for (const one of all) {
    const id = [...one.cells.keys()].map(({ position }) => position).join();
    if (id === '') continue;
    const group = groups.get(id) ?? [];
    groups.set(id, group);
    group.push(one);
  }
  return [...groups.values()].flatMap((group) => {
    const values = (group[0]?.cells.size ?? 0) + matching(schema).length;
    const size = rowsAtOnce(connection, values);
    return Array.from({ length: Math.ceil(group.length / size) }, (_, index) =>
      group.slice(index * size, (index + 1) * size),
    );
  });
}

async function writeBatch(
  connection: DatabaseConnection,
  schema: ModelSchema,
  batch: readonly Pending[],
): Promise<readonly UpdatedRow[]> {
  const match = matching(schema);
  const set = [...(batch[0]?.cells.keys() ?? [])];
  const rows = batch.map(({ read, cells }) => [
    ...match.map((column) => read[column.position] ?? null),
    ...set.map((column) => cells.get(column) ?? null),
  ]);
  const changes = await updateGiven(connection, { model: schema, match, set, rows });
  if (changes.length < batch.length) throw missing(schema);
  const byKey = new Map(changes.map((change) => [primaryKeyOf(schema, change.after), change.after]));
  for (const one of batch) adopt(schema, one, byKey.get(primaryKeyOf(schema, one.read)));
  return changes;
}

function matching({ primaryKey, version }: ModelSchema): readonly ColumnSchema[] {
  return version ? [primaryKey, version] : [primaryKey];
}

/** Takes over the row, and leaves what the user has assigned and not stored yet. */
function adopt(schema: ModelSchema, { target, cells }: Pending, row: Row | undefined): void {
  if (!row) throw missing(schema);
  const unsaved = new Set(changedColumns(target.instance, schema).filter((column) => !cells.has(column)));
  const filled = schema.columns.flatMap((column) => {
    const cell = row[column.position] ?? null;
    const known = (cells.has(column) ? cells.get(column) : target.state.row?.[column.position]) ?? null;
    return unsaved.has(column) || cell === known ? [] : [[column.property, valueOf(column, cell)] as const];
  });
  adoptRow(target, row, new Map(filled));
}

function missing(schema: ModelSchema): Error {
  const label = schema.label;
  return schema.version
    ? new StaleRecordError(
        label,
        `${label}: bulkUpdate() found a row changed or deleted since it was read; nothing was updated, reload() them and try again`,
      )
    : new RecordNotFoundError(
        label,
        `${label}: bulkUpdate() found a row gone; it was deleted since it was read, and nothing was updated`,
      );
}

function pendingOf(schema: ModelSchema, instance: object, columns: readonly ColumnSchema[]): Pending {
  const target = writeTarget(instance);
  const read = target.state.row ?? [];
  const issues: ValidationIssue[] = [];
  const cells = new Map<ColumnSchema, Cell>();
  for (const column of columns) {
    const value: unknown = Reflect.get(instance, column.property);
    const checked = value === undefined || value === null ? checkNothing(column) : checkValue(schema, column, value);
    if ('issue' in checked) issues.push({ property: column.property, message: checked.issue });
    else if (checked.cell !== (read[column.position] ?? null)) cells.set(column, checked.cell ?? null);
  }
  if (issues.length > 0) throw new ValidationError(schema.label, issues);
  takeReadForm(instance, columns, cells);
  return { target, read, cells };
}

function checkNothing(column: ColumnSchema): { readonly cell: null } | { readonly issue: string } {
  return column.nullable ? { cell: null } : { issue: 'is required' };
}

function settable(schema: ModelSchema, names: readonly string[]): ColumnSchema[] {
  const { label } = schema;
  if (!Array.isArray(names) || names.length === 0) {
    throw new UsageError(
      `${label}: bulkUpdate(instances, columns) takes a list of columns to store, such as ['title']`,
    );
  }
  const columns = names.map((name: string) => {
    const column = columnOf(schema, name);
    if (column.primaryKey) {
      throw new UsageError(`${label}: bulkUpdate() cannot change the primary key '${name}'; leave it out`);
    }
    if (column.version) {
      throw new UsageError(`${label}: bulkUpdate() cannot set '${name}', which counts up by itself; leave it out`);
    }
    return column;
  });
  return [...new Set(columns)];
}

function assertInstances(schema: ModelSchema, instances: readonly object[]): void {
  const { label } = schema;
  if (!Array.isArray(instances)) {
    throw new UsageError(`${label}: bulkUpdate() takes a list of instances, got ${describeValue(instances)}`);
  }
  const keys = new Set<Cell>();
  for (const instance of instances as readonly unknown[]) {
    if (!isInstanceOf(schema, instance)) {
      throw new UsageError(`${label}: bulkUpdate() takes instances of ${label}, got ${describeValue(instance)}`);
    }
    const { row, deleted } = stateOf(instance);
    if (!row || deleted) {
      const what = deleted ? 'was deleted' : 'was never stored';
      throw new UsageError(`${label}: bulkUpdate() takes instances that are stored; one of them ${what}`);
    }
    const key = primaryKeyOf(schema, row);
    if (keys.has(key)) throw new UsageError(`${label}: bulkUpdate() got two instances of one row; give one of them`);
    keys.add(key);
  }
}

function isInstanceOf({ table }: ModelSchema, value: unknown): value is object {
  return typeof value === 'object' && value !== null && declarationOf(value.constructor).table?.name === table;
}
