import { UsageError } from '../errors.js';
import type { Condition } from '../schema/condition.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { declarationOf } from '../schema/declaration.js';
import { describeValue } from '../schema/types/describe-value.js';
import { columnCondition, type ColumnTerm } from './conditions/filter-value.js';
import { Combined } from './conditions/q.js';
import { anyRelated, noneRelated, RowConditions } from './conditions/related-conditions.js';
import { resolveName, type ResolvedName } from './conditions/resolve-name.js';

/**
 * The condition that `filter({ title: 'x', tags__name: 'y' })` means: all of it at once, and all that is said through
 * one relation about one and the same row there. Throws UsageError for what it cannot be.
 */
export function parseFilter(model: ModelSchema, filter: object): Condition {
  if (filter instanceof Combined) return parseCombined(model, filter);
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) {
    throw new UsageError(
      `${model.label}: expected conditions as an object, such as { id: 1 }; got ${describe(filter)}`,
    );
  }
  const conditions = new RowConditions();
  for (const [name, value] of Object.entries(filter)) add(conditions, resolveName(model, name), value);
  return conditions.condition();
}

function parseCombined(model: ModelSchema, { kind, parts }: Combined): Condition {
  const conditions = parts.map((part) => parseFilter(model, part));
  if (kind !== 'not') return { kind, parts: conditions };
  const [part] = conditions;
  return part ? { kind, part } : { kind: 'or', parts: [] };
}

function add(conditions: RowConditions, name: ResolvedName, value: unknown): void {
  let group = conditions;
  for (const relation of name.column ? name.path : name.path.slice(0, -1)) group = group.related(relation);
  if (isColumnTerm(name)) addColumn(group, name, value);
  else addRelation(group, name, value);
}

function isColumnTerm(name: ResolvedName): name is ColumnTerm {
  return name.column !== undefined;
}

function addColumn(group: RowConditions, term: ColumnTerm, value: unknown): void {
  const condition = columnCondition(term, value);
  const asksForNull = condition.kind === 'comparison' && condition.lookup === 'isnull' && condition.cells[0] === true;
  group.add(condition, asksForNull);
}

/** `tags: tag`, `tags__in: [1, 2]`, `tags__isnull: true`: about the related rows themselves. */
function addRelation(group: RowConditions, name: ResolvedName, value: unknown): void {
  const relation = name.path.at(-1);
  if (!relation) throw new TypeError('a name without a column ends with a relation');
  const { target } = relation;
  const term: ColumnTerm = { ...name, column: target.primaryKey };
  if (name.lookup === 'isnull' || (name.lookup === 'exact' && value === null)) {
    const none = name.lookup === 'exact' || columnIsNull(term, value);
    group.add(none ? noneRelated(relation) : anyRelated(relation), none);
    return;
  }
  const keys = name.lookup === 'in' && Array.isArray(value) ? value.map((one) => keyOf(term, one)) : keyOf(term, value);
  addColumn(group.related(relation), term, keys);
}

function columnIsNull(term: ColumnTerm, value: unknown): boolean {
  const condition = columnCondition(term, value);
  return condition.kind === 'comparison' && condition.cells[0] === true;
}

/** The key of an instance; anything else is taken for a key, or for what the lookup takes. */
function keyOf({ model, name, column }: ColumnTerm, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || tableOf(value) === undefined) return value;
  if (tableOf(value) !== model.table) {
    throw new UsageError(`'${name}': expected an instance of ${model.label} or its key, got ${describeValue(value)}`);
  }
  const key: unknown = Reflect.get(value, column.property);
  if (key === undefined || key === null) {
    throw new UsageError(`'${name}': this ${model.label} has no key yet; save() it first`);
  }
  return key;
}

function tableOf(instance: object): string | undefined {
  return declarationOf(instance.constructor).table?.name;
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? `a list of ${value.length}` : typeof value;
}
