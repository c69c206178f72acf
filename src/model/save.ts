import { RecordNotFoundError, StaleRecordError, UsageError } from '../errors.js';
import type { RowChange } from '../changes/change.js';
import { announce, foretell } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { touchedByRow, type TouchedByRow } from '../changes/touched-by-row.js';
import { selectRows } from '../query/select-sql.js';
import { updateRowAsRead, type CellAssignment } from '../query/update-row-sql.js';
import { tableSql, toCell } from '../query/table-sql.js';
import { insertRows, updateByKeys } from '../query/write-sql.js';
import type { Row } from '../schema/cell.js';
import { primaryKeyOf, type ColumnSchema, type ModelSchema } from '../schema/model-schema.js';
import { valueOf } from '../schema/values.js';
import { runAfterCommit } from './after-commit.js';
import { changedColumns } from './dirty.js';
import { hooksOf, runHooks } from './hooks.js';
import { takeReadForm, validCells, type Cells } from './validate.js';
import { adoptRow, runStatement, runStatementFor, runWrite, writeTarget, type WriteTarget } from './write-target.js';

/** Inserts or updates an instance; see `Model.save`. What is wrong with the instance may be thrown at once. */
export function saveRecord(instance: object): Promise<void> {
  const target = writeTarget(instance);
  const { state, schema, connection } = target;
  if (state.deleted) {
    throw new UsageError(`${schema.label}: this row was deleted; make a new instance to store it again`);
  }
  state.loaded = undefined;
  const hooked = hooksOf(instance, 'beforeSave').length > 0;
  const changed = state.row && !hooked ? changedColumns(instance, schema) : undefined;
  if (changed?.length === 0) return Promise.resolve();
  const inTransaction = connection.currentTransaction() !== undefined;
  return runWrite(target, saveMoments, () => store(target, { changed, inTransaction }));
}

const saveMoments = ['beforeSave', 'afterSave'] as const;

interface Save {
  /** What was seen to differ when it was called; undefined where hooks may change more, or nothing is stored yet. */
  readonly changed: readonly ColumnSchema[] | undefined;
  /** Whether it was called in a transaction. */
  readonly inTransaction: boolean;
}

interface Written {
  readonly change: RowChange;
  /** Where it is being announced already. */
  readonly told?: Promise<void> | undefined;
}

async function store(target: WriteTarget, save: Save): Promise<void> {
  const { instance, state, connection } = target;
  if (!save.changed) await runHooks(instance, 'beforeSave');
  while (state.inserting) await state.inserting; // two inserts of one instance would be two rows
  const created = state.row === undefined;
  const written = created ? { change: await insertOnce(target) } : await updateInTurn(target, save);
  if (!written) return;
  if (hooksOf(instance, 'afterSave').length > 0) await runHooks(instance, 'afterSave');
  await (written.told ?? announce(connection, [written.change]));
  const told = runAfterCommit(connection, instance, { signal: 'saved', created });
  if (told) await told;
}

/** NOTE: others wait for a promise of its own; where two wait for one, V8 does not tell whose code an error came from. */
async function insertOnce(target: WriteTarget): Promise<RowChange> {
  const { state } = target;
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  state.inserting = ended;
  try {
    return await insert(target);
  } finally {
    if (state.inserting === ended) state.inserting = undefined;
    end();
  }
}

async function insert(target: WriteTarget): Promise<RowChange> {
  const { schema, instance, connection } = target;
  const cells = insertCells(instance, schema);
  const given = schema.columns.filter((column) => cells.get(column) !== undefined);
  const values = given.map((column) => cells.get(column) ?? null);
  const [row] = await runStatement(target, insertRows(schema, given, [values], connection.facts.name));
  if (!row) {
    throw new UsageError(
      `${schema.label}: the database stored no row; is there a trigger or rule that turns inserts away?`,
    );
  }
  await writeObserver(connection, schema)?.after(schema, [row]);
  return adoptInsert(target, cells, row);
}

/** What an insert writes: what the instance says, and 1 for the version. */
export function insertCells(instance: object, schema: ModelSchema): Cells {
  const cells = new Map(validCells(instance, schema));
  if (schema.version && cells.get(schema.version) === undefined) cells.set(schema.version, 1);
  takeReadForm(instance, schema.columns, cells);
  return cells;
}

