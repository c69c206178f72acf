import { inspect } from 'node:util';
import { Model, type ModelClass } from '../../src/index.js';
import { schemaOf } from '../../src/schema/schema-of.js';

/** An instance as an object of its columns, each value just as it is; what is no instance stays as it is. */
export function plain(row: object | null | undefined): unknown {
  if (!row) return row;
  const { columns } = schemaOf(row.constructor as ModelClass); // only instances of models are given
  return Object.fromEntries(columns.map(({ property }) => [property, Reflect.get(row, property) as unknown]));
}

/** A value as text that tells types apart, and every value whole. */
export function shown(value: unknown): string {
  return inspect(value, { depth: null, breakLength: Infinity, maxArrayLength: null, maxStringLength: null });
}

/** In an order that depends on nothing but the values. */
export function inAnyOrder(values: readonly unknown[]): unknown[] {
  const texts = new Map(values.map((value) => [value, shown(value)]));
  return values.toSorted((a, b) => ((texts.get(a) ?? '') < (texts.get(b) ?? '') ? -1 : 1));
}

/** The same of instances within lists and other objects. */
export function plainDeep(value: unknown): unknown {
  if (value instanceof Model) return plain(value);
  if (Array.isArray(value)) return value.map(plainDeep);
  if (!isObjectOfItsOwn(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plainDeep(part)]));
}

function isObjectOfItsOwn(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
