import { StateSet } from './state-set.js';

/** One thing that may happen next, and the state after it. */
export interface Step<State> {
  readonly what: string;
  readonly state: State;
  /** The promise that this step breaks, in words; undefined where it breaks none. */
  readonly violation?: string | undefined;
}

/** Something whose every behaviour is to be looked at. */
export interface System<State> {
  /** How many bytes a packed state takes. */
  readonly size: number;
  initial(): State;
  /** Everything that may happen next. */
  steps(state: State): Step<State>[];
  /** Writes a state in its canonical form: what no promise can tell apart is the same bytes. */
  pack(state: State, bytes: Uint8Array): void;
  unpack(bytes: Uint8Array): State;
}

export interface Exploration {
  /** Different states that were reached. */
  readonly states: number;
  /** False where the bound on states ended it before everything was seen. */
  readonly exhausted: boolean;
  readonly violation: Violation | undefined;
}

export interface Violation {
  readonly promise: string;
  /** The steps that lead there; there is no shorter way. */
  readonly trace: readonly string[];
}

/** Looks at every state that can be reached, those that are fewer steps away first, until a promise is broken. */
export function explore<State>(system: System<State>, maxStates: number): Exploration {
  const seen = new StateSet(system.size);
  const packed = new Uint8Array(system.size);
  system.pack(system.initial(), packed);
  seen.add(packed, 0);
  for (let index = 0; index < seen.count; index += 1) {
    if (seen.count >= maxStates) return { states: seen.count, exhausted: false, violation: undefined };
    for (const { state, violation } of system.steps(system.unpack(seen.at(index)))) {
      if (violation !== undefined) {
        return { states: seen.count, exhausted: false, violation: wayTo(system, seen, index) };
      }
      system.pack(state, packed);
      seen.add(packed, index);
    }
  }
  return { states: seen.count, exhausted: true, violation: undefined };
}

/**
 * The steps from the first state to what goes wrong after this one. They are made again, since keeping the words of each
 * would take more room than the states; and not from packed states, in which readers change places.
 */
function wayTo<State>(system: System<State>, seen: StateSet, index: number): Violation {
  const way: number[] = [];
  for (let at = index; at !== 0; at = seen.parentOf(at)) way.unshift(at);
  const packed = new Uint8Array(system.size);
  const trace: string[] = [];
  let state = system.initial();
  for (const at of way) {
    const wanted = seen.at(at);
    const taken = system.steps(state).find((step) => {
      system.pack(step.state, packed);
      return packed.every((byte, place) => byte === wanted[place]);
    });
    if (!taken) throw new Error('a step that was made cannot be made again: states that differ were packed alike');
    trace.push(taken.what);
    ({ state } = taken);
  }
  const last = system.steps(state).find(({ violation }) => violation !== undefined);
  return { promise: last?.violation ?? '', trace: [...trace, last?.what ?? ''] };
}
