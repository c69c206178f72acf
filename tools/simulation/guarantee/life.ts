import type { Clock } from '../../../src/support/clock.js';
import type { Host, SimulatedConnection } from '../simulated-postgres.js';
import type { Scheduler } from '../scheduler.js';
import type { SimulatedRedisClient } from './redis-client.js';

/**
 * A process from its start to its death. After that nothing reaches it: no answer, no timer, no step of its own. What it
 * had sent may still be done.
 */
export class Life implements Host {
  readonly name: string;
  readonly connections = new Set<SimulatedConnection>();
  readonly clock: Clock;
  /** Resolves when it dies. */
  readonly death: Promise<void>;
  redis: SimulatedRedisClient | undefined;
  isDead = false;
  /** Until when each step of its relay takes long, and how long at most. */
  #slow = { until: 0, longestMs: 0 };
  readonly #held = new Set<() => void>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #wasIdleUntil = Number.NEGATIVE_INFINITY;
  readonly #scheduler: Scheduler;
  #tellDeath: () => void = () => undefined;

  constructor(name: string, scheduler: Scheduler, clock: Clock) {
    this.name = name;
    this.#scheduler = scheduler;
    this.death = new Promise((resolve) => (this.#tellDeath = resolve));
    this.clock = {
      now: () => clock.now(),
      schedule: (delayMs, task) =>
        clock.schedule(delayMs, () => {
          if (!this.isDead) task();
        }),
    };
  }

  /** Resolves when the scheduler picks it, unless the process is dead by then. */
  until(what: string): Promise<void> {
    return new Promise((resolve) => {
      this.#scheduler.when(`${this.name} ${what}`, () => {
        if (!this.isDead) resolve();
      });
    });
  }

  /** From now on, for so long, each step of its relay may take as long as is said. */
  slowRelayDown(forMs: number, longestMs: number): void {
    this.#slow = { until: this.clock.now() + forMs, longestMs };
  }

  /** Resolves when its relay takes the next step. */
  relayGoesOn(): Promise<void> {
    const { until, longestMs } = this.#slow;
    return this.clock.now() < until ? this.pause(this.#scheduler.random.below(longestMs)) : Promise.resolve();
  }

  /** Resolves after so long, or when all is calm, unless the process is dead by then. */
  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#held.add(resolve);
      this.clock.schedule(ms, () => {
        this.#held.delete(resolve);
        resolve();
      });
    });
  }

  /** Nothing is held up any more. */
  calmDown(): void {
    this.#slow = { until: 0, longestMs: 0 };
    for (const goOn of this.#held) goOn();
    this.#held.clear();
  }

  /** It has looked at the gate; where it had not for a window before, it may take for alive what it sees for as long. */
  looked(windowMs: number): void {
    const now = this.clock.now();
    if (now - this.#lookedAt > windowMs) this.#wasIdleUntil = now + windowMs;
    this.#lookedAt = now;
  }

  /** Whether it had not looked at the gate for a window, a window ago. */
  get wasIdle(): boolean {
    return this.clock.now() <= this.#wasIdleUntil;
  }

  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#scheduler.note(`${this.name} dies`);
    for (const connection of this.connections) connection.abandon();
    this.redis?.cut(0);
    this.#tellDeath();
  }
}