/** Takes over an inserted row, with what the database filled in. */
export function adoptInsert(target: WriteTarget, cells: Cells, row: Row): RowChange {
  adoptRow(target, row, valuesFilledIn(target.schema, cells, row));
  return { kind: 'row', model: target.schema, before: undefined, after: row };
}

/** The values in which the stored row differs from what the instance said. */
function valuesFilledIn(schema: ModelSchema, cells: Cells, row: Row): Map<string, unknown> {
  const differing = schema.columns.filter((column) => cells.get(column) !== (row[column.position] ?? null));
  return new Map(differing.map((column) => [column.property, valueOf(column, row[column.position] ?? null)]));
}

/**
 * Outside of transactions one update of an instance follows the other: on two connections the database would take them
 * in any order, and the instance would remember the row of the one that was answered last.
 *
 * NOTE: in a transaction they follow each other anyway, and to wait there for one outside, which may wait for a lock of
 * this transaction, would never end.
 */
function updateInTurn(target: WriteTarget, { changed, inTransaction }: Save): Promise<Written | undefined> {
  const { state, instance, schema } = target;
  if (state.updating && !inTransaction) return updateNext(target);
  const columns = changed ?? changedColumns(instance, schema);
  return inTransaction ? update(target, columns) : noted(target, columns);
}

async function updateNext(target: WriteTarget): Promise<Written | undefined> {
  const { state, instance, schema } = target;
  while (state.updating) await state.updating.catch(() => undefined);
  return noted(target, changedColumns(instance, schema));
}

/**
 * Lets others wait for an update, which says by itself that it has ended.
 * NOTE: a promise less on the way of every save than where it was said after it.
 */
function noted(target: WriteTarget, changed: readonly ColumnSchema[]): Promise<Written | undefined> {
  const { state } = target;
  let hasEnded = false; // it may fail at once
  const updating = update(target, changed, () => {
    hasEnded = true;
    state.updating = undefined; // there is one at a time
  });
  if (!hasEnded) state.updating = updating;
  return updating;
}

async function update(
  target: WriteTarget,
  changed: readonly ColumnSchema[],
  ended?: () => void,
): Promise<Written | undefined> {
  try {
    if (changed.length === 0) return undefined;
    const wanted = wantedUpdate(target, changed);
    const updated = (await updateAsRead(target, wanted)) ?? (await updateLocked(target, wanted));
    try {
      return { change: adoptUpdate(target, wanted.said, updated), told: updated.told };
    } catch (error) {
      updated.told?.catch(ignored);
      throw error;
    }
  } finally {
    ended?.();
  }
}

/** What an update is to do. */
interface WantedUpdate {
  /** The row as the instance read it. */
  readonly before: Row;
  /** The row as it is to be. */
  readonly said: Row;
  readonly assignments: readonly CellAssignment[];
}

function wantedUpdate({ schema, instance, state }: WriteTarget, changed: readonly ColumnSchema[]): WantedUpdate {
  const before = state.row ?? [];
  const cells = validCells(instance, schema, changed);
  if (changed.includes(schema.primaryKey)) {
    throw new UsageError(`${schema.label}: the primary key cannot be changed; delete the row and create another`);
  }
  takeReadForm(instance, changed, cells);
  const said = [...before];
  for (const [column, cell] of cells) said[column.position] = cell ?? null;
  return { before, said, assignments: assignmentsOf(schema, { changed, said, before }) };
}

function adoptUpdate(target: WriteTarget, said: Row, { before, after: stored }: Updated): RowChange {
  const { schema } = target;
  const filled = differences(schema, said, stored);
  // NOTE: the same texts as before, if they are; a garbage collection would copy those of each row that is kept
  const after = filled.size === 0 ? said : stored;
  adoptRow(target, after, filled);
  return { kind: 'row', model: schema, before, after };
}

const nothing: ReadonlyMap<string, unknown> = new Map();

/** The values of a stored row where it is not what an instance said. */
function differences({ columns }: ModelSchema, said: Row, row: Row): ReadonlyMap<string, unknown> {
  let values: Map<string, unknown> | undefined;
  for (const column of columns) {
    const cell = row[column.position] ?? null;
    if (cell === said[column.position]) continue;
    values ??= new Map();
    values.set(column.property, valueOf(column, cell));
  }
  return values ?? nothing;
}

/** A row as it was and as it is stored now. */
interface Updated {
  readonly before: Row;
  readonly after: Row;
  /** Where the change is being announced already. */
  readonly told?: Promise<void> | undefined;
}

