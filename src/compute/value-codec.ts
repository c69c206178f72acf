import { parse, stringify } from 'devalue';
import { UsageError } from '../errors.js';
import { isDirty } from '../model/dirty.js';
import { Model } from '../model/model.js';
import { stateOf } from '../model/state-of.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { modelsLabelled } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import { codecNamed } from './class-codecs.js';
import { isUntouched } from './fresh-instance.js';
import { base64Of, bytesFrom, byteTypeOf } from './known-types.js';
import { UnstorableError, ValueShape } from './value-shape.js';

/** A row that is stored by its key. Its own entry, or the database, has the rest. */
export type StoredReference = readonly [label: string, fingerprint: string, key: Cell];

/**
 * A computed value inside an entry: plain JSON as it is, everything else as devalue's text, with the rows that it only
 * refers to.
 */
export type EncodedValue =
  readonly ['json', unknown] | readonly ['devalue', string] | readonly ['devalue', string, readonly StoredReference[]];

export interface EncodeOptions {
  /** Whether model instances are stored with their rows, the default, or only by their keys. */
  readonly instances?: 'value' | 'reference' | undefined;
}

type Reducer = (value: unknown) => unknown;

/**
 * A value as it is stored. Everything structured comes back exactly: Dates, Maps, Sets, bigints, bytes, URLs, regular
 * expressions, undefined, NaN, -0, lists with holes, what is shared between its parts, stored model instances, and
 * instances of classes with a codec. Throws UsageError, beginning with `where` and naming the part, for what cannot:
 * functions, symbols, circles, instances of other classes and instances with unsaved changes.
 */
export function encodeValue(value: unknown, where: string, options: EncodeOptions = {}): EncodedValue {
  try {
    const shape = new ValueShape(value);
    if (shape.isJson) return ['json', value];
    const references: StoredReference[] = [];
    const text = stringify(value, { ...reducers, ...classReducers(shape, options, references) });
    return references.length === 0 ? ['devalue', text] : ['devalue', text, references];
  } catch (error) {
    throw refusal(error, where);
  }
}

/**
 * The value in a payload; undefined for anything that `encodeValue` did not write. Each call gives a value of its own,
 * where the payload is `shared` by copying it. `instances` are those of `referencesIn(payload)`, in that order; without
 * one of them there is no value.
 */
export function decodeValue(
  payload: unknown,
  shared = false,
  instances: readonly (object | undefined)[] = [],
): { readonly value: unknown } | undefined {
  if (!Array.isArray(payload)) return undefined;
  const parts: readonly unknown[] = payload;
  const kind = parts[0]; // NOTE: by index, since destructuring goes through an iterator, on the way of each hit
  const content = parts[1];
  if (kind === 'json' && parts.length === 2) return { value: shared ? copyJson(content) : content };
  if (kind !== 'devalue' || typeof content !== 'string') return undefined;
  try {
    const Reference = ([place]: [number]): object => instances[place] ?? missing('a row');
    return { value: parse(content, { ...revivers, Reference }) as unknown };
  } catch {
    return undefined;
  }
}

/** The rows that a payload refers to: who decodes it gets their instances first. */
export function referencesIn(payload: unknown): readonly StoredReference[] {
  if (!Array.isArray(payload) || payload[0] !== 'devalue') return [];
  const references: unknown = payload[2];
  return Array.isArray(references) ? (references as StoredReference[]) : []; // written by encodeValue, nothing else has a third part
}

const reducers: Readonly<Record<string, Reducer>> = {
  Bytes: (value) => {
    const type = typeof value === 'object' && value !== null && byteTypeOf(value);
    return type && [type, base64Of(value)];
  },
  // NOTE: devalue forgets where a regular expression was about to look next
  Pattern: (value) => value instanceof RegExp && value.lastIndex !== 0 && [value.source, value.flags, value.lastIndex],
};

function classReducers(
  { encoded }: ValueShape,
  { instances = 'value' }: EncodeOptions,
  references: StoredReference[],
): Record<string, Reducer> {
  const Instance: Reducer = (value) => typeof value === 'object' && value !== null && encoded.get(value);
  if (instances === 'value') return { Row: (value) => value instanceof Model && reduceToRow(value), Instance };
  const Reference: Reducer = (value) => value instanceof Model && [references.push(reduceToKey(value)) - 1];
  return { Reference, Instance };
}

const revivers = {
  Row: ([label, fingerprint, row]: [string, string, Row]) => hydrate(label, fingerprint, row),
  Bytes: ([type, text]: [string, string]) => bytesFrom(type, text),
  Pattern: ([source, flags, lastIndex]: [string, string, number]) =>
    Object.assign(new RegExp(source, flags), { lastIndex }),
  Instance: ([name, plain]: [string, unknown]) => (codecNamed(name) ?? missing('the codec')).decode(plain),
};

/** What JSON gave, for somebody who may change it. */
function copyJson(value: unknown): unknown {
  if (!isPart(value)) return value;
  return Array.isArray(value) ? copyList(value) : copyObject(value);
}

// NOTE: first as a whole, and only parts inside by themselves: a tenth of the time of setting each property
function copyObject(part: object): object {
  const copy: Record<string, unknown> = { ...part };
  for (const name of Object.keys(copy)) if (isPart(copy[name])) copy[name] = copyJson(copy[name]);
  return copy;
}

function copyList(list: readonly unknown[]): unknown[] {
  const copy = list.slice();
  for (let index = 0; index < copy.length; index++) if (isPart(copy[index])) copy[index] = copyJson(copy[index]);
  return copy;
}

function isPart(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function reduceToRow(instance: Model): [string, string, Row] {
  const schema = currentSchema(instance);
  assertSaved(instance, schema);
  const { row } = stateOf(instance);
  return [schema.label, schema.fingerprint, row ?? missing('the row')];
}

function reduceToKey(instance: Model): StoredReference {
  const schema = currentSchema(instance);
  if (!isUntouched(instance)) assertSaved(instance, schema); // NOTE: it looks at the columns, which the key does not depend on
  return [schema.label, schema.fingerprint, keyCellOf(schema, instance)];
}

function currentSchema(instance: Model): ModelSchema {
  const model = instance.constructor as ModelClassLike; // every model instance was made by its class
  const schema = schemaOf(model);
  if (!modelsLabelled(schema.label).includes(model)) {
    throw new UsageError(
      `the result holds a ${schema.label} of a class that was declared again since; return one of the new class`,
    );
  }
  return schema;
}

function assertSaved(instance: Model, schema: ModelSchema): void {
  if (stateOf(instance).row && instance.isPersisted && !isDirty(instance, schema)) return;
  throw new UsageError(`the result holds a ${schema.label} with unsaved changes; save it first, or return its values`);
}

function hydrate(label: string, fingerprint: string, row: Row): object {
  const schema = modelsLabelled(label)
    .map(schemaOf)
    .find((one) => one.fingerprint === fingerprint);
  return (schema ?? missing('the model')).hydrate(row);
}

/** What a stored value needs is not there any more: it is computed anew. */
function missing(what: string): never {
  throw new TypeError(`${what} is not there`);
}

function refusal(error: unknown, where: string): UsageError {
  if (error instanceof UsageError) return new UsageError(`${where}: ${error.message}`, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  const advice = error instanceof UnstorableError ? '' : '. Return plain data';
  return new UsageError(`${where}: the result cannot be cached: ${reason}${advice}.`, { cause: error });
}
