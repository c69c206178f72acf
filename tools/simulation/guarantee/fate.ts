import type { Random } from '../../../test/support/random.js';
import type { SimulatedClock } from '../simulated-clock.js';
import type { Life } from './life.js';
import type { RedisFleet } from './redis-fleet.js';

/** What may go wrong besides what is lost on the way. */
export type Fault =
  | 'evict'
  | 'flush'
  | 'restart empty'
  | 'restart'
  | 'refuse writes'
  | 'cut off'
  | 'fail over'
  | 'slow relays'
  | 'kill'
  | 'set the clock back';

interface FateParts {
  readonly random: Random;
  readonly clock: SimulatedClock;
  readonly fleet: RedisFleet;
  /** The processes that live now. */
  readonly lives: () => readonly Life[];
  readonly note: (what: string) => void;
  readonly faults: readonly Fault[];
  readonly windowMs: number;
  /** Whether only keys with an expiry may be evicted. */
  readonly isStrict: boolean;
}

/** A fault comes so many windows after the one before, on average. */
const windowsApart = 3;
const longestSetBackMs = 20_000;
/** Relays are slow for so many windows, and each step may take as long. */
const slowWindows = 4;

/** Makes one thing after the other go wrong, as the seed says. */
export class Fate {
  readonly #parts: FateParts;
  #isOver = false;

  constructor(parts: FateParts) {
    this.#parts = parts;
  }

  begin(): void {
    const { windowMs } = this.#parts;
    this.#repeat(2 * windowsApart * windowMs, () => this.#strike());
    this.#repeat(windowMs, () => this.#parts.fleet.save());
  }

  /** Nothing goes wrong from now on, and what did is mended. */
  end(): void {
    this.#isOver = true;
    const { fleet } = this.#parts;
    fleet.endFormer();
    for (const server of fleet.servers) server.refusesWrites = false;
  }

  #repeat(longestMs: number, act: () => void): void {
    const { clock, random } = this.#parts;
    clock.schedule(random.below(longestMs), () => {
      if (this.#isOver) return;
      act();
      this.#repeat(longestMs, act);
    });
  }

  #strike(): void {
    const fault = this.#parts.random.oneOf(this.#parts.faults);
    this.#parts.note(`fault: ${fault}`);
    this.#inject(fault);
  }

  #inject(fault: Fault): void {
    const { fleet, random, isStrict, windowMs, lives } = this.#parts;
    switch (fault) {
      case 'evict':
        return fleet.current.evict(random, isStrict);
      case 'flush':
        return fleet.current.clear();
      case 'restart empty':
        return fleet.restart(false);
      case 'restart':
        return fleet.restart(true);
      case 'refuse writes':
        return this.#refuseWrites();
      case 'cut off':
        return random.oneOf(lives()).redis?.cut(random.below(3 * windowMs));
      case 'fail over':
        return this.#failOver();
      case 'slow relays':
        return this.#slowRelaysDown(slowWindows);
      case 'kill':
        return random.oneOf(lives()).die();
      case 'set the clock back':
        fleet.current.clockOffsetMs -= random.below(longestSetBackMs);
        return this.#slowRelaysDown(3 * slowWindows);
      default:
        return fault satisfies never;
    }
  }

  /** NOTE: all of them; while one is fast, it does the work of the others. */
  #slowRelaysDown(windows: number): void {
    const { lives, windowMs } = this.#parts;
    for (const life of lives()) life.slowRelayDown(windows * windowMs, windows * windowMs);
  }

  #refuseWrites(): void {
    const { fleet, clock, random, windowMs } = this.#parts;
    const server = fleet.current;
    server.refusesWrites = true;
    clock.schedule(random.below(2 * windowMs), () => (server.refusesWrites = false));
  }

  #failOver(): void {
    const { fleet, clock, random, windowMs } = this.#parts;
    fleet.failOver();
    clock.schedule(random.below(10 * windowMs), () => fleet.endFormer());
  }
}
