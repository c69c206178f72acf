import { UsageError } from '../errors.js';
import { Model } from '../model/model.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';

/**
 * One text for equal arguments and different texts for different ones: plain data, dates, bigints and stored model
 * instances. Throws UsageError, beginning with `where`, for anything that has no such text.
 */
export function canonical(value: unknown, where: string): string {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'undefined':
      return 'undefined';
    case 'number':
      if (Number.isNaN(value)) break;
      return Object.is(value, -0) ? '0' : String(value);
    case 'bigint':
      return `${value}n`;
    case 'object':
      return value === null ? 'null' : canonicalObject(value, where);
    default:
  }
  const came = typeof value === 'number' ? 'NaN' : `a ${typeof value}`;
  throw new UsageError(
    `${where}: arguments must be plain data, dates, bigints or stored model instances to make a key; got ${came}`,
  );
}

function canonicalObject(value: object, where: string): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, where)).join()}]`;
  if (value instanceof Date && !Number.isNaN(value.getTime())) return `Date(${value.getTime()})`;
  if (value instanceof Model) {
    const schema = schemaOf(value.constructor as ModelClassLike); // every model instance was made by its class
    return `${schema.label}@${schema.fingerprint}(${JSON.stringify(String(keyCellOf(schema, value)))})`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new UsageError(
      `${where}: arguments must be plain data, dates, bigints or stored model instances to make a key; got a ${value.constructor.name}`,
    );
  }
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return `{${entries.map(([name, item]) => `${JSON.stringify(name)}:${canonical(item, where)}`).join()}}`;
}
