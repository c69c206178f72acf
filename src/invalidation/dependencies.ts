import type { Change, KeysChange, RowChange } from '../changes/change.js';
import { touchedByRow, type TouchedByRow, type TouchedColumn } from '../changes/touched-by-row.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { hashText } from '../support/hash.js';
import { weakened } from '../support/weakened.js';

/*
 * The names of dependencies, and what a write touches. Readers (`query-dependencies.ts` and the caches of rows) take
 * names from here alone, so that they and the writers cannot disagree: whatever an answer can be changed by,
 * `dependenciesOfChange` must name one of what the answer depends on.
 */

const longestText = 64;

/**
 * Which changes of the rows that it stands for a dependency is about: `any` of them; of those that change more than
 * volatile columns (`stable`); or only that a row came to be one of them or ceased to be (`members`).
 */
export type Scope = 'any' | 'stable' | 'members';

const marks: Readonly<Record<Scope, string>> = { any: '', stable: 's', members: 'm' };

/** A row, whether it exists or not. */
export function rowDependency(table: string, key: Cell, scope: Scope = 'any'): string {
  return rowDependencyPrefix(table, scope) + dependencyText(key);
}

/** What every row's dependency of a table begins with; its key's text follows. */
export function rowDependencyPrefix(table: string, scope: Scope = 'any'): string {
  return `r${marks[scope]}:${table}:`;
}

/** The rows of a table. */
export function tableDependency(table: string, scope: Scope = 'any'): string {
  return `t${marks[scope]}:${table}`;
}

/** All rows of a table: every entry that reads rows by their keys depends on this too, and unknown changes drop it. */
export function bulkDependency(table: string): string {
  return `b:${table}`;
}

/**
 * All values of a table: every entry that reads rows by other values than their keys depends on this too. Unknown
 * changes drop it, and so do changes of known rows whose values are not known.
 */
export function valuesDependency(table: string): string {
  return `v:${table}`;
}

/** One of these is a dependency of every entry that reads the table: together they stand for all that is cached of it. */
export function wholeTable(table: string): readonly string[] {
  return [bulkDependency(table), valuesDependency(table)];
}

/** The rows of a table with this value in this column. */
export function conditionDependency(
  table: string,
  column: string,
  { cell, scope = 'any' }: { readonly cell: Cell; readonly scope?: Scope },
): string {
  const rows = `c${marks[scope]}:${table}:${column}`;
  return cell === null ? `${rows}~` : `${rows}=${dependencyText(cell)}`;
}

/** The rows with this value in a column: its key's, or those of a condition. */
export function valueDependency(
  table: string,
  column: Pick<ColumnSchema, 'name' | 'primaryKey'>,
  { cell, scope }: { readonly cell: Cell; readonly scope: Scope },
): string {
  return column.primaryKey
    ? rowDependency(table, cell, scope)
    : conditionDependency(table, column.name, { cell, scope });
}

/** Every value that carries a tag. */
export function tagDependency(tag: string): string {
  return `g:${cellText(tag)}`;
}

/** Every value that carries any tag: dropped where it is not known which. */
export function anyTagDependency(): string {
  return 'l:tags';
}

/** Every value under a label that was asked for with some arguments, told by a text of their names and values. */
export function argumentsDependency(label: string, text: string): string {
  return `w:${label}:${dependencyText(text)}`;
}

/** Whether a dependency is one of the few whose stamp is kept for good: it belongs to a table, not to a row or a value. */
export function isLasting(dependency: string): boolean {
  return /^(?:t[sm]?|b|v|l):/.test(dependency);
}

/** A key as part of an entry's key: different cells give different texts. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'number') return String(cell);
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

/** What a write touches: the row, the table, and every condition that the row met before or meets now. */
export function dependenciesOfChange(change: Change): readonly string[] {
  switch (change.kind) {
    case 'dependencies':
      return change.dependencies;
    case 'table':
      return wholeTable(change.model.table);
    case 'keys':
      return dependenciesOfKeys(change);
    case 'row':
      return dependenciesOfRowChange(change);
    case 'everything':
      return []; // NOTE: not a dependency among others; see `invalidate`
  }
}