function assignmentsOf(
  { version }: ModelSchema,
  { changed, said, before }: { changed: readonly ColumnSchema[]; said: Row; before: Row },
): CellAssignment[] {
  const assigned = version ? changed.filter((column) => column !== version) : changed;
  const assignments = assigned.map((column): CellAssignment => ({ column, cell: said[column.position] ?? null }));
  if (version) assignments.push({ column: version, cell: Number(before[version.position] ?? 0) + 1 });
  return assignments;
}

/**
 * One statement, if the row's conditions still are what this instance read; undefined if not, or if somebody watches.
 *
 * NOTE: what others depend on is told first, and the rest of the row is read while the cache is at work; what is to be told
 * was put together while the database was.
 */
function updateAsRead(target: WriteTarget, wanted: WantedUpdate): Promise<Updated | undefined> | undefined {
  const { schema, connection } = target;
  if (writeObserver(connection, schema)) return undefined;
  const { before, said } = wanted;
  const dialect = connection.facts.name;
  const { toRow } = tableSql(schema, dialect);
  const updating = runStatementFor(target, updateRowAsRead(schema, wanted, dialect), ([raw]): Updated | undefined => {
    if (!raw) return undefined;
    const told = expected && touchesTheSame(expected.touched, target, { raw, said }) ? expected.tell() : undefined;
    try {
      return { before, after: toRow(raw), told };
    } catch (error) {
      told?.catch(ignored);
      throw error;
    }
  });
  const expected = foretold(target, wanted);
  return updating;
}

/** What is to be told of an update that does what was said. */
interface Foretold {
  /** What the names of what it touches were made of. */
  readonly touched: TouchedByRow;
  readonly tell: () => Promise<void>;
}

/** Undefined also where any of the row's columns may matter to others. */
function foretold({ schema, connection }: WriteTarget, { before, said }: WantedUpdate): Foretold | undefined {
  const touched = touchedByRow(schema);
  if (touched.hadVolatile) return undefined;
  const tell = foretell(connection, { kind: 'row', model: schema, before, after: said });
  return tell && { touched, tell };
}

/** Whether a row that was stored has, in all that others may depend on, what an instance said: a trigger may have changed it. */
function touchesTheSame(
  touched: TouchedByRow,
  { schema, connection }: WriteTarget,
  { raw, said }: { readonly raw: readonly unknown[]; readonly said: Row },
): boolean {
  if (touchedByRow(schema) !== touched) return false; // another model of the table was declared meanwhile
  const dialect = connection.facts.name;
  return touched.columns.every(({ position }) => {
    const column = schema.columns[position];
    return column !== undefined && toCell(column, raw[position], dialect) === said[position];
  });
}

const ignored = (): void => undefined;

/** Reads the row under its lock, and updates it: the old values are the database's, whatever the instance remembers. */
function updateLocked(target: WriteTarget, { before: read, assignments }: WantedUpdate): Promise<Updated> {
  const { schema, connection } = target;
  const key = primaryKeyOf(schema, read);
  return connection.transaction(async () => {
    const before = await lockRow(target, read);
    const observer = writeObserver(connection, schema);
    await observer?.before(schema, [before]);
    const [after] = await runStatement(target, updateByKeys(schema, [key], assignments, connection.facts.name));
    if (!after) throw gone(schema);
    await observer?.after(schema, [after]);
    return { before, after };
  });
}

async function lockRow(target: WriteTarget, read: Row): Promise<Row> {
  const { schema, connection } = target;
  const { primaryKey, version } = schema;
  const condition = {
    kind: 'comparison',
    column: primaryKey,
    lookup: 'exact',
    cells: [primaryKeyOf(schema, read)],
  } as const;
  const state = { model: schema, condition, order: [], limit: undefined, offset: undefined };
  const [row] = await runStatement(target, selectRows(state, connection.facts.name, true));
  if (!row) throw gone(schema);
  if (version && row[version.position] !== read[version.position]) {
    throw new StaleRecordError(
      schema.label,
      `${schema.label}: the row was changed since it was read; reload() it and try again`,
    );
  }
  return row;
}

function gone(schema: ModelSchema): Error {
  const message = `${schema.label}: the row is gone, so it cannot be updated; it was deleted since it was read`;
  return schema.version ? new StaleRecordError(schema.label, message) : new RecordNotFoundError(schema.label, message);
}
