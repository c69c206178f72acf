import type { Clock } from '../support/clock.js';
import { Backoff, type BackoffLimits } from './backoff.js';

/** `closed`: all may pass; `open`: none; `half-open`: one may, and its outcome decides. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerOptions {
  readonly clock: Clock;
  /** So many failures in a row open the circuit. */
  readonly failures: number;
  readonly backoff: BackoffLimits;
}

/** Stands for one attempt, so that its outcome counts only for the state in which it began. */
export type Ticket = number;

/**
 * Spares callers the wait for something that does not work, and finds out when it works again.
 *
 * Invariant: every change of state makes all earlier tickets void, so an attempt that began before the change cannot
 * undo it. Time is only counted by timers: a wall clock that jumps cannot hold the circuit open.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #limit: number;
  readonly #backoff: Backoff;
  #state: CircuitState = 'closed';
  #ticket: Ticket = 1;
  #failures = 0;
  #probing = false;
  #cancelTimer: (() => void) | undefined;

  constructor({ clock, failures, backoff }: CircuitBreakerOptions) {
    this.#clock = clock;
    this.#limit = failures;
    this.#backoff = new Backoff(backoff);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** A ticket for an attempt that may be made now, to be given back to `succeeded` or `failed`; undefined for "no". */
  enter(): Ticket | undefined {
    if (this.#state === 'closed') return this.#ticket;
    if (this.#state === 'open' || this.#probing) return undefined;
    this.#probing = true;
    return this.#ticket;
  }

  succeeded(ticket: Ticket): void {
    if (ticket !== this.#ticket) return;
    this.#failures = 0;
    if (this.#state !== 'closed') this.close();
  }

  failed(ticket: Ticket): void {
    if (ticket !== this.#ticket) return;
    this.#failures += 1;
    if (this.#state === 'half-open' || this.#failures >= this.#limit) this.#open();
  }

  /** There is other evidence that it works again. */
  close(): void {
    this.#backoff.reset();
    this.#become('closed');
  }

  #open(): void {
    this.#become('open');
    this.#cancelTimer = this.#clock.schedule(this.#backoff.next(), () => this.#become('half-open'));
  }

  #become(state: CircuitState): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#state = state;
    this.#ticket += 1;
    this.#probing = false;
    this.#failures = 0;
  }
}
