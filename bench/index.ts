import { catalogue, type ContenderSpec } from './catalogue.js';
import { compile } from './compile.js';
import { measure } from './measure.js';
import { readOptions, type Options } from './options.js';
import { scenarioTable } from './report.js';
import { scenarios, type Scenario } from './scenarios.js';
import { WorkerProcess, type WorkerSettings } from './worker-process.js';
import { setStage } from './world.js';

async function main(options: Options): Promise<void> {
  const script = compile();
  const stage = await setStage(catalogue.length);
  const { launcher } = stage;
  const workers = new Workers({ script, launcher, profile: options.profile }, stage.world);
  try {
    for (const scenario of scenarios.filter(({ id }) => id.startsWith(options.only))) {
      const chosen = choose(scenario, options.contender);
      const opened = await workers.open(chosen);
      if (opened[0]?.spec.name !== chosen[0]?.name) throw new Error(`${scenario.id}: there is nothing to compare with`);
      console.log(`${scenarioTable(scenario, await measure(scenario, opened, options.effort))}\n`);
    }
  } finally {
    await workers.close();
    await stage.close();
  }
}

function choose(scenario: Scenario, text: string): ContenderSpec[] {
  const names = scenario.contenders.filter((name, index) => index === 0 || name.includes(text));
  return names.map((name) => catalogue.find((spec) => spec.name === name)!);
}

/** The processes of the contenders, each started when it is first needed. */
class Workers {
  readonly #running = new Map<string, Promise<WorkerProcess>>();
  readonly #settings: WorkerSettings;
  readonly #world: Awaited<ReturnType<typeof setStage>>['world'];

  constructor(settings: WorkerSettings, world: Awaited<ReturnType<typeof setStage>>['world']) {
    this.#settings = settings;
    this.#world = world;
  }

  /** Those that cannot be opened are named and left out. */
  async open(specs: readonly ContenderSpec[]): Promise<WorkerProcess[]> {
    const opened: WorkerProcess[] = [];
    for (const spec of specs) {
      try {
        opened.push(await this.#worker(spec));
      } catch (error) {
        console.error(`Left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    return opened;
  }

  async close(): Promise<void> {
    const all = await Promise.allSettled(this.#running.values());
    await Promise.all(all.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
  }

  #worker(spec: ContenderSpec): Promise<WorkerProcess> {
    const known = this.#running.get(spec.name);
    if (known) return known;
    const opened = WorkerProcess.open(spec, this.#world(catalogue.indexOf(spec)), this.#settings);
    this.#running.set(spec.name, opened);
    return opened;
  }
}

await main(readOptions(process.argv.slice(2)));
