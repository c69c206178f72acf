import type { SimulatedDatabase, State } from './simulated-database.js';
import type { StoredRow } from './sql.js';

/** By what a read learns of a row: by its key, from the list of a part, or from the count of a part. */
export type Way = 'row' | `list ${number}` | `count ${number}`;

/** What a row may have been while a read ran that learned of it in this way. */
export type Versions = (way: Way, id: number) => readonly (StoredRow | undefined)[];

/** Whether a read may have been answered so. */
export type Judge = (versions: Versions) => boolean;

/** A read that is under way. */
export interface StartedRead {
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
  readonly #isOwnOnly: boolean;

  /** `isOwnOnly`: a process is promised to see its own writes, and no more, since drops may get lost on the way. */
  constructor(database: SimulatedDatabase, processes: number, isOwnOnly: boolean) {
    this.#database = database;
    this.#floors = Array.from({ length: processes }, () => new Map<string, number>());
    this.#isOwnOnly = isOwnOnly;
  }

  /** The number of states that there are now, none of which a write that begins now has made. */
  get now(): number {
    return this.#database.states.length;
  }

  /** Notes that a write was acknowledged to a process; `isDone` tells whether a state is from after it, given the one before. */
  acknowledge(process: number, since: number, isDone: (state: State, before: State) => boolean): void {
    this.writes += 1;
    const { states } = this.#database;
    const made = states.findIndex((state, index) => index >= since && isDone(state, states[index - 1] ?? new Map()));
    const [before, after] = [states[made - 1], states[made]];
    if (!before || !after) return; // there was nothing to write
    const ids = [...new Set([...before.keys(), ...after.keys()])].filter((id) => before.get(id) !== after.get(id));
    const touched = ids.flatMap((id) => waysOf(before.get(id), after.get(id)).map((way) => `${way} ${id}`));
    for (const seer of this.#isOwnOnly ? [process] : this.#floors.keys()) {
      for (const place of touched) this.#raise(seer, place, made);
    }
  }

  /** From now on everybody must see whatever was committed: all that was on its way has arrived. */
  settle(ids: readonly number[], parts: readonly number[]): void {
    const ways: Way[] = ['row', ...parts.flatMap((part): Way[] => [`list ${part}`, `count ${part}`])];
    for (const seer of this.#floors.keys()) {
      for (const way of ways) for (const id of ids) this.#raise(seer, `${way} ${id}`, this.now - 1);
    }
  }

  begin(process: number, what: string): StartedRead {
    return { what: `p${process} ${what}`, floors: new Map(this.#floors[process]) };
  }

  end({ what, floors }: StartedRead, answer: unknown, judge: Judge): void {
    this.reads += 1;
    const { states } = this.#database;
    const versions: Versions = (way, id) => [
      ...new Set(states.slice(floors.get(`${way} ${id}`) ?? 0).map((state) => state.get(id))),
    ];
    if (judge(versions)) return;
    const known = [...(states.at(-1)?.entries() ?? [])].map(([id, row]) => `${id}: ${JSON.stringify(row)}`);
    this.violations.push(
      `${what} gave ${JSON.stringify(answer)}, with ${known.join(' and ') || 'no rows'} in the database`,
    );
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
