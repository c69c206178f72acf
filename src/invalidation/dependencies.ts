import type { Change, RowChange } from '../changes/change.js';
import type { Condition } from '../schema/condition.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { touchedByRow } from '../changes/touched-by-row.js';
import { hashText } from '../support/hash.js';

/*
 * The one place that knows which dependencies a read has and which a write touches. Readers and writers both come
 * here, so that they cannot disagree: whatever a query can be changed by, `dependenciesOfChange` must name one of what
 * `dependenciesOfQuery` named.
 */

const longestText = 64;
const mostAlternatives = 100;

/** A row, whether it exists or not. */
export function rowDependency(table: string, key: Cell): string {
  return rowDependencyPrefix(table) + dependencyText(key);
}

/** What every row's dependency of a table begins with; its key's text follows. */
export function rowDependencyPrefix(table: string): string {
  return `r:${table}:`;
}

/** Any row of a table. */
export function tableDependency(table: string): string {
  return `t:${table}`;
}

/** Everything of a table: every entry that reads it depends on this too, and unknown changes drop it. */
export function bulkDependency(table: string): string {
  return `b:${table}`;
}

/** The rows of a table with this value in this column. */
export function conditionDependency(table: string, column: string, cell: Cell): string {
  return cell === null ? `c:${table}:${column}~` : `c:${table}:${column}=${dependencyText(cell)}`;
}

/** Whether a dependency is one of the few whose stamp is kept for good: it belongs to a table, not to a row or a value. */
export function isLasting(dependency: string): boolean {
  return dependency.startsWith('t:') || dependency.startsWith('b:') || dependency.startsWith('l:');
}

/** A key as part of an entry's key: different cells give different texts. */
export function cellText(cell: Cell): string {
  const text = String(cell);
  return text.length > longestText || text.startsWith('~') ? `~${hashText(text)}` : text;
}

/**
 * A key or value as part of a dependency's name. Texts that a database may hold for equal (citext, NOCASE, char(n),
 * collations that ignore case or accents) share one: that costs an invalidation too many at times, never one too few.
 */
export function dependencyText(cell: Cell): string {
  return typeof cell === 'string' && !plainText.test(cell) ? cellText(folded(cell)) : cellText(cell);
}

/** Printable ASCII without capital letters and blanks, which folding leaves as it is. */
const plainText = /^[!-@[-~]*$/;

function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toUpperCase().toLowerCase().trimEnd();
}

/** What a query's result depends on: the narrowest conditions that hold for all of its rows, else the whole table. */
export function dependenciesOfQuery(model: ModelSchema, condition: Condition | undefined): readonly string[] {
  const narrow = condition && narrowest(model, condition);
  return [...(narrow ? new Set(narrow.dependencies) : [tableDependency(model.table)]), bulkDependency(model.table)];
}

/** Dependencies that cover a condition; the lower the breadth, the fewer writes touch them. */
interface Cover {
  readonly dependencies: readonly string[];
  readonly breadth: number;
}

function narrowest(model: ModelSchema, condition: Condition): Cover | undefined {
  switch (condition.kind) {
    case 'comparison':
      return coverOf(model, condition.column, valuesOf(condition));
    case 'and':
      return best(condition.parts.map((part) => narrowest(model, part)));
    case 'or':
      return union(condition.parts.map((part) => narrowest(model, part)));
    case 'related':
    case 'inQuery':
    case 'not':
      return undefined; // NOTE: a row that a negation or another table lets in can have any value
  }
}

/** The values that a row must have to match; undefined where the comparison does not say. */
function valuesOf({ lookup, cells }: Extract<Condition, { kind: 'comparison' }>): readonly Cell[] | undefined {
  if (lookup === 'exact') return cells;
  if (lookup === 'in') return cells.length <= mostAlternatives ? cells : undefined;
  if (lookup === 'isnull') return cells[0] === true ? [null] : undefined;
  return undefined;
}

function coverOf(model: ModelSchema, column: ColumnSchema, cells: readonly Cell[] | undefined): Cover | undefined {
  if (!cells) return undefined;
  if (column.primaryKey && column.type.canonicalEquality) {
    return { dependencies: cells.map((cell) => rowDependency(model.table, cell)), breadth: cells.length };
  }
  if (!column.condition) return undefined;
  const breadth = cells.length * (column.unique ? 1 : 1000);
  return { dependencies: cells.map((cell) => conditionDependency(model.table, column.name, cell)), breadth };
}

function best(covers: readonly (Cover | undefined)[]): Cover | undefined {
  return covers.reduce((left, right) => (right && (!left || right.breadth < left.breadth) ? right : left), undefined);
}

function union(covers: readonly (Cover | undefined)[]): Cover | undefined {
  const dependencies: string[] = [];
  let breadth = 0;
  for (const cover of covers) {
    if (!cover) return undefined;
    dependencies.push(...cover.dependencies);
    breadth += cover.breadth;
  }
  return dependencies.length <= mostAlternatives ? { dependencies, breadth } : undefined;
}

/** What a write touches: the row, the table, and every condition that the row met before or meets now. */
export function dependenciesOfChange(change: Change): readonly string[] {
  switch (change.kind) {
    case 'dependencies':
      return change.dependencies;
    case 'table':
      return [bulkDependency(change.model.table)];
    case 'row':
      return dependenciesOfRowChange(change);
    case 'everything':
      return []; // NOTE: not a dependency among others; see `invalidate`
  }
}

function dependenciesOfRowChange({ model, before, after }: RowChange): readonly string[] {
  const names = [tableDependency(model.table)];
  if (before) names.push(...dependenciesOfRow(model, before));
  if (after) names.push(...dependenciesOfRow(model, after));
  return [...new Set(names)];
}

function dependenciesOfRow(model: ModelSchema, row: Row): string[] {
  const { columns, complete } = touchedByRow(model);
  const names = columns.map((column) => {
    const cell = row[column.position] ?? null;
    return column.kind === 'row'
      ? rowDependency(model.table, cell)
      : conditionDependency(model.table, column.name, cell);
  });
  return complete ? names : [...names, bulkDependency(model.table)];
}
