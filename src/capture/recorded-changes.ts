import type { Change, RowChange } from '../changes/change.js';
import { touchedByRow } from '../changes/touched-by-row.js';
import { wholeTable } from '../invalidation/dependencies.js';
import type { Cell, Row } from '../schema/cell.js';
import { InvalidValue, type DialectName } from '../schema/column-type.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { TableNeeds } from './table-needs.js';

/** What one statement did to one table, as its trigger recorded it. */
export interface RecordedChange {
  /** The table with its schema. */
  readonly source: string;
  /** The recorded columns, in the order of each row's texts. */
  readonly columns: readonly string[];
  /** JSON of `[before, after, stable][]`; null where there were too many rows, or where it is not known which. */
  readonly rows: string | null;
}

type Values = readonly unknown[];

/** What a row's recorded columns held, as texts on PostgreSQL and as SQLite gives them there. */
export type RecordedRow = readonly [before: Values | null, after: Values | null, stable: boolean];

/**
 * What was recorded, as the changes that the library's own writes announce: the dependencies are named in one place.
 * `needs` are those of every table of this process by its name with its schema; more than one where models write it
 * differently.
 */
export function changesOf(record: RecordedChange, needs: ReadonlyMap<string, readonly TableNeeds[]>): Change[] {
  if (record.source === namedSource) return [namedChange(record.columns)];
  const known = needs.get(record.source);
  return known ? known.flatMap((table) => changesOfTable(record, table)) : [unknownTable(record.source)];
}

/** The source of what a writer could not drop itself: the columns are the names of dependencies. */
export const namedSource = '';
/** Stands for everything among such names. */
export const everythingName = '*';

function namedChange(names: readonly string[]): Change {
  if (names.includes(everythingName)) return { kind: 'everything' };
  return { kind: 'dependencies', dependencies: names };
}

/** A table that no model of this process has; others that share the cache may have one. */
export function unknownTable(source: string): Change {
  const names = new Set([source, source.slice(source.indexOf('.') + 1)]);
  return { kind: 'dependencies', dependencies: [...names].flatMap(wholeTable) };
}

function changesOfTable({ columns, rows }: RecordedChange, needs: TableNeeds): Change[] {
  const recorded = rows === null ? undefined : (JSON.parse(rows) as readonly RecordedRow[]); // made by the triggers
  return changesOfRows(needs, { columns, rows: recorded, dialect: 'postgres' });
}

/** Changed rows of one table, as triggers recorded them. */
export interface RecordedRows {
  readonly columns: readonly string[];
  /** Undefined where it is not known which. */
  readonly rows: readonly RecordedRow[] | undefined;
  readonly dialect: DialectName;
}

/** What was recorded of a table, as changes of its models. */
export function changesOfRows(needs: TableNeeds, { columns, rows, dialect }: RecordedRows): Change[] {
  const [model] = needs.models;
  if (!model) return [];
  const whole: Change = { kind: 'table', model };
  if (!rows || touchedByRow(model).columns.some(({ name }) => !columns.includes(name))) return [whole];
  try {
    const changes: Change[] = rows.map((row) => toRowChange(model, columns, { row, dialect }));
    // NOTE: other models, of other processes that share the cache, may have conditions that this process does not know
    if (columns.some((name) => !needs.columns.has(name))) changes.push(whole);
    return changes;
  } catch (error) {
    if (error instanceof InvalidValue) return [whole];
    throw error;
  }
}

function toRowChange(
  model: ModelSchema,
  columns: readonly string[],
  { row: [before, after, stable], dialect }: { readonly row: RecordedRow; readonly dialect: DialectName },
): RowChange {
  const toRow = (values: Values): Row =>
    model.columns.map(({ name, type }) => toCell(type, values[columns.indexOf(name)] ?? null, dialect));
  return {
    kind: 'row',
    model,
    before: before ? toRow(before) : undefined,
    after: after ? toRow(after) : undefined,
    stable,
    forAll: dialect === 'postgres', // NOTE: there one process hears for all that share a cache
  };
}

function toCell(type: ModelSchema['primaryKey']['type'], value: unknown, dialect: DialectName): Cell {
  return value === null ? null : type.fromDatabase(value, dialect);
}
