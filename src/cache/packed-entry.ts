import { Held } from '../store/held.js';
import type { HeldText } from '../store/held-text.js';
import { inOnePiece, withoutObject } from '../support/compact.js';
import { encodeEntry, type Entry } from './entry.js';
import type { Hit } from './found.js';

/** Times are counted from that of the first entry: V8 keeps numbers of less than 2 ** 31 without an object of their own. */
let firstAt: number | undefined;

/**
 * An entry in a store in this process that refers to its stamps themselves, so that a hit looks none of them up: it
 * holds as long as none of them is gone. Its payload is kept as text, which takes two thirds of the memory of an array
 * with the same; only those that were asked for last are kept parsed too.
 */
export class PackedEntry extends Held implements Entry, Hit {
  readonly bytes: number;
  readonly costMs: number;
  readonly #text: string;
  #unpacked: unknown;
  readonly #createdAfterMs: number;
  readonly #lifeMs: number;
  readonly #stamp: HeldText;
  readonly #others: readonly HeldText[];

  /** There is one stamp at least. */
  constructor({ createdAt, expiresAt, costMs, payload, ...rest }: Entry, stamps: readonly HeldText[]) {
    const text = JSON.stringify(payload);
    const frame = encodeEntry({ createdAt, expiresAt, costMs, payload: 0, ...rest });
    super();
    this.bytes = frame.length - 1 + text.length;
    const [stamp, ...others] = stamps as [HeldText, ...HeldText[]]; // as said above
    this.#text = inOnePiece(text);
    firstAt ??= createdAt;
    this.#createdAfterMs = withoutObject(createdAt - firstAt);
    this.#lifeMs = withoutObject(expiresAt - createdAt);
    this.costMs = withoutObject(costMs);
    this.#stamp = stamp;
    this.#others = kept(others);
  }

  /** Whether every stamp is still the one that the entry was stored under. */
  get isCurrent(): boolean {
    if (this.#stamp.gone) return false;
    for (const stamp of this.#others) if (stamp.gone) return false;
    return true;
  }

  override get reliesOn(): readonly HeldText[] {
    return [this.#stamp, ...this.#others];
  }

  get createdAt(): number {
    return (firstAt ?? 0) + this.#createdAfterMs;
  }

  get expiresAt(): number {
    return (firstAt ?? 0) + this.#createdAfterMs + this.#lifeMs;
  }

  get stamps(): readonly string[] {
    return this.reliesOn.map(({ text }) => text);
  }

  get softExpiresAt(): undefined {
    return undefined;
  }

  get dependencies(): undefined {
    return undefined;
  }

  /** Forgets the payload that was parsed; the next hit parses it again. */
  pack(): void {
    this.#unpacked = undefined;
  }

  get payload(): unknown {
    if (this.#unpacked !== undefined) return this.#unpacked;
    const payload: unknown = JSON.parse(this.#text);
    if (this.#text.length <= longestUnpacked) {
      this.#unpacked = payload;
      noteUnpacked(this);
    }
    return payload;
  }

  get state(): 'hit' {
    return 'hit';
  }

  get entry(): Entry {
    return this;
  }

  get shared(): boolean {
    return true;
  }
}

const lists = new WeakMap<HeldText, readonly HeldText[]>();

/** The same list for all entries that rely on the same: those of one table do, but for their first stamp. */
function kept(stamps: readonly HeldText[]): readonly HeldText[] {
  const [first] = stamps;
  const known = first && lists.get(first);
  if (known?.length === stamps.length && known.every((stamp, index) => stamp === stamps[index])) return known;
  if (first) lists.set(first, stamps);
  return stamps;
}

/** The entries that were unpacked last, whose payloads are kept: at most 1 MB of text. The oldest one's place is next. */
const unpacked: PackedEntry[] = [];
const mostUnpacked = 256;
const longestUnpacked = 4096;
let next = 0;

function noteUnpacked(entry: PackedEntry): void {
  unpacked[next]?.pack();
  unpacked[next] = entry;
  next = (next + 1) % mostUnpacked;
}
