import type { Bounds } from './rules.js';
import {
  none,
  readerStages,
  relayStages,
  writerStages,
  type Reader,
  type Relay,
  type Shared,
  type Store,
  type World,
  type Writer,
} from './world.js';

/** In the order in which `unpack` takes them. */
const sharedFields = [
  ...(['clock', 'committed', 'acknowledged', 'returned', 'outbox', 'gateInstance', 'gateEpoch'] as const),
  ...(['grantableFrom', 'granted', 'suspended', 'token', 'seenToken', 'seenGranted', 'seenSince'] as const),
  ...(['nextEpoch', 'takeOvers', 'suspensions', 'rawWrites', 'losses', 'snapshots', 'failovers'] as const),
] as const satisfies readonly (keyof Shared)[];
const versions = 4;
const storeSize = 9;
const writerSize = 5;
const readerSize = 8;
const relaySize = 5;

/** How often something is there, which is the same in all worlds of one model. */
type Counts = Pick<Bounds, 'level' | 'lifetime' | 'writers' | 'readers'> & {
  readonly relays: number;
  readonly stores: number;
  /** Whether a stamp that is gone may be there again: then an entry under it is not dead. */
  readonly stampsRecur: boolean;
};

/**
 * Worlds as bytes. Worlds that differ only in which stamp has which number, which of several readers does what, when
 * something was that is over, or in an entry whose stamp is gone, are the same bytes: nothing that can still happen
 * tells them apart.
 */
export class PackedWorlds {
  readonly size: number;
  readonly #counts: Counts;
  #bytes: Uint8Array = new Uint8Array();
  #place = 0;
  #due = 0;
  /** The number by which each stamp goes, in the order in which they are met. */
  readonly #names = new Uint8Array(256);
  #named = 0;

  constructor(counts: Counts) {
    this.#counts = counts;
    const { stores, writers, readers, relays } = counts;
    const parts = (stores + 1) * storeSize + writers * writerSize + readers * readerSize + relays * relaySize;
    this.size = sharedFields.length + versions + parts;
  }

  pack(world: World, bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#place = 0;
    this.#names.fill(0);
    this.#named = 0;
    this.#due = world.clock - this.#counts.lifetime;
    const { level } = this.#counts;
    for (const field of sharedFields) this.#putShared(world, field);
    for (let version = 0; version < versions; version += 1) this.#putTime(world.commitTimes[version] ?? 0);
    for (const store of world.stores) this.#putStore(store);
    this.#putStore(world.snapshot);
    this.#putAll(world.writers, writerSize, level !== 'strict', (writer) => this.#putWriter(writer));
    this.#putAll(world.readers, readerSize, true, (reader) => this.#putReader(reader));
    this.#putAll(world.relays, relaySize, true, (relay) => this.#putRelay(relay));
  }

  unpack(bytes: Uint8Array): World {
    this.#bytes = bytes;
    this.#place = 0;
    const { stores, writers, readers, relays } = this.#counts;
    return {
      clock: this.#take(),
      committed: this.#take(),
      acknowledged: this.#take(),
      returned: this.#take(),
      outbox: this.#take(),
      gateInstance: this.#take(),
      gateEpoch: this.#take(),
      grantableFrom: this.#take(),
      granted: this.#take(),
      suspended: this.#take(),
      token: this.#take(),
      seenToken: this.#take(),
      seenGranted: this.#take(),
      seenSince: this.#take(),
      nextEpoch: this.#take(),
      takeOvers: this.#take(),
      suspensions: this.#take(),
      rawWrites: this.#take(),
      losses: this.#take(),
      snapshots: this.#take(),
      failovers: this.#take(),
      commitTimes: this.#takeAll(versions, () => this.#take()),
      stores: this.#takeAll(stores, () => this.#takeStore()),
      snapshot: this.#takeStore(),
      writers: this.#takeAll(writers, () => this.#takeWriter()),
      readers: this.#takeAll(readers, () => this.#takeReader()),
      relays: this.#takeAll(relays, () => this.#takeRelay()),
    };
  }

  #putShared(world: World, field: keyof Shared): void {
    if (field === 'returned' && this.#counts.level !== 'strict') this.#put(0);
    else if (field === 'grantableFrom' && world.grantableFrom <= world.clock) this.#put(0);
    else if (field === 'seenSince') this.#putTime(world.seenSince);
    else this.#put(world[field]);
  }

