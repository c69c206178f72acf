import type { CacheEngine } from '../cache/cache-engine.js';
import type { Keyspace } from '../cache/keyspace.js';
import type { Change } from '../changes/change.js';
import { invalidationChannel } from '../telemetry/channels.js';
import type { Statistics } from '../telemetry/statistics.js';
import { dependenciesOfChange } from './dependencies.js';

const mostStampsAtOnce = 5000;

export interface Invalidation {
  readonly changes: readonly Change[];
  /** That of the writers; the one that is current at the commit may be another. */
  readonly keyspace: Keyspace;
}

/** Drops the stamps of everything that changes touch; one command, however many rows. */
export async function invalidate(
  engine: CacheEngine,
  statistics: Statistics,
  { changes, keyspace }: Invalidation,
): Promise<void> {
  const dependencies = new Set(changes.flatMap(dependenciesOfChange));
  for (const label of labelsOf(changes)) statistics.of(label).invalidations += 1;
  const startedAt = engine.clock.now();
  const keys = [...dependencies].map((dependency) => keyspace.stamp(dependency));
  const all = keys.length > mostStampsAtOnce || changes.some(({ kind }) => kind === 'everything');
  await engine.drop(all ? [keyspace.epoch] : keys);
  if (invalidationChannel.hasSubscribers) {
    const [label] = labelsOf(changes);
    invalidationChannel.publish({ label, stamps: [...dependencies], durationMs: engine.clock.now() - startedAt });
  }
}

function labelsOf(changes: readonly Change[]): Set<string> {
  return new Set(changes.flatMap((change) => ('model' in change ? [change.model.label] : [])));
}
