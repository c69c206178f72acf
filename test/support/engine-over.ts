import { CacheEngine } from '../../src/cache/cache-engine.js';
import type { EngineOptions } from '../../src/cache/engine-options.js';
import { Keyspace } from '../../src/cache/keyspace.js';

/** A cache over a store, with nothing around it: failures throw, and stamps are kept for good. */
export function engineOver(options: Pick<EngineOptions, 'store' | 'clock'> & Partial<EngineOptions>): CacheEngine {
  const keyspace = new Keyspace('p:', { style: 'hashed' });
  const events = { storeFailed: () => undefined, corruptEntry: () => undefined };
  return new CacheEngine({ keyspace: () => keyspace, onFailure: 'throw', events, stampTtlMs: () => 0, ...options });
}
