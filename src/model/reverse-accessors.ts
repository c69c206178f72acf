import { UsageError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import { QuerySet } from '../query/query-set.js';
import type { Cell } from '../schema/cell.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { cellOf } from '../schema/values.js';

const waiting = new Set<ModelClassLike>();

/**
 * Gives the models that this one points at their accessors, such as `user.documents`, as soon as they exist. A model
 * whose targets are not declared yet waits for `installReverseAccessors`, which every `connect` calls.
 */
export function installReverseAccessorsSoon(model: ModelClassLike): void {
  waiting.add(model);
  queueMicrotask(() => tryInstall(model));
}

/** Installs what still waits and can be installed by now. */
export function installReverseAccessors(): void {
  for (const model of waiting) tryInstall(model);
}

// NOTE: a model that is declared wrongly, or whose targets are still missing, says so on its own first use; others must not suffer
function tryInstall(model: ModelClassLike): void {
  try {
    install(model);
  } catch (error) {
    if (error instanceof RelatedNameTaken) {
      waiting.delete(model);
      process.emitWarning(error);
    }
  }
}

class RelatedNameTaken extends UsageError {}

function install(model: ModelClassLike): void {
  const schema = schemaOf(model);
  for (const column of schema.columns) {
    const { reference } = column;
    if (reference?.relatedName !== undefined) define(schema, { column, name: reference.relatedName });
  }
  waiting.delete(model);
}

function define(schema: ModelSchema, { column, name }: { column: ColumnSchema; name: string }): void {
  const { reference } = column;
  if (!reference) return;
  const target = reference.target();
  const prototype = reference.targetModel().prototype as object;
  if (target.byProperty.has(name) || target.byRelation.has(name)) {
    throw new RelatedNameTaken(`${schema.label}.${reference.property}: relatedName '${name}' is a column of ${target.label}; choose another`);
  }
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: object): unknown {
      const rows = rowsPointingAt(schema, column, ownKey(target, this, name));
      return reference.unique ? onlyRow(rows) : rows;
    },
  });
}

function ownKey(model: ModelSchema, instance: object, accessor: string): Cell {
  const cell = cellOf(model, model.primaryKey, Reflect.get(instance, model.primaryKey.property));
  if (cell === null) throw new UsageError(`${model.label}.${accessor}: this instance has no key yet; save() it first`);
  return cell;
}

function rowsPointingAt(schema: ModelSchema, column: ColumnSchema, key: Cell): QuerySet<object> {
  connectionNamed(schema.connection, schema.label);
  const condition = { kind: 'comparison', column, lookup: 'exact', cells: [key] } as const;
  return new QuerySet<object>({ model: schema, condition, order: [], limit: undefined, offset: undefined });
}

async function onlyRow(rows: QuerySet<object>): Promise<object | null> {
  return (await rows.first()) ?? null;
}
