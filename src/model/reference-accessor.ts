import { UsageError } from '../errors.js';
import type { Cell } from '../schema/cell.js';
import type { ModelClassLike, ReferenceLoader } from '../schema/declaration.js';
import type { ColumnSchema, ModelSchema, ReferenceSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { cellOf } from '../schema/values.js';
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

interface Relation {
  readonly schema: ModelSchema;
  readonly column: ColumnSchema;
  readonly reference: ReferenceSchema;
}

function relationOf(instance: object, name: string): Relation {
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
  const cell = cellOf(schema, column, key);
  const state = stateOf(instance);
  const known = state.loaded?.get(name);
  if (known?.key === cell) return known.value;
  const value = load(reference.targetModel(), key);
  remember(instance, name, cell, value);
  value.catch(() => state.loaded?.delete(name)); // NOTE: a failure is not kept; the next read tries again
  return value;
}

function remember(instance: object, name: string, key: Cell, value: Promise<object | null>): void {
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
  const target = reference.target();
  const model = reference.targetModel();
  if (!(value instanceof model)) {
    const came = value instanceof Promise ? 'a promise; await it first' : typeof value;
    throw new UsageError(`${schema.label}.${name}: expected an instance of ${target.label} or null, got ${came}. A bare key goes into '${column.property}'.`);
  }
  const key: unknown = Reflect.get(value, target.primaryKey.property);
  if (key === null || key === undefined) {
    throw new UsageError(`${schema.label}.${name}: this ${target.label} has no key yet; save() it first`);
  }
  Reflect.set(instance, column.property, key);
  remember(instance, name, cellOf(schema, column, key), Promise.resolve(value));
}
