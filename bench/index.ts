import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { catalogue, isPeer } from './catalogue.js';
import { compile } from './compile.js';
import { measure } from './measure.js';
import { readOptions, type Options } from './options.js';
import { heading, scenarioTable } from './report.js';
import type { Scenario } from './scenario.js';
import { scenarios } from './scenarios.js';
import { Workers } from './workers.js';
import { setStage } from './world.js';

const latest = fileURLToPath(new URL('./results/latest.md', import.meta.url));

async function main(options: Options): Promise<void> {
  const wanted = scenarios.filter(({ id }) => id.startsWith(options.only));
  if (wanted.length === 0) {
    console.error(`--only ${options.only}: use the beginning of one of ${idList()}`);
    process.exitCode = 2;
    return;
  }
  const script = compile();
  const stage = await setStage(catalogue.length);
  const workers = new Workers({ script, launcher: stage.launcher, profile: options.profile }, stage);
  const printed: string[] = [];
  const print = (text: string): void => {
    printed.push(text);
    console.log(text);
  };
  try {
    print(heading(stage, options.effort));
    for (const scenario of wanted) {
      const chosen = choose(scenario, options);
      print(await report(chosen, workers, options));
      await workers.close();
    }
  } finally {
    await workers.close();
    await stage.close();
  }
  if (options.save) save(printed.join('\n'));
}

function idList(): string {
  return scenarios.map(({ id }) => id).join(', ');
}

/** A scenario whose first contender fails has nothing to compare with; the others go on. */
async function report(scenario: Scenario, workers: Workers, { effort }: Options): Promise<string> {
  try {
    return scenarioTable(scenario, await measure(scenario, workers, effort));
  } catch (error) {
    process.exitCode = 1;
    workers.kill(scenario.contenders[0] ?? '');
    return `### ${scenario.title}\n\nNot measured: ${error instanceof Error ? error.message : String(error)}\n`;
  }
}

/** The scenario with those that were asked for; what the others are compared with always takes part. */
function choose(scenario: Scenario, { contender, peers }: Options): Scenario {
  const contenders = scenario.contenders.filter(
    (name, index) => index === 0 || (name.includes(contender) && (peers || !isPeer(name))),
  );
  const targets = scenario.targets.filter((target) =>
    [target.contender, target.to].every((name) => contenders.includes(name)),
  );
  return { ...scenario, contenders, targets };
}

function save(text: string): void {
  mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
  writeFileSync(latest, text);
}

await main(readOptions(process.argv.slice(2)));