function dependenciesOfKeys({ model, keys }: KeysChange): readonly string[] {
  const { table } = model;
  const scopes: readonly Scope[] = ['any', 'stable', 'members'];
  const names = [valuesDependency(table), ...scopes.map((scope) => tableDependency(table, scope))];
  for (const scope of scopes) names.push(...keys.map((key) => rowDependency(table, key, scope)));
  const { complete, columns } = touchedByRow(model);
  // NOTE: another model of the table may tell its rows by another column, whose values are not known
  const isOnlyKey = columns.every(({ kind, name }) => kind !== 'row' || name === model.primaryKey.name);
  return complete && isOnlyKey ? names : [...names, bulkDependency(table)];
}

function dependenciesOfRowChange(change: RowChange): readonly string[] {
  const { model, before, after } = change;
  const touched = touchedByRow(model);
  const scopes = scopesOf(change, touched);
  const names = scopes.map((scope) => tableDependency(model.table, scope));
  const old = weakened.oldValues ? undefined : before;
  for (const column of touched.columns) {
    if (old) addColumn(names, change, { row: old, column, scopes });
    // NOTE: most writes leave what others depend on as it was, and its names are there then
    if (after && !(old && isSame(column, old, after))) addColumn(names, change, { row: after, column, scopes });
  }
  if (!touched.complete) names.push(...wholeTable(model.table));
  return names;
}

/** What is touched of a table and of every condition that a row goes on to meet. */
function scopesOf(
  { model, before, after, stable, forAll = false }: RowChange,
  { volatile, hadVolatile: isOwn }: TouchedByRow,
): readonly Scope[] {
  const hadVolatile = isOwn || forAll;
  const all: readonly Scope[] = hadVolatile ? ['any', 'stable', 'members'] : ['any', 'members'];
  if (!before || !after) return all;
  if (!hadVolatile) return ['any'];
  const isStable = stable ?? model.columns.some((column) => differs(column, before, after, volatile));
  return isStable ? ['any', 'stable'] : ['any'];
}

function differs({ position, name }: ColumnSchema, before: Row, after: Row, volatile: ReadonlySet<string>): boolean {
  return before[position] !== after[position] && !volatile.has(name);
}

function isSame({ position }: { readonly position: number }, before: Row, after: Row): boolean {
  return before[position] === after[position];
}

interface TouchedValue {
  readonly row: Row;
  readonly column: TouchedColumn;
  readonly scopes: readonly Scope[];
}

function addColumn(
  names: string[],
  { model: { table }, before, after }: RowChange,
  { row, column, scopes }: TouchedValue,
): void {
  const cell = row[column.position] ?? null;
  const named = { name: column.name, primaryKey: column.kind === 'row' };
  const stayed = before && after && isSame(column, before, after);
  for (const scope of scopes) addName(names, valueDependency(table, named, { cell, scope }));
  if (!stayed) addName(names, valueDependency(table, named, { cell, scope: 'members' }));
}

/** NOTE: a list, since these few are found in it sooner than a Set is made. */
function addName(names: string[], name: string): void {
  if (!names.includes(name)) names.push(name);
}

/** The scope in which a reader that uses these columns of a table's rows depends on them, where `covered` have one known value. */
export function scopeOfUse(model: ModelSchema, used: Iterable<ColumnSchema>, covered: ColumnSchema | undefined): Scope {
  const { volatile } = touchedByRow(model);
  let scope: Scope = 'members';
  for (const column of used) {
    if (volatile.has(column.name)) return 'any';
    if (!column.primaryKey && column !== covered) scope = volatile.size > 0 ? 'stable' : 'any';
  }
  return scope;
}
