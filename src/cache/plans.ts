import type { Keyspace } from './keyspace.js';
import { repeatedKeys } from '../store/repeated-keys.js';
import { inOnePiece } from '../support/compact.js';
import { RecentByNumber, type Numbered } from '../support/recent-by-number.js';
import { RecentMap } from '../support/recent-map.js';

const rememberedPlans = 10_000;

/** The keys of one call's value. Remembered, so that a hit makes none of them anew. */
export interface Plan extends Numbered {
  readonly keyspace: Keyspace;
  readonly entryKey: string;
  /** Stamps that every value of this call depends on. */
  readonly base: readonly string[];
  /** Those, and the stamps that the value was found to depend on lately; only a hint. */
  keys: AskedList;
  /** How often this process answered from the value that `hitsOf` tells. */
  hits: number;
  hitsOf: number;
  /** When the value was last seen to be current in this process, where that is asked for. */
  currentAt?: number;
}

/** The stamps of a value by their keys. */
export interface AskedList {
  /** Another one for each list. */
  readonly id: number;
  readonly stampKeys: readonly string[];
  /** The key of the value's entry and those of the stamps, as a store elsewhere is asked for them. */
  readonly withEntry: readonly string[];
}

/** A list in place of which another one is made where the value is found to depend on something else. */
class KeyList implements AskedList {
  readonly id: number;
  readonly stampKeys: readonly string[];
  readonly #entryKey: string;
  readonly #areLasting: boolean;
  readonly #asked: number;
  #withEntry: readonly string[] | undefined;

  /** `asked` says how often the value was asked for already. NOTE: a gate ends by itself, and so must be read each time. */
  constructor({ entryKey, keyspace }: Pick<Plan, 'entryKey' | 'keyspace'>, stampKeys: readonly string[], asked = 0) {
    lastListId += 1;
    this.id = lastListId;
    this.#asked = asked;
    this.stampKeys = stampKeys.map(shared);
    this.#entryKey = entryKey;
    this.#areLasting = keyspace.gate === undefined;
  }

  get withEntry(): readonly string[] {
    this.#withEntry ??= repeatedKeys([this.#entryKey, ...this.stampKeys], this.#areLasting, this.#asked);
    return this.#withEntry;
  }
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
  /** Apart from those by their identities, which a short one may look like. */
  readonly #byText = new RecentMap<string, Plan>(rememberedPlans);
  readonly #byNumber = new RecentByNumber<Plan>(rememberedPlans);

  /** `family` says what kind of values they are, `owner` whose. */
  constructor(family: string, owner: string) {
    this.#family = family;
    this.#idPrefix = `${owner} `;
  }

  of(call: Planned, keyspace: Keyspace): Plan {
    const { shortId } = call;
    const known = typeof shortId === 'number' ? this.#byNumber.get(shortId) : this.#knownByText(call);
    if (known?.keyspace === keyspace) return known;
    const base = keyspace.stamps(call.dependencies());
    const entryKey = inOnePiece(keyspace.entry(this.#family, this.#idPrefix + call.identity));
    const keys = new KeyList({ entryKey, keyspace }, base);
    const plan: Plan = { number: shortId, keyspace, entryKey, base, keys, hits: 0, hitsOf: 0 };
    if (typeof shortId === 'number') this.#byNumber.set(shortId, plan);
    else if (shortId === undefined) this.#plans.set(call.identity, plan);
    else this.#byText.set(shortId, plan);
    return plan;
  }

  #knownByText(call: Planned): Plan | undefined {
    const { shortId } = call; // NOTE: the identity is made when it is asked for
    return typeof shortId === 'string' ? this.#byText.get(shortId) : this.#plans.get(call.identity);
  }
}

let lastListId = 0;

/** The keys that plans were made of lately; those of tables and labels come again and again. */
const known = new RecentMap<string, string>(256);

/** NOTE: in one piece, or each command would put it together again; and one for all plans, which are read faster then. */
function shared(key: string): string {
  const same = known.get(key) ?? inOnePiece(key);
  known.set(same, same);
  return same;
}

/** From now on the value is taken to depend on these. */
export function useKeys(plan: Plan, keys: readonly string[]): void {
  const { stampKeys } = plan.keys;
  if (keys.length === stampKeys.length && keys.every((key, index) => key === stampKeys[index])) return;
  plan.keys = new KeyList(plan, keys, 1); // by whoever found that
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
