import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CircuitBreaker, type CircuitState, type Ticket } from '../../../src/store/circuit-breaker.js';
import { FakeClock } from '../../../src/testing/index.js';

const backoff = { firstMs: 100, longestMs: 400 };

function breakerOf(failures: number): { clock: FakeClock; breaker: CircuitBreaker } {
  const clock = new FakeClock();
  return { clock, breaker: new CircuitBreaker({ clock, failures, backoff }) };
}

function ticketOf(breaker: CircuitBreaker): Ticket {
  const ticket = breaker.enter();
  expect(ticket).to.not.equal(undefined);
  return ticket!;
}

describe('CircuitBreaker', () => {
  it('lets everything pass until so many failures in a row', () => {
    const { breaker } = breakerOf(3);
    for (const outcome of ['fail', 'fail', 'succeed', 'fail', 'fail'] as const) {
      if (outcome === 'fail') breaker.failed(ticketOf(breaker));
      else breaker.succeeded(ticketOf(breaker));
      expect(breaker.state).to.equal('closed');
    }
    breaker.failed(ticketOf(breaker));
    expect(breaker.state).to.equal('open');
    expect(breaker.enter()).to.equal(undefined);
  });

  it('lets one attempt pass after the wait, and closes when that succeeds', () => {
    const { breaker, clock } = breakerOf(1);
    breaker.failed(ticketOf(breaker));
    clock.advance(99);
    expect(breaker.enter()).to.equal(undefined);
    clock.advance(1);
    expect(breaker.state).to.equal('half-open');
    const probe = ticketOf(breaker);
    expect(breaker.enter(), 'a second attempt').to.equal(undefined);
    breaker.succeeded(probe);
    expect(breaker.state).to.equal('closed');
  });

  it('waits twice as long after each failed attempt, up to the limit, and starts anew after a success', () => {
    const { breaker, clock } = breakerOf(1);
    const waits: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      breaker.failed(ticketOf(breaker));
      waits.push(waitUntilHalfOpen(breaker, clock));
    }
    breaker.succeeded(ticketOf(breaker));
    breaker.failed(ticketOf(breaker));
    waits.push(waitUntilHalfOpen(breaker, clock));
    expect(waits).to.deep.equal([100, 200, 400, 400, 400, 100]);
  });

  it('closes on other evidence, and then ignores its timer', () => {
    const { breaker, clock } = breakerOf(1);
    breaker.failed(ticketOf(breaker));
    breaker.close();
    expect(breaker.state).to.equal('closed');
    expect(clock.scheduled).to.equal(0);
  });

  it('is not held open by a wall clock that is set back', () => {
    const { breaker, clock } = breakerOf(1);
    breaker.failed(ticketOf(breaker));
    clock.set(clock.now() - 3_600_000);
    clock.advance(100);
    expect(breaker.state).to.equal('half-open');
  });

  it('keeps its promises in every order of seven events', () => {
    const events = ['enter', 'first succeeds', 'last succeeds', 'first fails', 'last fails', 'time'] as const;
    const length = 7;
    for (let number = 0; number < events.length ** length; number += 1) {
      const history = new History();
      for (let rest = number, step = 0; step < length; step += 1, rest = Math.floor(rest / events.length)) {
        history.apply(events[rest % events.length]!);
      }
    }
  });
});

function waitUntilHalfOpen(breaker: CircuitBreaker, clock: FakeClock): number {
  const start = clock.now();
  while (breaker.state === 'open') clock.advance(1);
  return clock.now() - start;
}

/** An attempt under way, and the period (time between two changes of state) in which it began. */
interface Attempt {
  readonly ticket: Ticket;
  readonly period: number;
}

/** Applies events to a breaker that opens at the second failure in a row, and checks after each what must hold. */
class History {
  readonly #clock = new FakeClock();
  readonly #breaker = new CircuitBreaker({ clock: this.#clock, failures: 2, backoff });
  readonly #attempts: Attempt[] = [];
  #lastState: CircuitState = 'closed';
  #period = 0;
  #failuresInRow = 0;
  #entered = 0;
  #log = '';

  apply(event: string): void {
    this.#log += `${event}, `;
    const before = this.#breaker.state;
    if (event === 'enter') this.#enter(before);
    else if (event === 'time') this.#passTime(before);
    else this.#finish(event);
    this.#check(
      this.#clock.scheduled === (this.#breaker.state === 'open' ? 1 : 0),
      'a timer runs while open, and only then',
    );
  }

  #enter(state: CircuitState): void {
    const ticket = this.#breaker.enter();
    const allowed = state === 'closed' || (state === 'half-open' && this.#entered === 0);
    this.#check((ticket !== undefined) === allowed, `entering while ${state}`);
    this.#check(this.#breaker.state === state, 'entering changes no state');
    if (ticket === undefined) return;
    this.#entered += 1;
    this.#attempts.push({ ticket, period: this.#period });
  }

  #passTime(before: CircuitState): void {
    this.#clock.advance(backoff.longestMs);
    this.#expect(before === 'open' ? 'half-open' : before, 'the longest wait');
  }

  #finish(event: string): void {
    const attempt = event.startsWith('first') ? this.#attempts.shift() : this.#attempts.pop();
    if (!attempt) return;
    const success = event.endsWith('succeeds');
    const before = this.#breaker.state;
    if (success) this.#breaker.succeeded(attempt.ticket);
    else this.#breaker.failed(attempt.ticket);
    if (attempt.period !== this.#period) this.#expect(before, 'the outcome of an attempt of an earlier period');
    else if (success) this.#expect('closed', 'a success');
    else {
      this.#failuresInRow += 1;
      this.#expect(before === 'half-open' || this.#failuresInRow === 2 ? 'open' : before, 'a failure');
    }
    if (success && attempt.period === this.#period) this.#failuresInRow = 0;
  }

  #expect(state: CircuitState, after: string): void {
    this.#check(this.#breaker.state === state, `${after} leads to ${state}, not ${this.#breaker.state}`);
    if (state === this.#lastState) return;
    this.#lastState = state;
    this.#period += 1;
    this.#failuresInRow = 0;
    this.#entered = 0;
  }
  #check(holds: boolean, what: string): void {
    if (!holds) throw new Error(`${what}; after ${this.#log}`);
  }
}
