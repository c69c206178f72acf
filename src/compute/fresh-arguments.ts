import type { DependencyFrame } from '../cache/dependency-frame.js';
import { modelCacheOf } from '../model-cache/model-cache.js';
import { isDirty } from '../model/dirty.js';
import { Model } from '../model/model.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import { codecOf } from './class-codecs.js';
import { freshInstance } from './fresh-instance.js';
import { isPlainObject } from './plain-object.js';

/**
 * The same arguments with a fresh instance of its row in the place of each model instance, also inside of lists, Maps,
 * Sets, plain objects and instances of classes with a codec: the caller's may be older than a write that everybody has seen, and what the function reads of them
 * must be depended on.
 */
export async function freshArguments(frame: DependencyFrame, args: readonly unknown[]): Promise<unknown[]> {
  return Promise.all(args.map((argument) => fresh(frame, argument)));
}

async function fresh(frame: DependencyFrame, value: unknown): Promise<unknown> {
  if (value instanceof Model) return freshRow(frame, value);
  if (Array.isArray(value)) return freshArguments(frame, value);
  if (value instanceof Map) return new Map((await freshArguments(frame, [...value])) as [unknown, unknown][]); // pairs as before
  if (value instanceof Set) return new Set(await freshArguments(frame, [...value]));
  const codec = typeof value === 'object' && value !== null ? codecOf(value) : undefined;
  if (codec) return codec.decode(await fresh(frame, codec.encode(value as object))); // as found in the line before
  if (!isPlainObject(value)) return value;
  const entries = Object.entries(value);
  const values = await freshArguments(
    frame,
    entries.map(([, item]) => item),
  );
  return Object.fromEntries(entries.map(([name], index) => [name, values[index]]));
}

async function freshRow(frame: DependencyFrame, instance: Model): Promise<object> {
  const schema = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  const found = await freshInstance(modelCacheOf(schema), schema, { key: keyCellOf(schema, instance), frame });
  if (!found) frame.spoil('the row of an argument does not exist');
  return found ?? instance;
}

/** Whether any model instance among the arguments says something that its row does not. */
export function hasUnsavedInstance(args: readonly unknown[]): boolean {
  return args.some((value) => {
    if (value instanceof Model) {
      return !value.isPersisted || isDirty(value, schemaOf(value.constructor as ModelClassLike));
    } // as above
    if (Array.isArray(value)) return hasUnsavedInstance(value);
    if (value instanceof Map || value instanceof Set) return hasUnsavedInstance([...(value as Iterable<unknown>)]);
    const codec = typeof value === 'object' && value !== null ? codecOf(value) : undefined;
    if (codec) return hasUnsavedInstance([codec.encode(value as object)]); // as found in the line before
    return isPlainObject(value) && hasUnsavedInstance(Object.values(value));
  });
}
