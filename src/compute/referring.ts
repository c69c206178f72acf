import type { Codec } from '../cache/call.js';
import { instancesOf } from './argument-text.js';
import { decodeValue, encodeValue, referencesIn, type EncodeOptions, type StoredReference } from './value-codec.js';

/** Why a value is computed although it is there. */
export const rowIsGone = 'a row that it refers to is gone';

/** A value whose instances are stored by their keys, before their rows were read. */
class Referring {
  readonly payload: unknown;
  readonly references: readonly StoredReference[];

  constructor(payload: unknown, references: readonly StoredReference[]) {
    this.payload = payload;
    this.references = references;
  }
}

/** How values are stored and read; those that refer to rows are to be given to `withInstances`. */
export function valueCodec(label: string, options: EncodeOptions): Codec<unknown> {
  return {
    encode: (value) => encodeValue(value, label, options),
    decode: (payload, shared) => {
      const references = referencesIn(payload);
      return references.length === 0 ? decodeValue(payload, shared) : { value: new Referring(payload, references) };
    },
  };
}

/**
 * A value with its instances, each from its own entry and as its row is now. What `otherwise` gives where one of the rows
 * is not there any more.
 */
export async function withInstances<T>(value: T, otherwise: () => T | Promise<T>): Promise<T> {
  if (!(value instanceof Referring)) return value;
  const instances = await instancesOf(value.references);
  const decoded = decodeValue(value.payload, true, instances);
  return decoded ? (decoded.value as T) : otherwise(); // it is what was stored
}
