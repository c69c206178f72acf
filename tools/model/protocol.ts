import type { Step, System } from './explore.js';
import { faultSteps } from './fault-steps.js';
import { PackedWorlds } from './packed-world.js';
import { readerSteps } from './reader-steps.js';
import { relaySteps } from './relay-steps.js';
import { holds, type Setting } from './rules.js';
import { suspensionSteps } from './suspension-steps.js';
import { emptyStore, idleReader, idleRelay, idleWriter, type World } from './world.js';
import { writerSteps } from './writer-steps.js';

/** The protocol of the cache for one row, with everybody who takes part in it. */
export class Protocol implements System<World> {
  readonly size: number;
  readonly #setting: Setting;
  readonly #hasRelays: boolean;
  readonly #hasTwoStores: boolean;
  readonly #packed: PackedWorlds;

  constructor(setting: Setting) {
    this.#setting = setting;
    this.#hasRelays = holds(setting, 'gate');
    const { bounds } = setting;
    this.#hasTwoStores = bounds.failovers > 0 || bounds.secondIsUp;
    const stores = this.#hasTwoStores ? 2 : 1;
    const relays = this.#hasRelays ? bounds.relays : 0;
    this.#packed = new PackedWorlds({ ...bounds, relays, stores, stampsRecur: !holds(setting, 'randomStamps') });
    this.size = this.#packed.size;
  }

  initial(): World {
    const { writers, readers, relays, lifetime, secondIsUp } = this.#setting.bounds;
    const first = emptyStore(1);
    if (this.#hasRelays) Object.assign(first, { gateEpoch: 1, gateUntil: lifetime });
    return {
      clock: 0,
      committed: 0,
      acknowledged: 0,
      returned: 0,
      outbox: 0,
      gateInstance: 0,
      gateEpoch: 1,
      grantableFrom: 0,
      granted: 1,
      suspended: 0,
      token: 1,
      seenToken: 0,
      seenGranted: 0,
      seenSince: 0,
      nextEpoch: 2,
      takeOvers: 0,
      suspensions: 0,
      rawWrites: 0,
      losses: 0,
      snapshots: 0,
      failovers: 0,
      commitTimes: [0, 0, 0, 0],
      stores: this.#hasTwoStores ? [first, emptyStore(secondIsUp ? 1 : 0)] : [first],
      snapshot: emptyStore(0),
      writers: Array.from({ length: writers }, () => ({ ...idleWriter })),
      readers: Array.from({ length: readers }, () => idleReader(0)),
      relays: Array.from({ length: this.#hasRelays ? relays : 0 }, () => ({ ...idleRelay })),
    };
  }

  steps(world: World): Step<World>[] {
    const setting = this.#setting;
    return [
      ...faultSteps(setting, world),
      ...suspensionSteps(setting, world),
      ...world.writers.flatMap((_, index) => writerSteps(setting, world, index)),
      ...world.readers.flatMap((_, index) => readerSteps(setting, world, index)),
      ...world.relays.flatMap((_, index) => relaySteps(setting, world, index)),
    ];
  }

  pack(world: World, bytes: Uint8Array): void {
    this.#packed.pack(world, bytes);
  }

  unpack(bytes: Uint8Array): World {
    return this.#packed.unpack(bytes);
  }
}
