import { UsageError } from '../../errors.js';
import type { Cell } from '../../schema/cell.js';
import type { Condition, TextLookup } from '../../schema/condition.js';
import type { ColumnSchema } from '../../schema/model-schema.js';
import { keyCellOfInstance } from '../../schema/reference-key.js';
import { textFlaw } from '../../schema/types/stored-text.js';
import { cellOf } from '../../schema/values.js';
import { isTextLookup } from './lookups.js';
import type { ResolvedName } from './resolve-name.js';
import { asSubquery, isSubquerySource, type SubquerySource } from './subquery.js';

/** A resolved name whose end is a column. */
export interface ColumnTerm extends ResolvedName {
  readonly column: ColumnSchema;
}

const withoutOrder: readonly string[] = ['json', 'array'];
const texts: readonly string[] = ['string', 'text', 'enum'];
const wholeNumbers: readonly string[] = ['integer', 'bigint'];
/** SQLite takes patterns of 50,000 bytes; a character has at most three, and so has one that is escaped. */
const longestText = 16_000;

/** What `name: value` says about a column. Throws UsageError or ValidationError for values that it cannot be about. */
export function columnCondition(term: ColumnTerm, value: unknown): Condition {
  const { column, lookup, json, name, model } = term;
  if (value === undefined) {
    throw new UsageError(
      `${model.label}: the value of '${name}' is undefined; leave it out, or write null or ${withoutLookup(term)}__isnull`,
    );
  }
  if (lookup === 'isnull') return { kind: 'comparison', column, lookup, cells: [booleanOf(term, value)], json };
  if (lookup === 'exact' && value === null) {
    return { kind: 'comparison', column, lookup: 'isnull', cells: [true], json };
  }
  if (json === undefined) assertComparable(term);
  if (isTextLookup(lookup)) return { kind: 'comparison', column, lookup, cells: [searchedText(term, lookup, value)] };
  if (lookup === 'in' && isSubquerySource(value)) return subqueryCondition(term, value);
  return { kind: 'comparison', column, lookup, cells: cellsOf(term, value), json };
}

/** A name as it was written, without its lookup. */
function withoutLookup({ name, lookup }: ColumnTerm): string {
  return name.endsWith(`__${lookup}`) ? name.slice(0, -lookup.length - 2) : name;
}

function booleanOf(term: ColumnTerm, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw wrongValue(term, 'true or false', value);
}

function assertComparable({ column, lookup, model, name }: ColumnTerm): void {
  const type = column.type.name;
  if (withoutOrder.includes(type)) {
    const path = type === 'json' ? ', or by a name inside it' : '';
    throw new UsageError(
      `${model.label}: a ${type} column such as '${column.property}' can only be asked for null (${column.property}__isnull)${path}`,
    );
  }
  if (isTextLookup(lookup) && !texts.includes(type)) {
    throw new UsageError(
      `${model.label}: '${name}' searches text, but '${column.property}' is a ${type} column; compare it by exact, in, gt, gte, lt, lte or range`,
    );
  }
}

function searchedText(term: ColumnTerm, lookup: TextLookup, value: unknown): string {
  if (typeof value !== 'string' || term.json) throw wrongValue(term, 'text', value);
  const flaw = textFlaw(value);
  if (flaw !== undefined) throw new UsageError(`${term.model.label}: the text of '${term.name}' contains ${flaw}`);
  if (value.length > longestText) {
    throw new UsageError(
      `${term.model.label}: the text of '${term.name}' is longer than ${longestText} characters, the most that ${lookup} takes`,
    );
  }
  return value;
}

function cellsOf(term: ColumnTerm, value: unknown): readonly Cell[] {
  const { lookup } = term;
  if (lookup === 'in') return listOf(term, value).map((one) => cell(term, one));
  if (lookup !== 'range') {
    if (value === null) throw wrongValue(term, 'a value', value);
    return [cell(term, value)];
  }
  const ends = listOf(term, value);
  if (ends.length !== 2) throw wrongValue(term, 'a list of two values', value);
  const cells = ends.map((one) => cell(term, one));
  if (term.json && typeof cells[0] !== typeof cells[1]) throw wrongValue(term, 'two values of one type', value);
  return cells;
}

function listOf(term: ColumnTerm, value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongValue(term, 'a list', value);
  // NOTE: by index, because some() would step over the holes of a sparse list
  for (let index = 0; index < value.length; index += 1) {
    if (value[index] !== null && value[index] !== undefined) continue;
    throw new UsageError(
      `${term.model.label}: the list of '${term.name}' holds null, which equals nothing; use __isnull for it`,
    );
  }
  return value;
}

function cell(term: ColumnTerm, value: unknown): Cell {
  const { model, column } = term;
  if (term.json) return jsonCell(term, value);
  const { reference } = column;
  if (reference && typeof value === 'object') {
    return keyCellOfInstance(reference, value, `${model.label}.${reference.property}`);
  }
  return cellOf(model, column, value);
}

function jsonCell(term: ColumnTerm, value: unknown): Cell {
  const ordered = term.lookup !== 'exact' && term.lookup !== 'in';
  if (typeof value === 'boolean' && !ordered) return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  if (typeof value !== 'string') {
    throw wrongValue(term, ordered ? 'text or a number' : 'text, a number or a boolean', value);
  }
  const flaw = textFlaw(value);
  if (flaw !== undefined) throw new UsageError(`${term.model.label}: the text of '${term.name}' contains ${flaw}`);
  return value;
}

function subqueryCondition(term: ColumnTerm, source: SubquerySource): Condition {
  const { column, model, name, json } = term;
  const { query, selected } = source[asSubquery]();
  if (query.model.connection !== model.connection) {
    throw new UsageError(
      `${model.label}: the rows of '${name}' are on the connection '${query.model.connection}'; one statement reads one database`,
    );
  }
  if (json || kindOf(selected) !== kindOf(column)) {
    const type = json ? 'json' : column.type.name;
    throw new UsageError(
      `${model.label}: '${name}' compares a ${type} with the ${selected.type.name} '${selected.property}' of ${query.model.label}; name another column of it: .column('…')`,
    );
  }
  return { kind: 'inQuery', column, query, selected };
}

/** Columns of one kind can be compared with each other on every database. */
function kindOf({ type: { name, signature } }: ColumnSchema): string {
  if (texts.includes(name)) return 'text';
  return wholeNumbers.includes(name) ? 'whole' : name === 'custom' ? signature : name;
}

function wrongValue({ model, name }: ColumnTerm, expected: string, value: unknown): UsageError {
  return new UsageError(`${model.label}: '${name}' takes ${expected}; got ${describe(value)}`);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : typeof value;
}
