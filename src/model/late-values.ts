import type { ColumnSchema } from '../schema/model-schema.js';
import { valueOf } from '../schema/values.js';
import { stateOf } from './state-of.js';

const noValues: ReadonlyMap<ColumnSchema, unknown> = new Map();

/**
 * Values of a hydrated instance that are costly to decode: each is made from the row when its property is first read.
 *
 * Invariant: a value that was neither read nor assigned is that of the instance's row, whichever that is by now.
 */
export class LateValues {
  #values: ReadonlyMap<ColumnSchema, unknown> = noValues;

  /** Whether the property has a value of its own, which may differ from the row. */
  has(column: ColumnSchema): boolean {
    return this.#values.has(column);
  }

  get(column: ColumnSchema): unknown {
    return this.#values.get(column);
  }

  set(column: ColumnSchema, value: unknown): void {
    this.#values = new Map(this.#values).set(column, value);
  }
}

/** What a hydrated instance has in place of such a value: an own property, so that copies of the instance have it too. */
export function lateProperty(column: ColumnSchema): PropertyDescriptor {
  return {
    configurable: true,
    enumerable: true,
    get(this: object): unknown {
      const { late, row } = stateOf(this);
      if (!late || late.has(column)) return late?.get(column);
      const value = valueOf(column, row?.[column.position] ?? null);
      late.set(column, value);
      return value;
    },
    set(this: object, value: unknown): void {
      stateOf(this).late?.set(column, value);
    },
  };
}
