import { modelCacheOf } from '../model-cache/model-cache.js';
import type { Cell } from '../schema/cell.js';
import { modelsLabelled } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import { decodeValue, encodeValue, referencesIn, type StoredReference } from './value-codec.js';

/**
 * The arguments of a call as text, model instances by their keys; undefined where they cannot be written: a function,
 * a request, an instance with unsaved changes.
 */
export function textOfArguments(args: readonly unknown[]): string | undefined {
  try {
    return JSON.stringify(encodeValue(args, 'arguments', { instances: 'reference' }));
  } catch {
    return undefined;
  }
}

const longestNote = 2_000;

/** What the list of entries says of a call: its arguments, unless they cannot be written or are too long for a list. */
export function noteOf(args: readonly unknown[]): string | undefined {
  const text = textOfArguments(args);
  return text !== undefined && text.length <= longestNote ? text : undefined;
}

/** The arguments in a text; undefined where the row of one of them, or its model, is not there any more. */
export async function argumentsIn(text: string): Promise<unknown[] | undefined> {
  const payload: unknown = JSON.parse(text);
  const instances = await instancesOf(referencesIn(payload));
  return decodeValue(payload, false, instances)?.value as unknown[] | undefined; // as it was written
}

/** The instances that references mean, as their rows are now; undefined in the place of one that is not there. */
export async function instancesOf(references: readonly StoredReference[]): Promise<(object | undefined)[]> {
  return Promise.all(references.map(instanceOf));
}

async function instanceOf([label, fingerprint, key]: StoredReference): Promise<object | undefined> {
  const schema = modelsLabelled(label)
    .map(schemaOf)
    .find((one) => one.fingerprint === fingerprint);
  if (!schema) return undefined;
  const { row } = await modelCacheOf(schema)
    .rows(schema)
    .read(key satisfies Cell);
  return row && schema.hydrate(row);
}
