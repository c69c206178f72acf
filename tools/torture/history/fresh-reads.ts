import type { Position } from './judged-case.js';
import type { ReadRecord, Time } from './records.js';

/** A read that shows less than one that had ended before it began. */
export interface OlderRead {
  readonly from: Time;
  readonly detail: string;
}

/** Numbers in a row, since there are millions of them: when reads began and ended, and the versions that they showed. */
interface Shown {
  readonly from: number[];
  readonly to: number[];
  readonly lowest: number[];
  readonly highest: number[];
}

/** What reads showed of each thing, to compare them with each other. */
export class FreshReads {
  readonly #shown = new Map<string, Shown>();

  add(read: ReadRecord, positions: readonly Position[]): void {
    for (const { what, lowest, highest } of positions) {
      const shown = this.#shown.get(what) ?? { from: [], to: [], lowest: [], highest: [] };
      this.#shown.set(what, shown);
      shown.from.push(read.from);
      shown.to.push(read.to);
      shown.lowest.push(lowest);
      shown.highest.push(highest);
    }
  }

  *olderThanEarlierReads(): Generator<OlderRead> {
    for (const [what, shown] of this.#shown) yield* olderOnes(what, shown);
  }
}

/** One sweep over the beginnings, with what had been shown by reads that had ended until then. */
function* olderOnes(what: string, { from, to, lowest, highest }: Shown): Generator<OlderRead> {
  const byEnd = orderOf(to);
  let ended = 0;
  let known = -1;
  for (const read of orderOf(from)) {
    const begin = at(from, read);
    while (ended < byEnd.length && at(to, at(byEnd, ended)) < begin) {
      known = Math.max(known, at(lowest, at(byEnd, ended)));
      ended += 1;
    }
    if (at(highest, read) >= known) continue;
    yield { from: begin, detail: `${what} is at its change ${at(highest, read)}, shown before was change ${known}` };
  }
}

function orderOf(times: readonly number[]): Uint32Array {
  return Uint32Array.from(times.keys()).sort((left, right) => at(times, left) - at(times, right));
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] ?? NaN;
}
