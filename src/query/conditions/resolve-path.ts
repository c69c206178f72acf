import { UsageError } from '../../errors.js';
import type { ColumnSchema, ModelSchema } from '../../schema/model-schema.js';
import type { ColumnPath, OrderTerm } from '../../schema/query-state.js';
import type { ToOneRelation } from '../../schema/relations.js';
import { relationNamed, unknownName } from './resolve-name.js';

const withoutOrder: readonly string[] = ['json', 'array'];

/** The column that a name such as `createdBy__username` means; `what` takes it, for messages. Throws UsageError. */
export function resolvePath(model: ModelSchema, name: unknown, what: string): ColumnPath {
  if (typeof name !== 'string') {
    throw new UsageError(`${model.label}: ${what} takes names of columns, got ${typeof name}`);
  }
  const own = model.byProperty.get(name);
  if (own) return { path: [], column: own };
  const segments = name.split('__');
  const path: ToOneRelation[] = [];
  let current = model;
  for (const [index, segment] of segments.entries()) {
    const column = current.byProperty.get(segment);
    if (column) {
      if (index < segments.length - 1) throw unknownName(current, segments.slice(index).join('__'));
      return shortest(path, column);
    }
    const relation = relationNamed(current, segment);
    if (relation.kind !== 'toOne') {
      throw new UsageError(
        `${model.label}: ${what} cannot go through '${segment}', which may be many rows for each row; it goes through foreign keys alone`,
      );
    }
    if (index === segments.length - 1) return shortest(path, relation.column);
    path.push(relation);
    current = relation.target;
  }
  throw unknownName(model, name); // NOTE: never; the last segment returns or throws above
}

/** A column of the model itself. */
export function ownColumn(model: ModelSchema, name: unknown, what = 'column()'): ColumnSchema {
  const { path, column } = resolvePath(model, name, what);
  if (path.length === 0) return column;
  throw new UsageError(`${model.label}: ${what} takes a column of the model itself`);
}

/** What `orderBy('-createdAt')` means. Throws UsageError for what has no order. */
export function resolveOrder(model: ModelSchema, name: unknown, what = 'orderBy'): OrderTerm {
  const descending = typeof name === 'string' && name.startsWith('-');
  const path = resolvePath(model, descending ? name.slice(1) : name, what);
  const { type, property } = path.column;
  if (!withoutOrder.includes(type.name)) return { ...path, descending };
  throw new UsageError(`${model.label}: '${property}' is a ${type.name} column, which has no order`);
}

/** The key of the row that a foreign key points at is the foreign key's own column. */
function shortest(path: readonly ToOneRelation[], column: ColumnSchema): ColumnPath {
  const last = path.at(-1);
  return last && column === last.target.primaryKey ? shortest(path.slice(0, -1), last.column) : { path, column };
}
