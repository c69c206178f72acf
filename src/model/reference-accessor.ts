import { UsageError } from '../errors.js';
import type { Cell } from '../schema/cell.js';
import type { ModelClassLike, ReferenceLoader } from '../schema/declaration.js';
import type { ColumnSchema, ModelSchema, ReferenceSchema } from '../schema/model-schema.js';
import type { Relation } from '../schema/relations.js';
import { schemaOf } from '../schema/schema-of.js';
import { isTargetInstance, keyCellOfInstance } from '../schema/reference-key.js';
import { describeValue } from '../schema/types/describe-value.js';
import { cellOf, valueOf } from '../schema/values.js';
import { stateOf } from './state-of.js';

/** Defines `document.createdBy`: reading answers a promise of the other row, assigning takes an instance or null. */
export function defineReferenceAccessor(prototype: object, name: string, load: ReferenceLoader): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: object): Promise<object | null> {
      return readReference(this, name, load);
    },
    set(this: object, value: unknown) {
      assignReference(this, name, value);
    },
  });
}

interface Reference {
  readonly schema: ModelSchema;
  readonly column: ColumnSchema;
  readonly reference: ReferenceSchema;
}

function relationOf(instance: object, name: string): Reference {
  const schema = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  const column = schema.byRelation.get(name);
  if (!column?.reference) throw new UsageError(`${schema.label}.${name} is no relation`);
  return { schema, column, reference: column.reference };
}

/** Loads once for each key: a key that is assigned, or a save, makes the next read load again. */
function readReference(instance: object, name: string, load: ReferenceLoader): Promise<object | null> {
  const { schema, column, reference } = relationOf(instance, name);
  const key: unknown = Reflect.get(instance, column.property);
  if (key === null || key === undefined) return Promise.resolve(null);
  return loadOnce(instance, name, cellOf(schema, column, key), () => load(reference.targetModel(), key));
}

/** What a property of an instance has loaded for this key, or loads now. */
export function loadOnce(
  instance: object,
  name: string,
  key: Cell,
  load: () => Promise<object | null>,
): Promise<object | null> {
  const state = stateOf(instance);
  const known = state.loaded?.get(name);
  if (known?.key === key) return known.value;
  const value = load();
  remember(instance, name, key, value);
  value.catch(() => {
    if (state.loaded?.get(name)?.value === value) state.loaded.delete(name); // NOTE: a failure is not kept; the next read tries again
  });
  return value;
}

/** Gives an instance what a query loaded for one of its relations: a row or null, or rows as an array. */
export function attachRelation(instance: object, relation: Relation, rows: object | null): void {
  const { row } = stateOf(instance);
  const column = relation.kind === 'toOne' ? relation.column : relation.model.primaryKey;
  remember(instance, relation.name, row?.[column.position] ?? null, Promise.resolve(rows));
}

/** Keeps what a property of an instance answers for this key. */
export function remember(instance: object, name: string, key: Cell, value: Promise<object | null>): void {
  const state = stateOf(instance);
  state.loaded ??= new Map();
  state.loaded.set(name, { key, value });
}

function assignReference(instance: object, name: string, value: unknown): void {
  const { schema, column, reference } = relationOf(instance, name);
  if (value === null || value === undefined) {
    Reflect.set(instance, column.property, null);
    return;
  }
  const where = `${schema.label}.${name}`;
  const { label, primaryKey } = reference.target();
  if (!isTargetInstance(reference, value)) {
    throw new UsageError(
      `${where}: expected an instance of ${label} or null, got ${describeValue(value)}. A bare key goes into '${column.property}'.`,
    );
  }
  const cell = keyCellOfInstance(reference, value, where);
  Reflect.set(instance, column.property, valueOf(primaryKey, cell));
  remember(instance, name, cell, Promise.resolve(value));
}
