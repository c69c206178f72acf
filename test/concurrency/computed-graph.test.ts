import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { transaction } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Random } from '../support/random.js';
import { Cell, ComputedGraph, ids, parts, type CellState, type Outcome, type State } from './support/computed-graph.js';

/** For a long run: MONEYCLIP_GRAPH_CALLS=50000 npx mocha test/concurrency/computed-graph.test.ts; a seed replays one. */
const calls = Number(process.env['MONEYCLIP_GRAPH_CALLS'] ?? 1800) / 6;
const callsPerGraph = 150;
const callers = 6;

class RolledBack extends Error {}

/** The rows as they were and are: before a write resolves both count, after it only the new ones. */
class History {
  readonly #states: State[] = [new Map()];
  /** The place of the last state whose write is known to be done. */
  #settled = 0;

  get current(): State {
    return this.#states.at(-1) ?? new Map();
  }

  get settled(): number {
    return this.#settled;
  }

  since(index: number): readonly State[] {
    return this.#states.slice(index);
  }

  async write(state: State, write: () => Promise<unknown>): Promise<void> {
    this.#states.push(state);
    const index = this.#states.length - 1;
    await write();
    this.#settled = index;
  }
}

describe('random graphs of cached functions under random writes', function () {
  this.timeout(Math.max(60_000, calls * 120));

  forEachCombination((combination) => {
    connected(combination, [Cell]);

    it('give what each would give uncached while it ran, and afterwards what it gives now', async () => {
      const random = Random.fromEnvironment('MONEYCLIP_GRAPH_SEED');
      const tally = { calls: 0, hits: 0, tornHits: 0, atOneMoment: 0, writes: 0, thrown: 0, caught: 0 };
      const isEnough = (): boolean => tally.calls >= calls && tally.hits > 0 && tally.thrown > 0 && tally.caught > 0;
      try {
        while (!isEnough()) await runGraph(random, tally); // some graphs throw nothing
      } catch (error) {
        throw new Error(`MONEYCLIP_GRAPH_SEED=${random.seed} on ${combination.name}`, { cause: error });
      }
      if (process.env['MONEYCLIP_GRAPH_CALLS']) {
        process.stdout.write(`${combination.name}: seed ${random.seed}, ${JSON.stringify(tally)}\n`);
      }
      expect(tally.tornHits, 'hits of what was computed across a commit').to.be.at.most(2 + tally.hits / 100);
      expect(tally.atOneMoment / tally.calls, 'calls that were checked against one moment').to.be.greaterThan(0.5);
    });
  });
});

interface Tally {
  calls: number;
  hits: number;
  tornHits: number;
  atOneMoment: number;
  writes: number;
  thrown: number;
  caught: number;
}

/** The call that is being checked, and whether it was answered from the cache. */
interface Asked {
  readonly key: string;
  isHit: boolean;
}

const asked = new AsyncLocalStorage<Asked>();

function hear(key: string): void {
  const call = asked.getStore();
  if (call?.key === key) call.isHit = true;
}

async function runGraph(random: Random, tally: Tally): Promise<void> {
  const graph = new ComputedGraph(random, hear);
  const history = new History();
  try {
    await Cell.objects.delete();
    for (const id of ids) await writeOne(history, random, id);
    let left = callsPerGraph;
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await checkCall(graph, history, {
          index: random.below(graph.functions.length),
          argument: random.below(parts),
          tally,
        });
      }
    };
    const writer = async (): Promise<void> => {
      while (left > 0) {
        await randomWrite(history, random);
        tally.writes += 1;
        for (let turn = random.below(30); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([writer(), ...Array.from({ length: callers }, caller)]);
    for (let index = 0; index < graph.functions.length; index += 1) {
      for (let argument = 0; argument < parts; argument += 1) {
        await checkCall(graph, history, { index, argument, tally });
      }
    }
  } finally {
    tally.caught += graph.caught;
    graph.undeclare();
  }
}

async function checkCall(
  graph: ComputedGraph,
  history: History,
  { index, argument, tally }: { index: number; argument: number; tally: Tally },
): Promise<void> {
  const startedAt = history.settled;
  const call = { key: graph.functions[index]?.key(argument) ?? '', isHit: false };
  const outcome = await asked.run(call, () => outcomeOf(graph, index, argument));
  const states = history.since(startedAt);
  tally.calls += 1;
  if (call.isHit) tally.hits += 1;
  if (outcome === 'thrown') tally.thrown += 1;
  if (states.some((state) => graph.outcomes(index, argument, [state]).has(outcome))) {
    tally.atOneMoment += 1;
    return;
  }
  // NOTE: a hit too may be from across a commit, until the write resolves: then there are several states
  if (call.isHit) tally.tornHits += 1;
  // A function that is being computed while rows are written may read each of them at another moment, as it would uncached.
  const possible = graph.outcomes(index, argument, states);
  expect(possible.has(outcome), `graph.${index}(${argument}) gave ${outcome} over ${states.length} states`).to.equal(
    true,
  );
}

async function outcomeOf(graph: ComputedGraph, index: number, argument: number): Promise<Outcome> {
  try {
    return (await graph.functions[index]?.(argument)) ?? 0;
  } catch (error) {
    if (error instanceof RangeError) return 'thrown';
    throw error;
  }
}

async function randomWrite(history: History, random: Random): Promise<void> {
  const id = random.oneOf(ids);
  const other = random.oneOf(ids);
  const kind = random.below(8);
  if (kind === 0) return removeOne(history, id);
  if (kind === 1) return rollBack(random, id);
  if (kind === 2 && id !== other && history.current.has(id) && history.current.has(other)) {
    return swap(history, id, other);
  }
  return writeOne(history, random, id);
}

async function writeOne(history: History, random: Random, id: number): Promise<void> {
  const cell: CellState = { part: random.below(parts), value: random.below(40) };
  const isNew = !history.current.has(id);
  await history.write(new Map([...history.current, [id, cell]]), () =>
    isNew ? Cell.create({ id, ...cell }) : Cell.objects.filter({ id }).update(cell),
  );
}

async function removeOne(history: History, id: number): Promise<void> {
  await history.write(new Map([...history.current].filter(([key]) => key !== id)), () =>
    Cell.objects.filter({ id }).delete(),
  );
}

/** Two rows change places in one transaction. */
async function swap(history: History, id: number, other: number): Promise<void> {
  const [first, second] = [history.current.get(id), history.current.get(other)] as [CellState, CellState]; // both are there
  await history.write(new Map([...history.current, [id, second], [other, first]]), () =>
    transaction(async () => {
      await Cell.objects.filter({ id }).update(second);
      await Cell.objects.filter({ id: other }).update(first);
    }),
  );
}

async function rollBack(random: Random, id: number): Promise<void> {
  await transaction(async () => {
    await Cell.objects.filter({ id }).update({ value: random.below(40) });
    throw new RolledBack();
  }).catch((error: unknown) => {
    if (!(error instanceof RolledBack)) throw error;
  });
}
