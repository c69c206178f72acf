import type { OwnConnection } from '../database/own-connection.js';
import { StoreUnavailableError } from '../errors.js';
import type { GateLook, RedisGate } from '../store/gate/redis-gate.js';
import { elapsed, type Clock } from '../support/clock.js';
import { weakened } from '../support/weakened.js';
import type { GateAsk, OpenGate } from './consumer.js';
import { GateRow, type GateState } from './gate-row.js';

export interface GateKeeperOptions {
  readonly gate: RedisGate;
  readonly clock: Clock;
  readonly schema: string;
  readonly prefix: string;
  /** Where the name of the cache is, without which the gate is not renewed: who lost it lost the marks of writers too. */
  readonly witnessKey?: string | undefined;
  /** Called when the gate lives for another time than this process was told. */
  readonly hasOtherWindow?: ((windowMs: number) => void) | undefined;
}

/** So long at least who leads puts up with the window of another process, once it tried to have its own. */
const patientForMs = 600_000;

/** The waits of the protocol allow for clocks that run at rates up to 5 % apart. */
export function longestGateMs(windowMs: number): number {
  return windowMs * 1.05 + 50;
}

/**
 * Keeps the gate of this process' Redis open, as a part of the relay's work.
 *
 * Invariants: the gate's end is counted by the clock of Redis from a moment before the database was asked whether it is
 * still granted, and what was visible then was dropped before it is renewed. Who takes the gate over waits until every
 * gate that was opened under the row before has ended: for as long as the row says that they live, whatever this process
 * was told.
 */
export class GateKeeper {
  readonly #options: GateKeeperOptions;
  /** When the gate was last known to be renewed, by this process or another. */
  #renewedAt = Number.NEGATIVE_INFINITY;
  #beat: string | undefined;
  #last: GateLook | undefined;
  /** What was seen of the row that is not granted to this Redis, and since when it is like that. */
  #watched: { readonly state: string; readonly since: number } | undefined;
  /** The connection and process for which the row was taken over without waiting that it stands still. */
  #claimed: string | undefined;
  /** When this process closed the gate last since it lived for another time than this process was told. */
  #insistedAt = Number.NEGATIVE_INFINITY;
  takeOvers = 0;

  constructor(options: GateKeeperOptions) {
    this.#options = options;
  }

  get #now(): number {
    return elapsed(this.#options.clock);
  }

