import { UsageError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import { QuerySet } from '../query/query-set.js';
import type { Cell } from '../schema/cell.js';
import { declarationChain, declarationOf, type ModelClassLike } from '../schema/declaration.js';
import type { ColumnSchema, ModelSchema, ReferenceSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { cellOf } from '../schema/values.js';

const waiting = new Set<ModelClassLike>();
const claims = new WeakMap<object, Map<string, { readonly where: string; readonly table: string }>>();

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
    if (reference?.relatedName !== undefined && !isInherited(model, column.property)) {
      define(schema, { column, name: reference.relatedName });
    }
  }
  waiting.delete(model);
}

function define(schema: ModelSchema, { column, name }: { column: ColumnSchema; name: string }): void {
  const { reference } = column;
  if (!reference) return;
  const target = reference.target();
  const prototype = reference.targetModel().prototype as object;
  if (target.byProperty.has(name) || target.byRelation.has(name)) {
    throw new RelatedNameTaken(
      `${schema.label}.${reference.property}: relatedName '${name}' is a column of ${target.label}; choose another`,
    );
  }
  claim(prototype, name, `${schema.label}.${reference.property}`, schema.table);
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: object): unknown {
      if (declarationOf(this.constructor).table?.name !== target.table) {
        throw inheritedAccessor(this, name, schema, reference);
      }
      const rows = rowsPointingAt(schema, column, ownKey(target, this, name));
      return reference.unique ? onlyRow(rows) : rows;
    },
  });
}

/** Keeps an accessor for the first table that asks for it; a class that is declared again may ask again. */
function claim(prototype: object, name: string, where: string, table: string): void {
  const names = claims.get(prototype) ?? new Map<string, { readonly where: string; readonly table: string }>();
  claims.set(prototype, names);
  const other = names.get(name);
  if (other && other.table !== table) {
    throw new RelatedNameTaken(
      `${where}: relatedName '${name}' is taken by ${other.where}; give each relation its own`,
    );
  }
  names.set(name, { where, table });
}

function inheritedAccessor(
  instance: object,
  name: string,
  { label }: ModelSchema,
  { property, target }: ReferenceSchema,
): UsageError {
  const { label: own } = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  return new UsageError(
    `${own} has no accessor '${name}': ${label}.${property} points at ${target().label}, which has another table`,
  );
}

/** True where a class that this one extends has the same relation in a table of its own, and so the accessor. */
function isInherited(model: ModelClassLike, property: string): boolean {
  for (
    let parent: unknown = Object.getPrototypeOf(model);
    typeof parent === 'function';
    parent = Object.getPrototypeOf(parent)
  ) {
    const ofParent = declarationChain(parent).some(({ columns }) => columns.has(property));
    if (declarationOf(parent).table && ofParent && !declarationOf(model).columns.has(property)) return true;
  }
  return false;
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
