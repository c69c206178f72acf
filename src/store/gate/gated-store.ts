import type { CacheStore, CacheWrite } from '../cache-store.js';
import { weakened } from '../../support/weakened.js';
import { keysPerCommand } from '../redis-commands.js';
import { isMark } from './mark-text.js';
import type { RedisGate } from './redis-gate.js';

type Texts = (string | undefined)[];

/**
 * Shows the gate as one stamp among others: under its key lies the epoch while the gate is valid, and nothing while it
 * is not. Nobody can acquire it. So an entry that carries it is a hit only through an open gate of the same epoch.
 * A stamp that is marked by a transaction shows as none either, see {@link WriteMarks}.
 *
 * Invariant: the gate is read no later than the stamps that come with it, on the same connection.
 */
export class GatedStore implements CacheStore {
  readonly name: string;
  declare readonly list?: NonNullable<CacheStore['list']>;
  readonly gate: RedisGate;
  readonly #store: CacheStore;

  constructor(store: CacheStore, gate: RedisGate) {
    this.name = store.name;
    const list = store.list?.bind(store);
    if (list) this.list = list;
    this.gate = gate;
    this.#store = store;
  }

  async read(keys: readonly string[]): Promise<Texts> {
    const place = keys.indexOf(this.gate.key);
    if (place === -1) return unmarked(await this.#store.read(keys));
    if (keys.length > keysPerCommand && place > 0) return this.#readGateFirst(keys, place);
    const { connection } = this.gate.instance;
    const texts = unmarked(await this.#store.read(keys));
    const epoch = this.gate.epochIn(texts[place], connection);
    return texts.map((text, index) => (keys[index] === this.gate.key ? epoch : text)); // it may be asked for more than once
  }

  async acquire(requests: readonly CacheWrite[]): Promise<Texts> {
    const place = requests.findIndex(({ key }) => key === this.gate.key);
    if (place === -1) return unmarked(await this.#store.acquire(requests));
    const [[epoch], stamps] = await Promise.all([
      this.read([this.gate.key]),
      this.#store.acquire(requests.filter((_, index) => index !== place)),
    ]);
    const seen = unmarked(stamps);
    return [...seen.slice(0, place), epoch, ...seen.slice(place)];
  }

  async write(entries: readonly CacheWrite[]): Promise<void> {
    await this.#store.write(entries);
  }

  async drop(keys: readonly string[]): Promise<void> {
    await this.#store.drop(keys);
  }

  /**
   * Drops keys, then looks whether the gate is valid; both in one round trip. True: no reader can get what depends on the
   * keys any more, on whatever process of Redis. Rejects if it is not certain that the keys are gone.
   */
  async dropAndLook(keys: readonly string[]): Promise<boolean> {
    const { connection } = this.gate.instance;
    const dropped = this.#store.drop(keys);
    // NOTE: sent after the drop, on the same connection, which Redis answers in order; many keys take several commands
    if (keys.length > keysPerCommand) await dropped;
    const [[epoch]] = await Promise.all([this.read([this.gate.key]), dropped]);
    const isSame = connection === this.gate.instance.connection || weakened.runId; // one process may have dropped, another have the gate
    return (epoch !== undefined && isSame) || weakened.gateAtWrite;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  async #readGateFirst(keys: readonly string[], place: number): Promise<Texts> {
    const [epoch, ...texts] = await this.read([this.gate.key, ...keys.filter((_, index) => index !== place)]);
    return [...texts.slice(0, place), epoch, ...texts.slice(place)];
  }
}

function unmarked(texts: Texts): Texts {
  if (weakened.marksHide || !texts.some(isMark)) return texts;
  return texts.map((text) => (isMark(text) ? undefined : text));
}
