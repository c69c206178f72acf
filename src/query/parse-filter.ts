import { UsageError } from '../errors.js';
import type { Cell } from '../schema/cell.js';
import type { Condition, Lookup } from '../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { keyCellOfInstance } from '../schema/reference-key.js';
import { cellOf, columnOf } from '../schema/values.js';
import { nearest } from '../support/nearest.js';

const lookups: readonly Lookup[] = ['exact', 'in', 'gt', 'gte', 'lt', 'lte', 'range', 'isnull'];
const incomparable: readonly string[] = ['json', 'array'];

/** The condition that `filter({ title: 'x', views__gte: 10 })` means: all of them at once. Throws UsageError for what it cannot be. */
export function parseFilter(model: ModelSchema, filter: Readonly<Record<string, unknown>>): Condition {
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw new UsageError(
      `${model.label}: expected conditions as an object, such as { id: 1 }; got ${describe(filter)}`,
    );
  }
  const parts = Object.entries(filter).map(([name, value]) => parseOne(model, name, value));
  const [only] = parts;
  return only && parts.length === 1 ? only : { kind: 'and', parts };
}

function parseOne(model: ModelSchema, name: string, value: unknown): Condition {
  const [property = '', lookupName = 'exact', ...rest] = name.split('__');
  const column = columnOf(model, property);
  const lookup = lookups.find((known) => known === lookupName);
  if (!lookup || rest.length > 0) throw unknownLookup(model, name, lookupName);
  if (value === undefined) {
    throw new UsageError(
      `${model.label}: the value of '${name}' is undefined; leave it out, or write null or ${property}__isnull`,
    );
  }
  if (lookup !== 'isnull' && value !== null && incomparable.includes(column.type.name)) {
    throw new UsageError(
      `${model.label}: a ${column.type.name} column such as '${property}' can only be asked for null (${property}__isnull)`,
    );
  }
  return toCondition(model, { column, lookup, name }, value);
}

interface Term {
  readonly column: ColumnSchema;
  readonly lookup: Lookup;
  readonly name: string;
}

function toCondition(model: ModelSchema, { column, lookup, name }: Term, value: unknown): Condition {
  const cell = (one: unknown): Cell => filterCell(model, column, one);
  switch (lookup) {
    case 'isnull':
      if (typeof value !== 'boolean') throw wrongValue(model, name, 'true or false', value);
      return { kind: 'comparison', column, lookup, cells: [value] };
    case 'in':
      return { kind: 'comparison', column, lookup, cells: listOf(model, name, value).map(cell) };
    case 'range': {
      const ends = listOf(model, name, value);
      if (ends.length !== 2) throw wrongValue(model, name, 'a list of two values', value);
      return { kind: 'comparison', column, lookup, cells: ends.map(cell) };
    }
    case 'exact':
      if (value === null) return { kind: 'comparison', column, lookup: 'isnull', cells: [true] };
      return { kind: 'comparison', column, lookup, cells: [cell(value)] };
    default:
      if (value === null) throw wrongValue(model, name, 'a value', value);
      return { kind: 'comparison', column, lookup, cells: [cell(value)] };
  }
}

function listOf(model: ModelSchema, name: string, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongValue(model, name, 'a list', value);
  if (value.some((one) => one === null || one === undefined)) {
    throw new UsageError(`${model.label}: the list of '${name}' holds null, which equals nothing; use __isnull for it`);
  }
  return value;
}

function filterCell(model: ModelSchema, column: ColumnSchema, value: unknown): Cell {
  const { reference } = column;
  if (reference && typeof value === 'object') {
    return keyCellOfInstance(reference, value, `${model.label}.${reference.property}`);
  }
  return cellOf(model, column, value);
}

function unknownLookup(model: ModelSchema, name: string, lookup: string): UsageError {
  const hint = nearest(lookup, lookups);
  const help = hint ? `did you mean '${hint}'?` : `use one of ${lookups.join(', ')}`;
  return new UsageError(`${model.label}: '${name}' uses an unknown lookup '${lookup}'; ${help}`);
}

function wrongValue(model: ModelSchema, name: string, expected: string, value: unknown): UsageError {
  return new UsageError(`${model.label}: '${name}' takes ${expected}; got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : typeof value;
}
