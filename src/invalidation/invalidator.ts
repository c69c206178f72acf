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
  /** How stamps are dropped where it matters more than usual that they are; default: as the connection says of failures. */
  readonly drop?: ((stampKeys: readonly string[], changes: readonly Change[]) => Promise<void>) | undefined;
}

/** The keys of the stamps of everything that others' changes touch, counted and told as `invalidate` does, for whoever drops them. */
export function stampsTouched(
  engine: Pick<CacheEngine, 'clock'>,
  statistics: Statistics,
  { changes, keyspace }: Pick<Invalidation, 'changes' | 'keyspace'>,
): readonly string[] {
  const touched = new Touched(changes, keyspace);
  touched.count(engine, statistics)();
  return touched.stamps;
}

/** Drops the stamps of everything that changes touch; one command, however many rows. */
export function invalidate(engine: CacheEngine, statistics: Statistics, invalidation: Invalidation): Promise<void> {
  return prepareInvalidation(engine, statistics, invalidation)();
}

/** Finds what changes touch that are under way; what it answers drops that, once they have happened. */
export function prepareInvalidation(
  engine: CacheEngine,
  statistics: Statistics,
  { changes, keyspace, drop }: Invalidation,
): () => Promise<void> {
  const touched = new Touched(changes, keyspace);
  return () => {
    const tell = touched.count(engine, statistics);
    const dropped = drop ? drop(touched.stamps, changes) : engine.drop(touched.stamps);
    return invalidationChannel.hasSubscribers ? dropped.then(tell) : dropped;
  };
}

/** What changes touch. */
class Touched {
  readonly stamps: readonly string[];
  readonly #dependencies: readonly string[];
  readonly #labels: readonly string[];

  constructor(changes: readonly Change[], keyspace: Keyspace) {
    this.#dependencies = dependenciesOf(changes);
    this.#labels = labelsOf(changes);
    this.stamps = stampKeysOf(changes, this.#dependencies, keyspace);
  }

  /** Counts it; what it answers publishes it, once it is done. */
  count({ clock }: Pick<CacheEngine, 'clock'>, statistics: Statistics): () => void {
    for (const label of this.#labels) statistics.of(label).invalidations += 1;
    const startedAt = clock.now();
    return () => {
      if (!invalidationChannel.hasSubscribers) return;
      const [label] = this.#labels;
      invalidationChannel.publish({ label, stamps: this.#dependencies, durationMs: clock.now() - startedAt });
    };
  }
}

/** The keys of the stamps that changes touch; one that stands for all where there are too many. */
export function stampKeysOfChanges(changes: readonly Change[], keyspace: Keyspace): readonly string[] {
  return stampKeysOf(changes, dependenciesOf(changes), keyspace);
}

function stampKeysOf(
  changes: readonly Change[],
  dependencies: readonly string[],
  keyspace: Keyspace,
): readonly string[] {
  const all = dependencies.length > mostStampsAtOnce || changes.some(({ kind }) => kind === 'everything');
  return all ? [keyspace.epoch] : dependencies.map((dependency) => keyspace.stamp(dependency));
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
