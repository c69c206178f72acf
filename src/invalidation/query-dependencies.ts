import type { Cell } from '../schema/cell.js';
import type { Comparison, Condition, RelatedCondition } from '../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import type { ManyToManyRelation, Relation, ToOneRelation } from '../schema/relations.js';
import {
  bulkDependency,
  scopeOfUse,
  tableDependency,
  valueDependency,
  valuesDependency,
  type Scope,
} from './dependencies.js';
import { isDetermined } from './determined.js';
import { orderOf, pathRows, type PathRows, type QueryRead } from './path-rows.js';

export const mostAlternatives = 100;

/** A column whose values in the rows that a read can give are found by another read, which is narrower. */
export interface Pin {
  readonly column: ColumnSchema;
  readonly query: QueryState;
  /** The column of `query` that gives the values. */
  readonly selected: ColumnSchema;
}

/** What was found of a read before it is made. */
export interface Known {
  /** All values that one of its columns has in the rows that it can give. */
  readonly own?: KnownValues | undefined;
  /** The keys of rows that its foreign keys lead to; undefined where it is all of their table. */
  readonly keysOf?: (rows: PathRows) => readonly Cell[] | undefined;
}

/**
 * What a read's answer depends on. For each table that it looks at: the narrowest values that all of the rows must have
 * which can play a part, else the whole table; in the scope of what it uses of them.
 */
export function dependenciesOfQuery(read: QueryRead, known: Known = {}): readonly string[] {
  const names = new Set<string>();
  addRows(names, ownRows(read, known.own));
  for (const rows of pathRows(read)) {
    const cells = known.keysOf?.(rows) ?? keysByCondition(read, rows, known.own);
    for (const name of dependenciesOfPath(rows, cells)) names.add(name);
  }
  return [...names];
}

/** What a read depends on of the rows that a path leads to: those with these keys, else all of their table. */
export function dependenciesOfPath({ target, used }: PathRows, cells: readonly Cell[] | undefined): readonly string[] {
  const names = new Set<string>();
  addRows(names, { model: target, condition: undefined, used, pins: pinsOf(target.primaryKey, cells) });
  return [...names];
}

/** The keys of the rows that a path leads to, where the condition tells the foreign key that it begins with. */
export function keysByCondition(
  read: QueryRead,
  { from, column }: PathRows,
  own?: KnownValues,
): readonly Cell[] | undefined {
  if (from !== '') return undefined;
  return pinned(coverAndScope(ownRows(read, own)).cover, column)?.filter((cell) => cell !== null);
}

/** All values that a column has in the rows that a read can give. */
export interface KnownValues {
  readonly column: ColumnSchema;
  readonly cells: readonly Cell[];
}

/** Whether so many values are depended on one by one. */
export function areFew(cells: readonly Cell[]): boolean {
  return cells.length <= mostAlternatives;
}

/**
 * How to find which rows of its own table a read depends on, where its condition tells that only by a relation, such as
 * the tags of one document. Undefined where its own columns tell, or where the other table could not tell either.
 */
export function pinOf(read: QueryRead): Pin | undefined {
  const { model, condition } = read.state;
  if (!condition || coverAndScope(ownRows(read)).cover) return undefined;
  const parts = condition.kind === 'and' ? condition.parts : [condition];
  for (const part of parts) {
    const pin = part.kind === 'related' ? pinBy(part) : part.kind === 'inQuery' ? pinIn(part) : undefined;
    // NOTE: the read itself asks the other query once more, which then must have the same rows
    if (pin && isDetermined(pin.query) && isNarrow(pin) && isDependedOn(model, pin.column)) return pin;
  }
  return undefined;
}

function pinBy({ relation, condition }: RelatedCondition): Pin | undefined {
  if (!condition) return undefined;
  const { model, target } = relation;
  switch (relation.kind) {
    case 'toOne':
      return { column: relation.column, query: allWhere(target, condition), selected: target.primaryKey };
    case 'toMany':
      return { column: model.primaryKey, query: allWhere(target, condition), selected: relation.column };
    case 'manyToMany': {
      const { through, near, far } = relation;
      const isKey = condition.kind === 'comparison' && condition.column === target.primaryKey;
      const linked = isKey ? { ...condition, column: far } : linkedTo(relation, condition);
      return { column: model.primaryKey, query: allWhere(through, linked), selected: near };
    }
  }
}

