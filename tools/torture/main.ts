import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mutantNames } from './mutants.js';
import { help, parseOptions, peers, type Options } from './options.js';
import { recipeFor } from './recipes.js';
import { brokenPromises, report } from './report.js';
import { mutantsHead, mutantsRow, peersHead, peersRow } from './tables.js';
import { torture } from './run.js';

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort()); // what it began is still judged, and everything is ended
}

const options = parseOptions(process.argv.slice(2));
if (!options) console.log(help);
else process.exitCode = await choose(options)(options);

function choose({ mutant, peer }: Options): (settings: Options) => Promise<number> {
  if (mutant !== undefined) return tortureMutants;
  return peer === 'all' ? torturePeers : tortureOnce;
}

async function tortureOnce(settings: Options): Promise<number> {
  const folder = historyFolder(settings);
  console.log(`level ${settings.level}, seed ${settings.seed}, ${settings.processes} processes, ${settings.seconds} s`);
  const result = await torture(settings, folder, (line) => console.log(`  ${line}`), interrupted.signal);
  console.log(`\n${report(result, settings)}`);
  const broken = brokenPromises(result, settings);
  if (broken > 0) console.log(`\n${broken} reads broke what the level promises; the history is in ${folder}`);
  else if (settings.out === undefined) rmSync(folder, { recursive: true });
  return broken > 0 ? 1 : 0;
}

async function chosenMutants({ mutant = 'all' }: Options): Promise<readonly string[]> {
  return mutant === 'all' ? mutantNames() : mutant.split(',');
}

/** Ends with 1 where a rule can be missing without being missed. */
async function tortureMutants(settings: Options): Promise<number> {
  let survivors = 0;
  console.log(mutantsHead);
  for (const mutant of await chosenMutants(settings)) {
    if (interrupted.signal.aborted) break;
    const recipe = recipeFor(mutant);
    const asked = { ...settings, ...recipe.settings, mutant };
    const folder = historyFolder(settings);
    const result = await torture(asked, folder, () => undefined, interrupted.signal);
    console.log(mutantsRow(recipe, result, asked));
    if (brokenPromises(result, asked) === 0) survivors += 1;
    rmSync(folder, { recursive: true });
  }
  return survivors > 0 ? 1 : 0;
}

/** Each without faults, and with those that were asked for. Nothing is promised here, so nothing is broken. */
async function torturePeers(settings: Options): Promise<number> {
  console.log(peersHead);
  for (const peer of peers) {
    for (const faults of settings.faults.length > 0 ? [[], settings.faults] : [[]]) {
      if (interrupted.signal.aborted) return 0;
      const folder = historyFolder(settings);
      const asked = { ...settings, peer, faults };
      const result = await torture(asked, folder, () => undefined, interrupted.signal);
      console.log(peersRow(result, asked));
      rmSync(folder, { recursive: true });
    }
  }
  return 0;
}

function historyFolder({ out }: Options): string {
  const folder = out ?? mkdtempSync(join(tmpdir(), 'moneyclip-torture-'));
  mkdirSync(folder, { recursive: true });
  return folder;
}
