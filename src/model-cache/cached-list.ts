import { UsageError } from '../errors.js';
import { assertFree, assertOptions, decoratedProperty } from '../model/decorators/decorated-property.js';
import { loadOnce, remember } from '../model/reference-accessor.js';
import { declarationOf, type ModelClassLike, type ModelReference } from '../schema/declaration.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { keyCellOfInstance } from '../schema/reference-key.js';
import { resolveModel } from '../schema/registry.js';
import { resolveColumnType, type ColumnTypeDeclaration } from '../schema/resolve-column-type.js';
import { schemaOf } from '../schema/schema-of.js';
import { describeValue } from '../schema/types/describe-value.js';
import { cellOf, keyCellOf, valueOf } from '../schema/values.js';
import { nearest } from '../support/nearest.js';
import { modelCacheOf } from './model-cache.js';

/** What `@CachedList` may say. */
export interface CachedListOptions extends Pick<ColumnTypeDeclaration, 'of'> {
  /** The property that holds the keys; default: such as `memberIds` for `members`. */
  readonly ids?: string;
  /** Their column's type: `'json'`, the default, or `'array'`, which needs `of`. */
  readonly type?: 'json' | 'array';
  /** The column's name in the database; default: that of `ids` by the connection's convention. */
  readonly name?: string;
  /** Takes null, which reads as no rows; default: no. New instances begin with an empty list. */
  readonly nullable?: boolean;
}

const optionNames: readonly string[] = ['ids', 'type', 'of', 'name', 'nullable'];

/**
 * A column that lists keys of another model, and a property that answers with their rows: in order, through the cache,
 * all by one command and one SELECT at most. Keys without a row are left out. Instances may be assigned.
 */
export function CachedList(
  target: ModelReference,
  options: CachedListOptions = {},
): (prototype: object, key: string | symbol) => void {
  assertOptions('CachedList', options);
  return (prototype, key) => {
    const { model, name, where } = decoratedProperty('CachedList', prototype, key);
    checkOptions(where, target, options);
    const { ids = idsOf(name), type = 'json', of, nullable = false } = options;
    assertFree(model, ids, `${model.name}.${ids}`);
    declarationOf(model).columns.set(ids, {
      property: ids,
      column: options.name,
      type: resolveColumnType({ type, ...(of === undefined ? {} : { of }) }, undefined, `${model.name}.${ids}`),
      nullable,
      unique: false,
      index: false,
      primaryKey: false,
      generated: false,
      default: nullable ? undefined : [],
      version: false,
      volatile: false,
      validate: undefined,
      reference: undefined,
      list: name,
    });
    defineListAccessor(prototype, name, target);
  };
}

/** `members` becomes `memberIds`, `categories` `categoryIds`. */
function idsOf(name: string): string {
  return `${name.replace(/ies$/, 'y').replace(/s$/, '')}Ids`;
}

function checkOptions(where: string, target: ModelReference, options: CachedListOptions): void {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    const help = hint ? `did you mean '${hint}'?` : `use ${optionNames.join(', ')}`;
    throw new UsageError(`${where}: unknown option '${name}'; ${help}`);
  }
  if (typeof target !== 'string' && typeof target !== 'function') {
    throw new UsageError(
      `${where}: @CachedList(target) got ${String(target)}; write a function, () => Model, or a label. ` +
        `A class whose module is still loading is undefined here.`,
    );
  }
  const { type = 'json' } = options;
  if (type !== 'json' && type !== 'array') {
    throw new UsageError(`${where}: type is '${String(type)}'; use 'json' or 'array'`);
  }
}

interface List {
  readonly schema: ModelSchema;
  readonly column: ColumnSchema;
  readonly where: string;
  readonly targetModel: () => ModelClassLike;
  readonly target: () => ModelSchema;
}

function defineListAccessor(prototype: object, name: string, reference: ModelReference): void {
  const listOf = (instance: object): List => {
    const schema = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
    const column = schema.lists.get(name);
    const where = `${schema.label}.${name}`;
    if (!column) throw new UsageError(`${where} is no list`);
    const targetModel = (): ModelClassLike => resolveModel(reference, where);
    return { schema, column, where, targetModel, target: () => schemaOf(targetModel()) };
  };
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    async get(this: object): Promise<object[]> {
      return readList(this, name, listOf(this));
    },
    set(this: object, value: unknown) {
      assignList(this, name, listOf(this), value);
    },
  });
}

/** Loads once for each list of keys, as for a foreign key; every call gives an array of its own. */
async function readList(instance: object, name: string, { schema, column, target }: List): Promise<object[]> {
  const ids: unknown = Reflect.get(instance, column.property);
  if (!Array.isArray(ids) || ids.length === 0) return [];
  const rows = await loadOnce(instance, name, cellOf(schema, column, ids), () => load(target(), ids));
  return [...(rows as object[])]; // what load gave
}

async function load(target: ModelSchema, ids: readonly unknown[]): Promise<object[]> {
  const cache = modelCacheOf(target).rows(target);
  const keys = ids.map((id) => keyCellOf(target, id));
  const reads = await cache.readMany(keys, 'listReference');
  return reads.flatMap(({ row }) => (row ? [target.hydrate(row)] : []));
}

function assignList(instance: object, name: string, list: List, value: unknown): void {
  const { schema, column, where } = list;
  if (value === null && column.nullable) {
    Reflect.set(instance, column.property, null);
    return;
  }
  const { label, primaryKey } = list.target();
  if (!Array.isArray(value)) {
    throw new UsageError(
      `${where}: expected a list of instances of ${label}, got ${describeValue(value)}. Bare keys go into '${column.property}'.`,
    );
  }
  const keys = value.map((one: unknown) => valueOf(primaryKey, keyCellOfInstance(list, one, where)));
  Reflect.set(instance, column.property, keys);
  remember(instance, name, cellOf(schema, column, keys), Promise.resolve([...(value as object[])])); // instances, as was checked
}
