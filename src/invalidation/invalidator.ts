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

/** The keys of the stamps of everything that others' changes touch, counted and told as `invalidate` does, for whoever drops them. */
export function stampsTouched(
  engine: Pick<CacheEngine, 'clock'>,
  statistics: Statistics,
  { changes, keyspace }: Pick<Invalidation, 'changes' | 'keyspace'>,
): readonly string[] {
  const touched = touch(engine, statistics, { changes, keyspace });
  touched.tell();
  return touched.stamps;
}

/** Drops the stamps of everything that changes touch; one command, however many rows. */
export async function invalidate(
  engine: CacheEngine,
  statistics: Statistics,
  { changes, keyspace, mustSucceed = false }: Invalidation,
): Promise<void> {
  const { stamps, tell } = touch(engine, statistics, { changes, keyspace });
  await (mustSucceed ? engine.port.drop(stamps) : engine.drop(stamps));
  tell();
}

interface Touched {
  readonly stamps: readonly string[];
  /** Publishes it, once it is done. */
  tell(): void;
}

function touch(
  { clock }: Pick<CacheEngine, 'clock'>,
  statistics: Statistics,
  { changes, keyspace }: Pick<Invalidation, 'changes' | 'keyspace'>,
): Touched {
  const dependencies = dependenciesOf(changes);
  const labels = labelsOf(changes);
  for (const label of labels) statistics.of(label).invalidations += 1;
  const startedAt = clock.now();
  const all = dependencies.length > mostStampsAtOnce || changes.some(({ kind }) => kind === 'everything');
  return {
    stamps: all ? [keyspace.epoch] : dependencies.map((dependency) => keyspace.stamp(dependency)),
    tell: () => {
      if (!invalidationChannel.hasSubscribers) return;
      const [label] = labels;
      invalidationChannel.publish({ label, stamps: dependencies, durationMs: clock.now() - startedAt });
    },
  };
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
