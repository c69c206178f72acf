import type { Work } from './contender.js';
import type { Scenario } from './scenario.js';
import type { WorkerProcess } from './worker-process.js';
import type { LeftOut, Workers } from './workers.js';
import type { Round } from './workloads.js';

/** How long things are measured. */
export interface Effort {
  readonly rounds: number;
  /** What one round of one contender should take. */
  readonly roundMs: number;
  /** How long each contender runs before that. */
  readonly warmUpMs: number;
}

/** The rounds of one contender; those with the same number ran one right after the other. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly Round[];
}

export interface Outcome {
  /** The first is what the others are compared with. */
  readonly measured: readonly Measured[];
  readonly leftOut: readonly LeftOut[];
}

interface Run {
  readonly worker: WorkerProcess;
  readonly count: number;
  readonly rounds: Round[];
}

/** A round that writes nothing twice has as many documents at most. */
const longestMissRound = 9_000;

const writing: ReadonlySet<Work> = new Set(['save', 'mixed']);

/** The first number that a round may write; each that writes has room for a million. */
let base = 1_000_000;

/** Runs the contenders by turns, so that whatever else the machine does meets all of them. */
export async function measure(scenario: Scenario, workers: Workers, effort: Effort): Promise<Outcome> {
  const leftOut: LeftOut[] = [];
  const attempt = async <T>(name: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (name === scenario.contenders[0]) throw error;
      leftOut.push({ name, reason: error instanceof Error ? error.message : String(error) });
      workers.kill(name);
      return undefined;
    }
  };
  const runs = new Map<string, Run>();
  if (process.stderr.isTTY) console.error(`${scenario.id} …`);
  for (const name of scenario.contenders) {
    const opened = await attempt(name, async () => start(scenario, await workers.ready(name, scenario), effort));
    if (opened) runs.set(name, opened);
  }
  for (let round = 0; round < Math.min(scenario.rounds ?? Infinity, effort.rounds); round += 1) {
    for (const [name, { worker, count, rounds }] of runs) {
      const result = await attempt(name, () => run(scenario, worker, count));
      if (result) rounds.push(result);
      else runs.delete(name);
    }
  }
  return { measured: [...runs].map(([name, { rounds }]) => ({ name, rounds })), leftOut };
}

async function start(scenario: Scenario, worker: WorkerProcess, effort: Effort): Promise<Run> {
  return { worker, count: scenario.count ?? (await calibrate(scenario, worker, effort)), rounds: [] };
}

/** How many operations fill a round. Found while the contender runs until its code is compiled. */
async function calibrate(scenario: Scenario, worker: WorkerProcess, { roundMs, warmUpMs }: Effort): Promise<number> {
  const most = scenario.work === 'miss' ? longestMissRound : Infinity;
  let count = 4 * scenario.lanes;
  for (let spentMs = 0; ;) {
    const { elapsedMs } = await run(scenario, worker, count);
    const fitting = Math.round((count * roundMs) / elapsedMs);
    spentMs += elapsedMs;
    count = Math.min(most, Math.max(scenario.lanes, Math.min(fitting, 4 * count)));
    if (spentMs >= warmUpMs) return count;
  }
}

async function run({ work, lanes }: Scenario, worker: WorkerProcess, count: number): Promise<Round> {
  if (writing.has(work)) base += 1_000_000;
  if (work === 'memory') return (await worker.warm(work))!;
  return worker.run({ work, lanes, count, base });
}
