import { StoreUnavailableError } from '../../errors.js';
import { elapsed, type Clock } from '../../support/clock.js';
import { weakened } from '../../support/weakened.js';
import { Deadline } from '../../support/deadline.js';
import type { GateClient } from './gate-client.js';
import { parseGate, type GateText } from './gate-text.js';
import { factIn } from '../redis-facts.js';
import { RedisInstance } from './redis-instance.js';
import { renewScript } from './renew-script.js';
import { WriteMarks } from './write-marks.js';

/** How long an answer of Redis is waited for. */
const longestWaitMs = 250;

export interface RedisGateOptions {
  readonly client: GateClient;
  readonly key: string;
  readonly clock: Clock;
  /** How long an open gate stays open without being renewed, where this process grants it. */
  readonly windowMs: number;
}

/** What a process of Redis says of itself. */
export interface GateLook {
  /** The process, and the history of its data: it is another one after each promotion and each restart. */
  readonly runId: string;
  readonly replicationId: string;
  /** Its time, in ms since 1970. */
  readonly nowMs: number;
  /** The connection that it answered on. */
  readonly connection: number;
  /** When it was asked, by the clock of this process that nobody sets. */
  readonly askedAt: number;
}

/**
 * What renewing came to: `late` where the gate would be over already, `moved` where another process answered, `lost`
 * where everything that was in it is gone.
 */
export type Renewal = 'renewed' | 'late' | 'moved' | 'lost';

/** A key that is there, with a text, as long as nothing was lost. */
export interface Witness {
  readonly key: string;
  readonly text: string;
}

/**
 * The gate of one cache in Redis: a key that ends by itself unless a relay renews it. While it is valid on the process
 * that answers, everything that was committed before its last `windowMs` has been dropped there, and no other process
 * has a valid one.
 */
export class RedisGate {
  readonly key: string;
  /** How long a gate lives that this process grants. */
  readonly ownWindowMs: number;
  /** How long it lives as it is granted now, as far as this process knows. */
  windowMs: number;
  /** Where in its Redis the gate is: the number of the database, and what the client puts before every key. */
  readonly place: string;
  readonly instance: RedisInstance;
  readonly marks: WriteMarks;
  /** How often an open gate was found closed. */
  lapses = 0;
  readonly #client: GateClient;
  readonly #clock: Clock;
  readonly #deadline: Deadline;
  #seen: { readonly text: string; readonly gate: GateText | undefined; readonly at: number } | undefined;
  #isOpen = false;

  constructor({ client, key, clock, windowMs }: RedisGateOptions) {
    this.key = key;
    this.ownWindowMs = windowMs;
    this.windowMs = windowMs;
    const { db = 0, keyPrefix = '' } = client.options ?? {};
    this.place = `${db}:${keyPrefix}`;
    this.instance = new RedisInstance(client);
    this.#client = client;
    this.#clock = clock;
    this.#deadline = new Deadline(clock, longestWaitMs);
    this.marks = new WriteMarks({ client, gateKey: key, clock, longestWaitMs });
  }

  /** Whether the gate was valid when it was last looked at. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * The epoch of a gate that was read while the client had this connection, and has it still; undefined where it is not
   * valid. NOTE: ask before anything else is awaited.
   */
  epochIn(text: string | undefined, connection: number): string | undefined {
    const gate = text === undefined ? undefined : this.#parse(text);
    const epoch = gate && this.#isValid(gate, connection) ? gate.epoch : undefined;
    if (epoch === undefined && this.#isOpen) this.lapses += 1;
    this.#isOpen = epoch !== undefined;
    if (weakened.gateAtHit || (weakened.epochInEntry && epoch !== undefined)) return 'any';
    return epoch;
  }

  /** Asks the process that answers now who it is and what time it has. */
  async look(): Promise<GateLook> {
    const { connection } = this.instance;
    const askedAt = elapsed(this.#clock);
    const [time, facts] = await this.#answers(() => this.#client.pipeline());
    const runId = factIn(String(facts), 'run_id');
    const replicationId = factIn(String(facts), 'master_replid');
    const nowMs = toMs(time);
    if (runId === undefined || replicationId === undefined || nowMs === undefined) throw this.#unusable();
    await this.instance.known();
    if (this.instance.connection !== connection) throw new StoreUnavailableError('The connection to Redis changed');
    return { runId, replicationId, nowMs, connection, askedAt };
  }

  /**
   * Keeps the gate open for a time from `look` on; with a witness, only where that is there. Rejects where it is not
   * known whether that worked.
   *
   * NOTE: Redis says too whether the time is over, but by a clock that somebody may have set back since `look`.
   */
  async renew(
    look: GateLook,
    { epoch, beat, windowMs }: { readonly epoch: string; readonly beat: string; readonly windowMs: number },
    witness?: Witness,
  ): Promise<Renewal> {
    const isOver = elapsed(this.#clock) - look.askedAt >= windowMs;
    if (isOver && !weakened.deadlineBeforeCheck) return 'late';
    const fromMs = weakened.deadlineBeforeCheck ? (await this.look()).nowMs : look.nowMs;
    const words = [look.runId, look.replicationId, epoch, beat, String(fromMs + windowMs)];
    const keys = [this.key, ...(witness ? [witness.key] : [])];
    if (witness) words.push(witness.text);
    const answer = await this.#deadline.race(this.#client.eval(renewScript, keys.length, ...keys, ...words));
    return renewals[String(answer)] ?? 'moved';
  }

  #parse(text: string): GateText | undefined {
    if (this.#seen?.text !== text) this.#seen = { text, gate: parseGate(text), at: elapsed(this.#clock) };
    return this.#seen.gate;
  }

  /** NOTE: Redis ends a gate by its own wall clock. If somebody sets that back, the beat tells that nobody renews it. */
  #isValid({ runId }: GateText, connection: number): boolean {
    const isSame = connection === this.instance.connection && runId === this.instance.runId;
    const isAlive = elapsed(this.#clock) - (this.#seen?.at ?? 0) <= this.windowMs;
    return (isSame || weakened.runId) && (isAlive || weakened.beat);
  }

  async #answers(pipeline: () => ReturnType<GateClient['pipeline']>): Promise<readonly unknown[]> {
    const queued = pipeline();
    queued.time();
    queued.info('server');
    queued.info('replication');
    const replies = await this.#deadline.race(queued.exec());
    const [time, server, replication] = (replies ?? []).map(([error, value]) => {
      if (error) throw error;
      return value;
    });
    return [time, `${String(server)}\n${String(replication)}`];
  }

  #unusable(): StoreUnavailableError {
    return new StoreUnavailableError(this.instance.obstacle ?? 'Redis did not say which process it is');
  }
}

const renewals: Readonly<Record<string, Renewal>> = { '1': 'renewed', '0': 'late', '-2': 'lost' };

/** The answer of TIME: seconds and microseconds. */
function toMs(time: unknown): number | undefined {
  if (!Array.isArray(time)) return undefined;
  const [seconds, micros] = time.map(Number);
  return seconds === undefined || micros === undefined ? undefined : seconds * 1000 + Math.floor(micros / 1000);
}
