import type { Keyspace } from './keyspace.js';
import { RecentMap } from '../support/recent-map.js';

const rememberedPlans = 10_000;

/** The keys of one call's value. Remembered, so that a hit makes none of them anew. */
export interface Plan {
  readonly keyspace: Keyspace;
  readonly entryKey: string;
  /** Stamps that every value of this call depends on. */
  readonly base: readonly string[];
  /** Those, and the stamps that the value was found to depend on lately; only a hint. */
  keys: readonly string[];
  /** Another number for each list of keys. */
  listId: number;
  /** How often this process answered from the value that `hitsOf` tells. */
  hits: number;
  hitsOf: number;
  /** When the value was last seen to be current in this process, where that is asked for. */
  currentAt?: number;
}

/** What a call is asked for where it has no plan yet. */
export interface Planned {
  readonly identity: string;
  /** Tells it from every other call that has one, where it has one: it is found faster than an identity is made. */
  readonly shortId?: string | number | undefined;
  /** The names of what its value depends on, as far as that is known before it is made. */
  dependencies(): readonly string[];
}

/** The plans of the values under one label that were asked for lately. */
export class Plans {
  readonly #family: string;
  readonly #idPrefix: string;
  readonly #plans = new RecentMap<string, Plan>(rememberedPlans);
  /** Apart from those by their identities, which a text may look like. */
  readonly #byShortId = new RecentMap<string | number, Plan>(rememberedPlans);

  /** `family` says what kind of values they are, `owner` whose. */
  constructor(family: string, owner: string) {
    this.#family = family;
    this.#idPrefix = `${owner} `;
  }

  of(call: Planned, keyspace: Keyspace): Plan {
    const { shortId } = call;
    const known = shortId === undefined ? this.#plans.get(call.identity) : this.#byShortId.get(shortId);
    if (known?.keyspace === keyspace) return known;
    const base = keyspace.stamps(call.dependencies());
    const entryKey = keyspace.entry(this.#family, this.#idPrefix + call.identity);
    const plan: Plan = { keyspace, entryKey, base, keys: base, listId: 0, hits: 0, hitsOf: 0 };
    useKeys(plan, base);
    if (shortId === undefined) this.#plans.set(call.identity, plan);
    else this.#byShortId.set(shortId, plan);
    return plan;
  }
}

let lastListId = 0;

/** From now on the value is taken to depend on these. */
export function useKeys(plan: Plan, keys: readonly string[]): void {
  lastListId += 1;
  plan.keys = keys;
  plan.listId = lastListId;
}

/** Counts a hit. NOTE: in the process alone and where the keys are remembered anyway, so that it costs a hit nothing. */
export function countHit(plan: Plan, { createdAt }: { readonly createdAt: number }): void {
  plan.hits = hitsOf(plan, createdAt) + 1;
  plan.hitsOf = small(createdAt);
}

/** How often this process answered from the value that was made then. */
export function hitsOf(plan: Plan, createdAt: number): number {
  return plan.hitsOf === small(createdAt) ? plan.hits : 0;
}

/** NOTE: V8 keeps a number of 32 bits in its place, and makes an object for a larger one. Values made 50 days apart may share it. */
function small(createdAt: number): number {
  return createdAt | 0;
}
