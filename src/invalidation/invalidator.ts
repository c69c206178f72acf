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
  /** True: rejects where it is not certain that the store has dropped them, whatever the connection says of failures. */
  readonly mustSucceed?: boolean;
}

/** Drops the stamps of everything that changes touch; one command, however many rows. */
export async function invalidate(
  engine: CacheEngine,
  statistics: Statistics,
  { changes, keyspace, mustSucceed = false }: Invalidation,
): Promise<void> {
  const dependencies = dependenciesOf(changes);
  const labels = labelsOf(changes);
  for (const label of labels) statistics.of(label).invalidations += 1;
  const startedAt = engine.clock.now();
  const all = dependencies.length > mostStampsAtOnce || changes.some(({ kind }) => kind === 'everything');
  const dropped = all ? [keyspace.epoch] : dependencies.map((dependency) => keyspace.stamp(dependency));
  await (mustSucceed ? engine.port.drop(dropped) : engine.drop(dropped));
  if (invalidationChannel.hasSubscribers) {
    const [label] = labels;
    invalidationChannel.publish({ label, stamps: dependencies, durationMs: engine.clock.now() - startedAt });
  }
}

/** Each once. The change of one row, which nearly every write is, names none twice. */
function dependenciesOf(changes: readonly Change[]): readonly string[] {
  const [only] = changes;
  if (only?.kind === 'row' && changes.length === 1) return dependenciesOfChange(only);
  return [...new Set(changes.flatMap(dependenciesOfChange))];
}

function labelsOf(changes: readonly Change[]): readonly string[] {
  const [only] = changes;
  if (only && changes.length === 1) return 'model' in only ? [only.model.label] : [];
  return [...new Set(changes.flatMap((change) => ('model' in change ? [change.model.label] : [])))];
}
