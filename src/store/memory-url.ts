import { UsageError } from '../errors.js';
import { parseByteSize } from './byte-size.js';
import type { MemoryStoreOptions } from './memory-store.js';

const readers: Readonly<Record<string, (text: string) => number>> = { maxEntries: Number, maxBytes: parseByteSize };

/** Reads `memory:` or `memory:?maxEntries=1000&maxBytes=10mb`. Throws UsageError for anything else. */
export function parseMemoryUrl(text: string): MemoryStoreOptions {
  const match = /^memory:(?:\?(.*))?$/.exec(text);
  if (!match) throw invalidUrl(`got '${text}'`);
  const options: Record<string, number> = {};
  for (const [name, value] of new URLSearchParams(match[1] ?? '')) {
    const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
    if (!read) throw invalidUrl(`there is no option '${name}'`);
    const number = value.trim() === '' ? Number.NaN : read(value);
    if (!Number.isSafeInteger(number) || number <= 0) throw invalidUrl(`${name} cannot be '${value}'`);
    options[name] = number;
  }
  return options;
}

function invalidUrl(reason: string): UsageError {
  return new UsageError(`A cache in memory is set by 'memory:' or 'memory:?maxEntries=1000&maxBytes=10mb': ${reason}.`);
}