  /** A time from which the gate's lifetime is counted; where that is over it does not matter by how much. */
  #putTime(time: number): void {
    this.#put(this.#counts.level === 'plain' || time <= this.#due ? 0 : time);
  }

  #put(value: number): void {
    this.#bytes[this.#place++] = value;
  }

  #putStamp(stamp: number): void {
    if (stamp !== 0 && this.#names[stamp] === 0) this.#names[stamp] = ++this.#named;
    this.#put(this.#names[stamp] ?? 0);
  }

  #putStore(store: Store): void {
    const isDead = store.entryStamp !== store.stamp && !this.#counts.stampsRecur;
    const hasEntry = store.entryVersion !== none && !isDead;
    this.#put(store.isUp);
    this.#putStamp(store.stamp);
    this.#put(store.flux);
    this.#put(hasEntry ? store.entryVersion : none);
    this.#putStamp(hasEntry ? store.entryStamp : 0);
    this.#put(hasEntry ? store.entryEpoch : 0);
    this.#put(store.gateEpoch);
    this.#put(store.gateInstance);
    this.#put(store.gateUntil);
  }

  #putWriter({ stage, store, version, committedAt, outcome }: Writer): void {
    const isOver = stage === 'done';
    this.#put(writerStages.indexOf(stage));
    this.#put(isOver ? 0 : store);
    this.#put(isOver ? 0 : version);
    this.#putTime(isOver ? 0 : committedAt);
    this.#put(this.#counts.level === 'strict' ? outcome : 0);
  }

  #putReader({ stage, reads, store, acknowledged, returned, stamp, epoch, version }: Reader): void {
    this.#put(readerStages.indexOf(stage));
    this.#put(reads);
    this.#put(store);
    this.#put(acknowledged);
    this.#put(this.#counts.level === 'strict' ? returned : 0);
    this.#putStamp(stamp);
    this.#put(epoch);
    this.#put(version);
  }

  #putRelay({ stage, store, askedAt, epoch, rows }: Relay): void {
    this.#put(relayStages.indexOf(stage));
    this.#put(store);
    this.#putTime(askedAt);
    this.#put(epoch);
    this.#put(rows);
  }

  /** Puts parts of one size; in an order of their own where nobody can tell them apart. */
  #putAll<Part>(parts: readonly Part[], size: number, areAlike: boolean, put: (part: Part) => void): void {
    const start = this.#place;
    for (const part of parts) put(part);
    if (areAlike) for (let last = parts.length - 1; last > 0; last -= 1) this.#sink(start, size, last);
  }

  /** Exchanges neighbours up to the last, so that the greatest comes there. */
  #sink(start: number, size: number, last: number): void {
    for (let index = 0; index < last; index += 1) {
      const left = start + index * size;
      if (this.#isGreater(left, left + size, size)) this.#exchange(left, left + size, size);
    }
  }

  #isGreater(left: number, right: number, size: number): boolean {
    for (let offset = 0; offset < size; offset += 1) {
      const difference = (this.#bytes[left + offset] ?? 0) - (this.#bytes[right + offset] ?? 0);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }

  #exchange(left: number, right: number, size: number): void {
    for (let offset = 0; offset < size; offset += 1) {
      const kept = this.#bytes[left + offset] ?? 0;
      this.#bytes[left + offset] = this.#bytes[right + offset] ?? 0;
      this.#bytes[right + offset] = kept;
    }
  }

  #take(): number {
    return this.#bytes[this.#place++] ?? 0;
  }

  #takeAll<Part>(count: number, take: () => Part): Part[] {
    const parts: Part[] = [];
    for (let index = 0; index < count; index += 1) parts.push(take());
    return parts;
  }

  #takeStore(): Store {
    return {
      isUp: this.#take(),
      stamp: this.#take(),
      flux: this.#take(),
      entryVersion: this.#take(),
      entryStamp: this.#take(),
      entryEpoch: this.#take(),
      gateEpoch: this.#take(),
      gateInstance: this.#take(),
      gateUntil: this.#take(),
    };
  }

  #takeWriter(): Writer {
    return {
      stage: writerStages[this.#take()] ?? 'done',
      store: this.#take(),
      version: this.#take(),
      committedAt: this.#take(),
      outcome: this.#take(),
    };
  }

  #takeReader(): Reader {
    return {
      stage: readerStages[this.#take()] ?? 'idle',
      reads: this.#take(),
      store: this.#take(),
      acknowledged: this.#take(),
      returned: this.#take(),
      stamp: this.#take(),
      epoch: this.#take(),
      version: this.#take(),
    };
  }

  #takeRelay(): Relay {
    return {
      stage: relayStages[this.#take()] ?? 'idle',
      store: this.#take(),
      askedAt: this.#take(),
      epoch: this.#take(),
      rows: this.#take(),
    };
  }
}
