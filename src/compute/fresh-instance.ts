import type { CacheEngine } from '../cache/cache-engine.js';
import type { DependencyFrame } from '../cache/dependency-frame.js';
import type { ModelCache } from '../model-cache/model-cache.js';
import { stateOf } from '../model/state-of.js';
import type { Cell } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';

/**
 * The instance that a computed method runs on: the row as it is now, read through the cache, not the caller's instance,
 * which may be older than a write that everybody has seen. That the row is depended on is noted when the method looks
 * at a column; the primary key never changes. Undefined where the row is gone.
 */
export async function freshInstance(
  cache: ModelCache,
  schema: ModelSchema,
  { key, frame }: { key: Cell; frame: DependencyFrame },
): Promise<object | undefined> {
  const rows = cache.rows(schema);
  const { row, stamps } = await rows.read(key);
  if (!row) return undefined;
  const instance = schema.hydrate(row);
  const stampKeys = cache.stampKeys(rows.dependencies(key));
  stateOf(instance).untouched = true;
  trackColumns(instance, schema, () => noteRow(cache.engine, frame, { stampKeys, stamps }));
  return instance;
}

/** Whether this is a fresh instance of which no column was looked at yet: it says what its row says. */
export function isUntouched(instance: object): boolean {
  return stateOf(instance).untouched;
}

function noteRow(
  engine: CacheEngine,
  frame: DependencyFrame,
  { stampKeys, stamps }: { stampKeys: readonly string[]; stamps: readonly string[] | undefined },
): void {
  if (stamps) frame.record(engine, stampKeys, stamps);
  else frame.spoil('its own row was read past the cache');
}

/**
 * Calls `noticed` when a column other than the primary key is read; assigning makes it an ordinary property again, also of
 * an object that inherits from the instance.
 */
function trackColumns(instance: object, schema: ModelSchema, noticed: () => void): void {
  const state = stateOf(instance);
  for (const { property, primaryKey } of schema.columns) {
    if (primaryKey) continue;
    const value: unknown = Reflect.get(instance, property);
    Object.defineProperty(instance, property, {
      configurable: true,
      enumerable: true,
      get() {
        state.untouched = false;
        noticed();
        return value;
      },
      set(this: object, assigned: unknown) {
        state.untouched = false;
        Object.defineProperty(this, property, {
          configurable: true,
          enumerable: true,
          writable: true,
          value: assigned,
        });
      },
    });
  }
}