function linkedTo({ through, far, target }: ManyToManyRelation, condition: Condition): Condition {
  const relation: ToOneRelation = { kind: 'toOne', name: far.property, model: through, target, column: far };
  return { kind: 'related', relation, condition };
}

function pinIn({ column, query, selected }: Extract<Condition, { kind: 'inQuery' }>): Pin {
  return { column, query, selected };
}

function allWhere(model: ModelSchema, condition: Condition): QueryState {
  return { model, condition, order: [], limit: undefined, offset: undefined };
}

/** Whether finding the values depends on less than a whole table. */
function isNarrow({ query, selected }: Pin): boolean {
  const read = { state: query, shown: [{ path: [], column: selected }] };
  return coverAndScope(ownRows(read)).cover !== undefined || pinOf(read) !== undefined;
}

export function isDependedOn({ primaryKey }: ModelSchema, column: ColumnSchema): boolean {
  return column === primaryKey ? column.type.canonicalEquality : column.condition;
}

/** The scope in which a read depends on the rows of its own table. */
export function scopeOfRead(read: QueryRead): Scope {
  return coverAndScope(ownRows(read)).scope;
}

function ownRows(read: QueryRead, known?: KnownValues): RowsRead {
  const { state, shown } = read;
  const used = new Set([...shown, ...orderOf(read)].map(({ path, column }) => path[0]?.column ?? column));
  if (state.slice) used.add(state.slice.by);
  const pins = known ? pinsOf(known.column, known.cells) : [];
  return { model: state.model, condition: state.condition, used, pins };
}

/** Rows of one table that a read looks at. */
interface RowsRead {
  readonly model: ModelSchema;
  readonly condition: Condition | undefined;
  /** The columns that it uses of them, besides those in the condition. */
  readonly used: ReadonlySet<ColumnSchema>;
  /** What is known of the rows besides the condition. */
  readonly pins: readonly Comparison[];
}

function coverAndScope({ model, condition, used, pins }: RowsRead): { cover: Cover | undefined; scope: Scope } {
  const parts = condition ? [...pins, condition] : pins;
  const cover = best(parts.map((part) => narrowest(part)));
  const all = new Set([...used, ...parts.flatMap((part) => [...columnsOf(part)])]);
  return { cover, scope: scopeOfUse(model, all, cover && onlyColumn(cover)) };
}

function addRows(names: Set<string>, rows: RowsRead): void {
  const { model, condition } = rows;
  const { cover, scope } = coverAndScope(rows);
  if (!cover) names.add(tableDependency(model.table, scope));
  for (const { column, cell } of cover?.values ?? []) names.add(valueDependency(model.table, column, { cell, scope }));
  const byKey = cover?.values.every(({ column }) => column.primaryKey) ?? false;
  names.add(byKey ? bulkDependency(model.table) : valuesDependency(model.table));
  if (condition) addOthers(names, condition, cover);
}

/** The other tables that a condition asks. */
function addOthers(names: Set<string>, condition: Condition, cover: Cover | undefined): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const part of condition.parts) addOthers(names, part, cover);
      return;
    case 'not':
      return addOthers(names, condition.part, cover);
    case 'related':
      return addRelated(names, condition, cover);
    case 'inQuery': {
      const shown = [{ path: [], column: condition.selected }];
      for (const name of dependenciesOfQuery({ state: condition.query, shown })) names.add(name);
      return;
    }
    case 'comparison':
  }
}

function addRelated(names: Set<string>, { relation, condition }: RelatedCondition, cover: Cover | undefined): void {
  const own = pinned(cover, relation.kind === 'toOne' ? relation.column : relation.model.primaryKey);
  switch (relation.kind) {
    case 'toOne': {
      const { primaryKey } = relation.target;
      return addRows(names, {
        model: relation.target,
        condition,
        used: new Set([primaryKey]),
        pins: pinsOf(primaryKey, own),
      });
    }
    case 'toMany': {
      const { target, column } = relation;
      return addRows(names, { model: target, condition, used: new Set([column]), pins: pinsOf(column, own) });
    }
    case 'manyToMany':
      addLinks(names, relation, { own, condition });
      return addRows(names, {
        model: relation.target,
        condition,
        used: new Set([relation.target.primaryKey]),
        pins: [],
      });
  }
}

