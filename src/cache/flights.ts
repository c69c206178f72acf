import { weakened } from '../support/weakened.js';
import { joinStamps } from './entry.js';

/**
 * Loads under way. Two requests share one only if they saw the same stamps: then no invalidation has ended since the
 * first acquired them, and its load, which began later, is as good as one's own. Joining by key alone would give a
 * reader a value from before a write that was acknowledged before it asked.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Promise<T>>();

  /** The load under way for `key` under exactly these stamps, else what `start` begins. */
  join(key: string, stamps: readonly string[], start: () => Promise<T>): Promise<T> {
    const id = weakened.stampsOfFlight ? key : `${key} ${joinStamps(stamps)}`;
    const known = this.#flights.get(id);
    if (known) return known;
    const flight = start();
    this.#flights.set(id, flight);
    const land = (): void => {
      this.#flights.delete(id);
    };
    flight.then(land, land);
    return flight;
  }

  /** How many loads are under way. */
  get size(): number {
    return this.#flights.size;
  }
}