  /** How long the relay may sleep at most so that the gate does not close meanwhile. */
  get patienceMs(): number {
    return Math.ceil(this.#options.gate.windowMs / 4);
  }

  /** Whether the gate has to be renewed now; one who does not lead leaves it to the leader for longer. */
  isDue(leads: boolean): boolean {
    return this.#now - this.#renewedAt >= this.patienceMs * (leads ? 1 : 2);
  }

  /** What Redis says of itself, asked now where the gate is to be renewed or that is not known of this connection. */
  async look(isDue: boolean): Promise<GateLook> {
    const { gate } = this.#options;
    if (!isDue && this.#last?.connection === gate.instance.connection) return this.#last;
    this.#last = await gate.look();
    return this.#last;
  }

  ask(look: GateLook, beats: boolean): GateAsk {
    return { prefix: this.#options.prefix, instance: this.#instanceOf(look), beats };
  }

  /** Notes that the database says that the gate is granted, and whether the beat was counted by this process. */
  granted({ beat, windowMs }: OpenGate, isOwnBeat: boolean): void {
    this.#watched = undefined;
    this.#noteWindow(windowMs);
    if (isOwnBeat) return;
    if (this.#beat !== undefined && this.#beat !== beat) this.#renewedAt = this.#now; // another process renews it
    this.#beat = beat;
  }

  /** Keeps it open, after everything was dropped that was visible when the database was asked. */
  async renew(look: GateLook, gate: OpenGate, cacheName: string): Promise<void> {
    const startedAt = this.#now;
    this.assertSame(look);
    const { witnessKey } = this.#options;
    const witness = witnessKey === undefined || weakened.witness ? undefined : { key: witnessKey, text: cacheName };
    const renewal = await this.#options.gate.renew(look, gate, witness);
    if (renewal === 'moved') this.#last = undefined;
    if (renewal !== 'renewed') throw new StoreUnavailableError(`The gate could not be renewed: Redis has ${renewal}`);
    this.#renewedAt = startedAt;
    this.#beat = gate.beat;
  }

  /** The gate where it is granted to this Redis as it should be; otherwise undefined, after a step towards that. */
  async accepted(
    gate: OpenGate | undefined,
    { own, leads }: { readonly own: OwnConnection; readonly leads: boolean },
    look: GateLook,
  ): Promise<OpenGate | undefined> {
    if (!gate) await this.#claim(own, look);
    else if (!leads || !this.#insists(gate)) return gate;
    else await this.#regrant(own, look);
    return undefined;
  }

  /**
   * Whether the gate is to be granted anew since it lives for another time than this process was told. Not often, so that
   * two with different windows do not take turns all the time.
   */
  #insists({ windowMs }: OpenGate): boolean {
    return windowMs !== this.#options.gate.ownWindowMs && this.#now - this.#insistedAt >= patientForMs;
  }

  /** Closes the gate, so that whoever grants it next says how long it lives. */
  async #regrant(own: OwnConnection, look: GateLook): Promise<void> {
    this.#insistedAt = this.#now;
    const { schema, prefix } = this.#options;
    const row = new GateRow(own, schema, prefix);
    const instance = this.#instanceOf(look);
    const state = await row.read();
    if (state?.instance === instance) await row.takeOver(state, instance);
  }

  #noteWindow(windowMs: number): void {
    const { gate, hasOtherWindow } = this.#options;
    gate.windowMs = windowMs;
    if (windowMs !== gate.ownWindowMs) hasOtherWindow?.(windowMs);
  }

  /** Takes away the marks of writers that ended without doing so. */
  async endWriters(own: OwnConnection): Promise<void> {
    if (weakened.endsWriters) return;
    const { marks } = this.#options.gate;
    for (const id of await marks.unended()) if (await hasEnded(own, id)) await marks.end(id);
  }

  /** Rejects what was dropped on another connection than that on which Redis said who it is. */
  assertSame({ connection }: GateLook): void {
    if (connection === this.#options.gate.instance.connection) return;
    throw new StoreUnavailableError('The connection to Redis changed');
  }

  /**
   * Goes a step towards the gate, where the database does not grant it to this Redis. Who has a new connection takes it
   * over at once; who does not, only where nobody renews it, so that two halves of a divided Redis do not take it from
   * one another all the time.
   */
  async #claim(own: OwnConnection, look: GateLook): Promise<void> {
    const { schema, prefix, gate } = this.#options;
    const row = new GateRow(own, schema, prefix);
    const instance = this.#instanceOf(look);
    const state = await row.read();
    if (!state) {
      await row.create(instance, gate.ownWindowMs);
      return;
    }
    const [standsForMs, waitMs] = [this.#standsFor(state), longestGateMs(state.windowMs)];
    if (state.instance === instance && !state.suspended) {
      const mayGrant = !state.granted && (standsForMs >= waitMs || weakened.waitAtTakeOver);
      if (mayGrant) await row.grant(state, gate.ownWindowMs);
      return;
    }
    const claim = `${look.connection} ${instance}`;
    if (this.#claimed === claim && standsForMs < 2 * waitMs && !state.suspended) return;
    this.#claimed = claim;
    if (await row.takeOver(state, instance)) this.takeOvers += 1;
  }

  /** NOTE: two databases of one process are two caches: what is dropped in one is not dropped in the other. */
  #instanceOf({ runId, replicationId }: GateLook): string {
    return `${runId}:${replicationId}:${this.#options.gate.place}`;
  }

  /** How long the row has been seen to be as it is: it was so when it was answered first, or longer. */
  #standsFor(state: GateState): number {
    const text = JSON.stringify(state);
    if (this.#watched?.state !== text) this.#watched = { state: text, since: this.#now };
    return this.#now - this.#watched.since;
  }
}

/** NOTE: an id that the database does not know any more is one of long ago; one that it does not know yet it refuses. */
async function hasEnded(own: OwnConnection, id: string): Promise<boolean> {
  try {
    const { rows } = await own.run({ text: 'SELECT pg_xact_status($1::xid8)', parameters: [id] });
    return rows[0]?.[0] !== 'in progress';
  } catch {
    return false;
  }
}
