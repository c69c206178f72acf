import {
  cached,
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  type CachedFunction,
  type CacheManager,
  type Manager,
} from '../../../src/index.js';
import type { Random } from '../../support/random.js';

/** Rows of which random functions are computed. */
@Table('graph_cells', { label: 'graph.Cell' })
export class Cell extends CachedModel {
  declare static objects: Manager<Cell>;
  declare static cache: CacheManager<Cell>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare part: number;
  @Column({ type: 'integer' }) declare value: number;
}

export interface CellState {
  readonly part: number;
  readonly value: number;
}

/** All rows at one moment. */
export type State = ReadonlyMap<number, CellState>;

/** What a function gives, or that it throws. */
export type Outcome = number | 'thrown';

type Step =
  | { readonly kind: 'row' | 'guard' | 'count' | 'sum'; readonly at: number }
  | { readonly kind: 'call' | 'caught' | 'many'; readonly at: number; readonly callee: number };

export const ids = [1, 2, 3, 4, 5, 6];
export const parts = 3;
const modulus = 97;
const inPlaceOfThrown = 50;
let graphs = 0;

/** Functions that read rows and queries and call each other, never in a circle. */
export class ComputedGraph {
  readonly functions: readonly CachedFunction<[number], number>[];
  readonly #steps: readonly (readonly Step[])[];
  #caught = 0;

  /** `heard` is told of each hit, in the async context of who called. */
  constructor(random: Random, heard: (key: string) => void, { count = 14, depth = 6 } = {}) {
    const levels = Array.from({ length: count }, (_, index) =>
      Math.min(depth - 1, Math.floor((index * depth) / count)),
    );
    this.#steps = levels.map((level) => randomSteps(random, level, levels));
    graphs += 1;
    const version = graphs; // NOTE: the same labels stand for other functions in each graph
    this.functions = this.#steps.map((steps, index) =>
      cached(`graph.${index}`, (argument: number) => this.#compute(steps, argument), {
        version,
        lock: index % 5 === 4,
        onHit: ({ key }) => heard(key),
      }),
    );
  }

  /** How often a function went on although one that it called had thrown. */
  get caught(): number {
    return this.#caught;
  }

  undeclare(): void {
    for (const one of this.functions) one.undeclare();
  }

  /** All that a function may give if each of its reads happens at any of these moments. */
  outcomes(index: number, argument: number, states: readonly State[]): ReadonlySet<Outcome> {
    const known = new Map<string, ReadonlySet<Outcome>>();
    const of = (callee: number, given: number): ReadonlySet<Outcome> => {
      const key = `${callee} ${given}`;
      const found = known.get(key) ?? outcomesOf(this.#steps[callee] ?? [], given, states, of);
      known.set(key, found);
      return found;
    };
    return of(index, argument);
  }

  async #compute(steps: readonly Step[], argument: number): Promise<number> {
    let result = 0;
    for (const step of steps) result = combined(result, await this.#read(step, argument));
    return result;
  }

  async #read(step: Step, argument: number): Promise<number> {
    const part = partAt(step, argument);
    switch (step.kind) {
      case 'row':
        return valueOf(await Cell.cache.find(rowAt(step, argument)));
      case 'guard':
        return guarded(await Cell.cache.find(rowAt(step, argument)));
      case 'count':
        return Cell.objects.filter({ part }).count();
      case 'sum':
        return (await Cell.objects.filter({ part }).all()).reduce((sum, { value }) => sum + value, 0);
      case 'call':
        return this.#call(step.callee, argument);
      case 'caught':
        return this.#call(step.callee, argument).catch(() => this.#inPlace());
      case 'many':
        return this.#sumOf(step.callee, argument);
    }
  }

  async #sumOf(callee: number, argument: number): Promise<number> {
    const both = await this.functions[callee]?.getMany([[argument], [(argument + 1) % parts]]);
    return (both ?? []).reduce((sum, value) => sum + value, 0);
  }

  #inPlace(): number {
    this.#caught += 1;
    return inPlaceOfThrown;
  }

  #call(callee: number, argument: number): Promise<number> {
    const called = this.functions[callee];
    return called ? called((argument + callee) % parts) : Promise.resolve(0);
  }
}

function randomSteps(random: Random, level: number, levels: readonly number[]): readonly Step[] {
  const below = levels.flatMap((other, index) => (other < level ? [index] : []));
  const next = levels.flatMap((other, index) => (other === level - 1 ? [index] : []));
  const calls =
    below.length === 0
      ? []
      : [...Array.from({ length: random.below(2) }, () => random.oneOf(below)), random.oneOf(next)];
  const reads = Array.from({ length: 1 + random.below(2) }, (): Step => {
    return { kind: random.oneOf(['row', 'guard', 'count', 'sum'] as const), at: random.below(6) };
  });
  const called = calls.map((callee): Step => {
    return { kind: random.oneOf(['call', 'caught', 'caught', 'many'] as const), at: random.below(6), callee };
  });
  return random.below(2) === 0 ? [...reads, ...called] : [...called, ...reads];
}

function outcomesOf(
  steps: readonly Step[],
  argument: number,
  states: readonly State[],
  of: (callee: number, argument: number) => ReadonlySet<Outcome>,
): ReadonlySet<Outcome> {
  let results = new Set<Outcome>([0]);
  for (const step of steps) {
    const next = new Set<Outcome>();
    for (const result of results) {
      for (const read of readsOf(step, argument, states, of)) {
        next.add(result === 'thrown' || read === 'thrown' ? 'thrown' : combined(result, read));
      }
    }
    results = next;
  }
  return results;
}

function readsOf(
  step: Step,
  argument: number,
  states: readonly State[],
  of: (callee: number, argument: number) => ReadonlySet<Outcome>,
): readonly Outcome[] {
  switch (step.kind) {
    case 'call':
      return [...of(step.callee, (argument + step.callee) % parts)];
    case 'caught':
      return [...of(step.callee, (argument + step.callee) % parts)].map((one) =>
        one === 'thrown' ? inPlaceOfThrown : one,
      );
    case 'many': {
      const firsts = [...of(step.callee, argument)];
      const seconds = [...of(step.callee, (argument + 1) % parts)];
      return firsts.flatMap((first) =>
        seconds.map((second) => (first === 'thrown' || second === 'thrown' ? 'thrown' : first + second)),
      );
    }
    default:
      return states.map((state) => readIn(state, step, argument));
  }
}

function readIn(state: State, step: Step, argument: number): Outcome {
  const cells = [...state.values()].filter(({ part }) => part === partAt(step, argument));
  const row = state.get(rowAt(step, argument));
  if (step.kind === 'count') return cells.length;
  if (step.kind === 'sum') return cells.reduce((sum, { value }) => sum + value, 0);
  if (step.kind === 'row') return row?.value ?? 7;
  return (row?.value ?? 0) % 4 === 3 ? 'thrown' : (row?.value ?? 0);
}

function valueOf(cell: Cell | undefined): number {
  return cell?.value ?? 7;
}

function guarded(cell: Cell | undefined): number {
  const value = cell?.value ?? 0;
  if (value % 4 === 3) throw new RangeError('a value that nobody wants');
  return value;
}

function rowAt({ at }: Step, argument: number): number {
  return ids[(at + argument) % ids.length] ?? 1;
}

function partAt({ at }: Step, argument: number): number {
  return (at + argument) % parts;
}

function combined(result: number, read: number): number {
  return (result * 3 + read) % modulus;
}
