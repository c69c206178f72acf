import { catalogue, type ContenderSpec } from './catalogue.js';
import type { Scenario } from './scenario.js';
import type { Stage } from './world.js';
import { WorkerProcess, type WorkerSettings } from './worker-process.js';

/** Why a contender is not in a table. */
export interface LeftOut {
  readonly name: string;
  readonly reason: string;
}

/**
 * The processes of the contenders. Each scenario has new ones: what a process did before changes how its code is compiled,
 * so that a figure would depend on what was measured earlier. (The forks of JMH are for the same.)
 */
export class Workers {
  readonly #running = new Map<string, WorkerProcess>();
  readonly #settings: WorkerSettings;
  readonly #stage: Stage;

  constructor(settings: WorkerSettings, stage: Stage) {
    this.#settings = settings;
    this.#stage = stage;
  }

  /** The contender of a scenario, warm and checked. */
  async ready(name: string, scenario: Scenario): Promise<WorkerProcess> {
    const worker = await this.#open(specOf(name));
    this.#running.set(name, worker);
    if (scenario.work !== 'memory') await worker.warm(scenario.work);
    return worker;
  }

  /** Ends a contender that failed: it may not be able to close any more. */
  kill(name: string): void {
    this.#running.get(name)?.kill();
    this.#running.delete(name);
  }

  /** Ends them all. */
  async close(): Promise<void> {
    const running = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(running.map((worker) => worker.close()));
  }

  #open(spec: ContenderSpec): Promise<WorkerProcess> {
    return WorkerProcess.open(spec, this.#stage.world(catalogue.indexOf(spec)), this.#settings);
  }
}

function specOf(name: string): ContenderSpec {
  const spec = catalogue.find((one) => one.name === name);
  if (!spec) throw new Error(`no contender is named '${name}'; see bench/catalogue.ts`);
  return spec;
}
