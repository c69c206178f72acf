import type { Scenario } from './scenarios.js';
import type { WorkerProcess } from './worker-process.js';
import type { Round } from './worker.js';

/** How long things are measured. */
export interface Effort {
  readonly rounds: number;
  /** What one round of one contender should take. */
  readonly roundMs: number;
}

/** The rounds of one contender; those with the same number ran one right after the other. */
export interface Measured {
  readonly name: string;
  readonly rounds: readonly Round[];
}

/** Runs the contenders by turns, so that whatever else the machine does meets all of them. */
export async function measure(scenario: Scenario, workers: readonly WorkerProcess[], effort: Effort): Promise<Measured[]> {
  const runs: { readonly worker: WorkerProcess; readonly count: number; readonly rounds: Round[] }[] = [];
  for (const worker of workers) runs.push({ worker, count: await calibrate(scenario, worker, effort.roundMs), rounds: [] });
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const { worker, count, rounds } of runs) rounds.push(await worker.run(scenario.work, scenario.lanes, count));
  }
  return runs.map(({ worker, rounds }) => ({ name: worker.spec.name, rounds }));
}

/** How many operations fill a round; running them warms the contender up too. */
async function calibrate({ work, lanes }: Scenario, worker: WorkerProcess, roundMs: number): Promise<number> {
  let count = 4 * lanes;
  for (;;) {
    const { elapsedMs } = await worker.run(work, lanes, count);
    if (elapsedMs >= roundMs / 2) return Math.max(lanes, Math.round((count * roundMs) / elapsedMs));
    count *= 4;
  }
}
