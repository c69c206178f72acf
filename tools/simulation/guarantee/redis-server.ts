import type { Random } from '../../../test/support/random.js';
import type { Clock } from '../../../src/support/clock.js';

type Value = string | Set<string> | Map<string, number>;

interface Kept {
  readonly value: Value;
  /** By the clock of the server; Infinity for what has no expiry. */
  readonly expiresAt: number;
}

/** All that a server has, or had when it was copied. */
export type Contents = ReadonlyMap<string, Kept>;

/** One process of Redis: it does one thing at a time. */
export class RedisServer {
  /** The name that it gave itself when it started. */
  readonly runId: string;
  /** By how much its clock is off. */
  clockOffsetMs = 0;
  /** As after a failed snapshot: reads are answered, writes are not. */
  refusesWrites = false;
  readonly #clock: Clock;
  readonly #kept: Map<string, Kept>;

  constructor(clock: Clock, number: number, contents: Contents = new Map()) {
    this.#clock = clock;
    this.runId = number.toString(16).padStart(40, '0');
    this.#kept = new Map(
      [...contents].map(([key, { value, expiresAt }]) => [key, { value: cloned(value), expiresAt }]),
    );
  }

  get replicationId(): string {
    return `f${this.runId.slice(1)}`;
  }

  get nowMs(): number {
    return this.#clock.now() + this.clockOffsetMs;
  }

  get contents(): Contents {
    return new Map([...this.#kept].map(([key, { value, expiresAt }]) => [key, { value: cloned(value), expiresAt }]));
  }

  info(section: string | undefined): string {
    if (section === 'replication') return `role:master\r\nmaster_replid:${this.replicationId}\r\n`;
    return `redis_version:7.4.0\r\nrun_id:${this.runId}\r\n`;
  }

  time(): string[] {
    return [String(Math.floor(this.nowMs / 1000)), String((this.nowMs % 1000) * 1000)];
  }

  text(key: string): string | undefined {
    const value = this.#valueAt(key);
    return typeof value === 'string' ? value : undefined;
  }

  set(key: string, text: string, expiresAt = Infinity): void {
    this.#assertWritable();
    this.#kept.set(key, { value: text, expiresAt });
  }

  unlink(key: string): void {
    this.#assertWritable();
    this.#kept.delete(key);
  }

  /** The members of a set that may be changed; it is there from now on. */
  members(key: string): Set<string> {
    this.#assertWritable();
    return this.#containerAt(key, () => new Set<string>(), isSet);
  }

  /** The members of a sorted set with their scores. */
  scores(key: string): Map<string, number> {
    this.#assertWritable();
    return this.#containerAt(key, () => new Map<string, number>(), isMap);
  }

  /** The members of a set or sorted set that may not be there. */
  listed(key: string): readonly string[] {
    const value = this.#valueAt(key);
    return value === undefined || typeof value === 'string' ? [] : [...value.keys()];
  }

  /** A key that nobody dropped is not there any more: one with an expiry, where only those may go. */
  evict(random: Random, onlyVolatile: boolean): void {
    const keys = [...this.#kept].filter(([, { expiresAt }]) => !onlyVolatile || expiresAt < Infinity);
    if (keys.length > 0) this.#kept.delete(random.oneOf(keys)[0]);
  }

  /** FLUSHALL. */
  clear(): void {
    this.#kept.clear();
  }

  #containerAt<T extends Value>(key: string, make: () => T, is: (value: Value | undefined) => value is T): T {
    const value = this.#valueAt(key);
    if (is(value)) return value;
    const made = make();
    this.#kept.set(key, { value: made, expiresAt: Infinity });
    return made;
  }

  #valueAt(key: string): Value | undefined {
    const kept = this.#kept.get(key);
    return kept && kept.expiresAt > this.nowMs ? kept.value : undefined;
  }

  #assertWritable(): void {
    if (this.refusesWrites) throw new Error('MISCONF Redis is configured to save snapshots, but is not able to');
  }
}

function cloned(value: Value): Value {
  if (typeof value === 'string') return value;
  return isSet(value) ? new Set(value) : new Map(value);
}

function isSet(value: Value | undefined): value is Set<string> {
  return value instanceof Set;
}

function isMap(value: Value | undefined): value is Map<string, number> {
  return value instanceof Map;
}
