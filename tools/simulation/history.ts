import type { SimulatedDatabase, State } from './simulated-database.js';
import type { StoredRow } from './sql.js';

/** By what a read learns of a row: by its key, from the list of a part, or from the count of a part. */
export type Way = 'row' | `list ${number}` | `count ${number}`;

/** What a row may have been while a read ran that learned of it in this way. */
export type Versions = (way: Way, id: number) => readonly (StoredRow | undefined)[];

/** What judges a read: what rows may have been, and whether one of these is what the read says. */
export interface Seen {
  readonly versions: Versions;
  readonly fits: (way: Way, id: number, is: (row: StoredRow | undefined) => boolean) => boolean;
}

/** Whether a read may have been answered so. */
export type Judge = (seen: Seen) => boolean;

/** What is promised. P1 and P4 are, unless something else is said. */
export interface Promised {
  /** A process is promised to see its own writes, and no more, since drops may get lost on the way. */
  readonly isOwnOnly?: boolean;
  /** P2: so long after any commit everybody sees it. */
  readonly latestMs?: number | undefined;
  /** Nothing is promised sooner than that. */
  readonly isLate?: boolean;
  /** Of whom nothing is judged now. */
  readonly isExcused?: (process: number) => boolean;
  /** P3: what one read has told of writes of the library, every later one tells too. */
  readonly isStrict?: boolean;
  /** The time. */
  readonly now?: () => number;
}

/** Who writes past the library. */
export const plainWriter = 'sql';

/** A read that is under way. */
export interface StartedRead {
  readonly process: number;
  readonly isExcused: boolean;
  readonly what: string;
  /** The oldest state that each row may be read from, by the way. */
  readonly floors: ReadonlyMap<string, number>;
}

/**
 * Knows which writes have been acknowledged, and judges every read by the states that the database had. Each row is
 * judged alone, and for each way on which reads learn of it: of two writes the later one may be acknowledged, and seen,
 * before the earlier one, and it need not touch all that the earlier one did.
 */
export class History {
  readonly violations: string[] = [];
  reads = 0;
  writes = 0;
  readonly #database: SimulatedDatabase;
  /** For each process, by way and row, the newest state whose write was acknowledged. */
  readonly #floors: readonly Map<string, number>[];
  readonly #promised: Promised;
  /** The newest state that everybody sees, since it is old enough. */
  #hardened = 0;

  constructor(database: SimulatedDatabase, processes: number, promised: Promised) {
    this.#database = database;
    this.#floors = Array.from({ length: processes }, () => new Map<string, number>());
    this.#promised = promised;
  }

  /** The number of states that there are now, none of which a write that begins now has made. */
  get now(): number {
    return this.#database.states.length;
  }

  /** Notes that a write was acknowledged to a process; `isDone` tells whether a state is from after it, given the one before. */
  acknowledge(process: number, since: number, isDone: (state: State, before: State) => boolean): void {
    this.writes += 1;
    const { states, commits } = this.#database;
    const isOwn = (index: number): boolean => commits[index]?.by === `p${process}`;
    const made = states.findIndex(
      (state, index) => index >= since && isOwn(index) && isDone(state, states[index - 1] ?? new Map()),
    );
    if (this.#promised.isLate) return;
    this.#raiseAll(made, this.#promised.isOwnOnly ? [process] : this.#floors.keys());
  }

  /** From now on everybody must see whatever was committed: all that was on its way has arrived. */
  settle(ids: readonly number[], parts: readonly number[]): void {
    const ways: Way[] = ['row', ...parts.flatMap((part): Way[] => [`list ${part}`, `count ${part}`])];
    for (const seer of this.#floors.keys()) {
      for (const way of ways) for (const id of ids) this.#raise(seer, `${way} ${id}`, this.now - 1);
    }
  }

  begin(process: number, what: string): StartedRead {
    this.#harden();
    const isExcused = this.#promised.isExcused?.(process) ?? false;
    return { process, isExcused, what: `p${process} ${what}`, floors: new Map(this.#floors[process]) };
  }

  end({ process, isExcused, what, floors }: StartedRead, answer: unknown, judge: Judge): void {
    this.reads += 1;
    if (isExcused || this.#promised.isExcused?.(process)) return;
    const { states } = this.#database;
    const floorOf = (way: Way, id: number): number => floors.get(`${way} ${id}`) ?? 0;
    const told: number[] = [];
    const isRight = judge({
      versions: (way, id) => [...new Set(states.slice(floorOf(way, id)).map((state) => state.get(id)))],
      fits: (way, id, is) => {
        const floor = floorOf(way, id);
        const place = states.findIndex((state, index) => index >= floor && is(state.get(id)));
        if (place > floor) told.push(place);
        return place !== -1;
      },
    });
    if (isRight) this.#note(told);
    else this.#accuse(what, answer);
  }

  #accuse(what: string, answer: unknown): void {
    const known = [...this.#database.current.entries()].map(([id, row]) => `${id}: ${JSON.stringify(row)}`);
    this.violations.push(
      `${what} gave ${JSON.stringify(answer)}, with ${known.join(' and ') || 'no rows'} in the database`,
    );
  }

  /** Where the oldest state that a read can have told of has come after what its reader knew, everybody sees it from now on. */
  #note(states: readonly number[]): void {
    if (!this.#promised.isStrict) return;
    for (const state of states) {
      if (this.#database.commits[state]?.by !== plainWriter) this.#raiseAll(state, this.#floors.keys());
    }
  }

  /** What was committed long ago everybody sees. */
  #harden(): void {
    const { latestMs, now } = this.#promised;
    if (latestMs === undefined || !now) return;
    const { commits } = this.#database;
    const limit = now() - latestMs;
    while ((commits[this.#hardened + 1]?.atMs ?? Infinity) <= limit) {
      this.#hardened += 1;
      this.#raiseAll(this.#hardened, this.#floors.keys());
    }
  }

  /** What a state has made of the one before it these processes must see. */
  #raiseAll(made: number, seers: Iterable<number>): void {
    const { states } = this.#database;
    const [before, after] = [states[made - 1], states[made]];
    if (!before || !after) return; // there was nothing to write
    const ids = [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id));
    const touched = ids.flatMap((id) => waysOf(before.get(id), after.get(id)).map((way) => `${way} ${id}`));
    for (const seer of seers) for (const place of touched) this.#raise(seer, place, made);
  }

  #raise(process: number, place: string, state: number): void {
    const floors = this.#floors[process];
    floors?.set(place, Math.max(floors.get(place) ?? 0, state));
  }
}

/** On which ways a change of a row must be seen. */
function waysOf(before: StoredRow | undefined, after: StoredRow | undefined): Way[] {
  const parts = [...new Set([before, after].flatMap((row) => (row ? [row[1]] : [])))];
  const lists = parts.map((part): Way => `list ${part}`);
  const isMoved = before?.[1] !== after?.[1];
  return ['row', ...lists, ...(isMoved ? parts.map((part): Way => `count ${part}`) : [])];
}
