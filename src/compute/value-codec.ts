import { parse, stringify } from 'devalue';
import { UsageError } from '../errors.js';
import { isDirty } from '../model/dirty.js';
import { Model } from '../model/model.js';
import { stateOf } from '../model/state-of.js';
import type { Row } from '../schema/cell.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { modelsLabelled } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';

/** A computed value inside an entry: plain JSON as it is, everything else as devalue's text. */
export type EncodedValue = readonly ['json', unknown] | readonly ['devalue', string];

const deepest = 100;

const reducers = {
  Row: (value: unknown) => value instanceof Model && reduceInstance(value),
  Buffer: (value: unknown) => Buffer.isBuffer(value) && value.toString('base64'),
};

const revivers = {
  Row: ([label, fingerprint, row]: [string, string, Row]) => reviveInstance(label, fingerprint, row),
  Buffer: (text: string) => Buffer.from(text, 'base64'),
};

/**
 * A value as it is stored. Dates, Maps, Sets, bigints, Buffers, typed arrays, undefined, NaN, cycles and stored model
 * instances come back exactly. Throws UsageError, beginning with `where`, for what cannot: functions, symbols,
 * instances of other classes and instances with unsaved changes.
 */
export function encodeValue(value: unknown, where: string): EncodedValue {
  if (isExactJson(value, 0)) return ['json', value];
  try {
    return ['devalue', stringify(value, reducers)];
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${where}: ${error.message}`, { cause: error });
    throw new UsageError(`${where}: the result cannot be cached: ${reasonOf(error)}. Return plain data.`, {
      cause: error,
    });
  }
}

/**
 * The value in a payload; undefined for anything that `encodeValue` did not write. Each call gives a value of its own,
 * where the payload is `shared` by copying it.
 */
export function decodeValue(payload: unknown, shared = false): { readonly value: unknown } | undefined {
  if (!Array.isArray(payload) || payload.length !== 2) return undefined;
  const [kind, content] = payload as readonly unknown[];
  if (kind === 'json') return { value: shared ? copyJson(content) : content };
  if (kind !== 'devalue' || typeof content !== 'string') return undefined;
  try {
    return { value: parse(content, revivers) as unknown };
  } catch {
    return undefined;
  }
}

function copyJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copyJson(item)]));
}

/** Whether JSON gives back exactly this. */
function isExactJson(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0);
    case 'object':
      return value === null || (depth < deepest && isExactContainer(value, depth + 1));
    default:
      return false;
  }
}

function isExactContainer(value: object, depth: number): boolean {
  if (Array.isArray(value)) {
    return Object.keys(value).length === value.length && value.every((item) => isExactJson(item, depth));
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype || Object.getOwnPropertySymbols(value).length > 0) return false;
  if (Object.hasOwn(value, '__proto__') || 'toJSON' in value) return false;
  return Object.values(value).every((item) => isExactJson(item, depth));
}

function reduceInstance(instance: Model): [string, string, Row] {
  const model = instance.constructor as ModelClassLike; // every model instance was made by its class
  const schema = schemaOf(model);
  const { row } = stateOf(instance);
  if (!modelsLabelled(schema.label).includes(model)) {
    throw new UsageError(
      `the result holds a ${schema.label} of a class that was declared again since; return one of the new class`,
    );
  }
  if (!row || !instance.isPersisted || isDirty(instance, schema)) {
    throw new UsageError(
      `the result holds a ${schema.label} with unsaved changes; save it first, or return its values`,
    );
  }
  return [schema.label, schema.fingerprint, row];
}

function reviveInstance(label: string, fingerprint: string, row: Row): object {
  const schema = modelsLabelled(label)
    .map(schemaOf)
    .find((one) => one.fingerprint === fingerprint);
  if (!schema) throw new TypeError(`${label} has changed`);
  return schema.hydrate(row);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const path: unknown = Reflect.get(error, 'path');
  return typeof path === 'string' && path !== '' ? `${error.message} (at ${path})` : error.message;
}