/** The rows between two tables: those of the keys that are known on either side. */
function addLinks(
  names: Set<string>,
  { through, near, far, target }: ManyToManyRelation,
  { own, condition }: { readonly own: readonly Cell[] | undefined; readonly condition: Condition | undefined },
): void {
  const other = condition && pinned(narrowest(condition), target.primaryKey);
  addRows(names, {
    model: through,
    condition: undefined,
    used: new Set([near, far]),
    pins: [...pinsOf(far, other), ...pinsOf(near, own)], // NOTE: of two that are as narrow the first, by which keys may have been found
  });
}

/** The columns of the table itself that a condition uses. */
function columnsOf(condition: Condition): ReadonlySet<ColumnSchema> {
  switch (condition.kind) {
    case 'comparison':
    case 'inQuery':
      return new Set([condition.column]);
    case 'related':
      return new Set([linkOf(condition.relation)]);
    case 'not':
      return columnsOf(condition.part);
    case 'and':
    case 'or':
      return new Set(condition.parts.flatMap((part) => [...columnsOf(part)]));
  }
}

function linkOf(relation: Relation): ColumnSchema {
  return relation.kind === 'toOne' ? relation.column : relation.model.primaryKey;
}

interface KnownValue {
  readonly column: ColumnSchema;
  readonly cell: Cell;
}

/** Values of which every row has one that a condition lets in; the lower the breadth, the fewer writes touch them. */
interface Cover {
  readonly values: readonly KnownValue[];
  readonly breadth: number;
}

function narrowest(condition: Condition): Cover | undefined {
  switch (condition.kind) {
    case 'comparison':
      return coverOf(condition);
    case 'and':
      return best(condition.parts.map((part) => narrowest(part)));
    case 'or':
      return union(condition.parts.map((part) => narrowest(part)));
    case 'related':
    case 'inQuery':
    case 'not':
      return undefined; // NOTE: a row that a negation or another table lets in can have any value
  }
}

function coverOf(comparison: Comparison): Cover | undefined {
  const { column } = comparison;
  const cells = comparison.json ? undefined : valuesOf(comparison);
  const isRow = column.primaryKey && column.type.canonicalEquality;
  if (!cells || (!isRow && !column.condition)) return undefined;
  const breadth = cells.length * (isRow || column.unique ? 1 : 1000);
  return { values: cells.map((cell) => ({ column, cell })), breadth };
}

/** The values that a row must have to match; undefined where the comparison does not say. */
function valuesOf({ lookup, cells }: Comparison): readonly Cell[] | undefined {
  if (lookup === 'exact') return cells;
  if (lookup === 'in') return cells.length <= mostAlternatives ? cells : undefined;
  if (lookup === 'isnull') return cells[0] === true ? [null] : undefined;
  return undefined;
}

function best(covers: readonly (Cover | undefined)[]): Cover | undefined {
  return covers.reduce((left, right) => (right && (!left || right.breadth < left.breadth) ? right : left), undefined);
}

function union(covers: readonly (Cover | undefined)[]): Cover | undefined {
  const values: KnownValue[] = [];
  let breadth = 0;
  for (const cover of covers) {
    if (!cover) return undefined;
    values.push(...cover.values);
    breadth += cover.breadth;
  }
  return values.length <= mostAlternatives ? { values, breadth } : undefined;
}

/** The column that all values of a cover are of, if it is one. */
function onlyColumn({ values }: Cover): ColumnSchema | undefined {
  const [first] = values;
  return values.every(({ column }) => column === first?.column) ? first?.column : undefined;
}

/** The values that a column is known to have in all rows of a cover. */
function pinned(cover: Cover | undefined, column: ColumnSchema): readonly Cell[] | undefined {
  if (!cover || onlyColumn(cover) !== column) return undefined;
  return cover.values.map(({ cell }) => cell);
}

function pinsOf(column: ColumnSchema, cells: readonly Cell[] | undefined): readonly Comparison[] {
  return cells ? [{ kind: 'comparison', column, lookup: 'in', cells }] : [];
}
