import type { Codec } from '../cache/call.js';
import { Computation } from '../cache/computation.js';
import type { LockOptions } from '../cache/load-lock.js';
import { announce } from '../changes/change-log.js';
import { closedConnections } from '../database/connections.js';
import { modelCacheNamed, type ModelCache } from '../model-cache/model-cache.js';
import { dependenciesOfFollowed, dependenciesOfSources, type Watcher } from '../model-cache/watch-sources.js';
import type { Source } from '../query/watched-rows.js';
import type { ModelReference } from '../schema/declaration.js';
import { assertAgreement } from './keeping.js';
import { clearedDependency, labelDependency } from './computation-dependencies.js';

/** How values are kept. What is undefined is left to the connection. */
export interface Keeping {
  readonly ttlMs?: number | undefined;
  readonly softTtlMs?: number | undefined;
  readonly staleForMs?: number | undefined;
  readonly eagerness?: number | undefined;
  readonly lock?: LockOptions | undefined;
  readonly errorTtlMs?: number | undefined;
  readonly driftCheck?: boolean | undefined;
  readonly computeTimeoutMs?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** How model instances are stored. */
  readonly instances?: 'value' | 'reference' | undefined;
  /** Whether values past their soft life are computed again without a reader. */
  readonly sweep?: boolean | undefined;
}

export interface LabelledOptions<T> extends Watcher {
  readonly label: string;
  /** What kind of values these are, as part of their keys. */
  readonly family: string;
  /** What tells these values from all others of the family. */
  readonly owner: string;
  readonly keeping: Keeping;
  readonly codec: Codec<T>;
  /** Models and query sets of which any change drops every value. */
  readonly sources: readonly Source[];
  /** Models whose rows say which values they drop. */
  readonly followed: readonly ModelReference[];
  /** True where each call may name more sources. */
  readonly hasOwnSources?: boolean;
  /** The life of a value where `keeping` does not say it, and whether it may be kept. */
  policy(cache: ModelCache): { readonly ttlMs: number; readonly allowed: boolean };
}

/**
 * What computed methods, functions and nodes are faces of: a labelled computation on a connection, with what it
 * watches and how its values are kept. The connection is looked up with each call, since it may be opened later or anew.
 */
export class Labelled<T> {
  readonly label: string;
  readonly #options: LabelledOptions<T>;
  #cache: ModelCache | undefined;
  /** How many connections were closed before the cache was found. */
  #closedBefore = 0;
  #current: { readonly cache: ModelCache; readonly computation: Computation<T> } | undefined;

  constructor(options: LabelledOptions<T>) {
    this.label = options.label;
    this.#options = options;
  }

  /** The cache that keeps the values. Throws UsageError if the connection is not open. */
  get cache(): ModelCache {
    const closed = closedConnections();
    if (!this.#cache || this.#closedBefore !== closed) {
      this.#cache = modelCacheNamed(this.#options.connection, this.label);
      this.#closedBefore = closed;
    }
    return this.#cache;
  }

  /** The name of the connection. */
  get connection(): string {
    return this.#options.connection;
  }

  /** Whether values past their soft life are computed again without a reader. */
  get isSwept(): boolean {
    return this.#options.keeping.sweep === true;
  }

  get computation(): Computation<T> {
    const { cache } = this;
    if (this.#current?.cache !== cache) this.#current = { cache, computation: this.#makeComputation(cache) };
    return this.#current.computation;
  }

  /** What every value depends on, whatever its arguments are, and what the one with these sources does besides. */
  dependencies(sources: readonly Source[] = []): string[] {
    const options = this.#options;
    const watched = dependenciesOfSources([...options.sources, ...sources], options);
    const followed = dependenciesOfFollowed(options.followed, options);
    return [...new Set([labelDependency(this.label), ...this.#cleared(), ...watched, ...followed])];
  }

  /** Drops every value that depends on one of these; in a transaction, at its commit. */
  async drop(dependencies: readonly string[]): Promise<void> {
    await announce(this.cache.connection, [{ kind: 'dependencies', dependencies }]);
  }

  /** Drops every value under the label; those that may be served after that are not served either, where that is wanted. */
  dropAll({ alsoOutdated }: { readonly alsoOutdated: boolean }): Promise<void> {
    return this.drop([...this.all(), ...(alsoOutdated ? this.#cleared() : [])]);
  }

  /** What every value under the label depends on and nothing else does. */
  all(): readonly string[] {
    return [labelDependency(this.label)];
  }

  #cleared(): string[] {
    return this.#options.keeping.staleForMs === undefined ? [] : [clearedDependency(this.label)];
  }

  #makeComputation(cache: ModelCache): Computation<T> {
    const {
      label,
      where,
      family,
      owner,
      codec,
      keeping,
      policy,
      sources,
      followed,
      hasOwnSources = false,
    } = this.#options;
    const { ttlMs: usualMs, allowed } = policy(cache);
    const { ttlMs = usualMs } = keeping;
    assertAgreement(where, { ...keeping, ttlMs }, "the connection's ttl, as none is given,");
    cache.expectTtl(ttlMs);
    return new Computation(cache.host(label, allowed), {
      ...keeping,
      label,
      family,
      owner,
      codec,
      ttlMs,
      limitsOthers: keeping.ttlMs !== undefined,
      clearedBy: this.#cleared()[0],
      isWatching: hasOwnSources || sources.length > 0 || followed.length > 0,
    });
  }
}
