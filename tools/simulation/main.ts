import { parseArgs } from 'node:util';
import { mutants, type Mutant } from './mutants.js';
import type { RunResult } from './run-result.js';
import { realms, simulate, weathers, type Weather } from './simulation.js';

/*
 * npm run simulate -- [--seconds 60 | --smoke] [--weather storm …] [--seed 7] [--steps 20000] [--mutant <name> … | --mutants]
 *
 * Runs seeds, one after the other, in each weather until the time is over or a promise is broken. With `--seed` that one
 * run is made, and its last steps are told where it breaks a promise. With `--smoke` one seed runs twice in each weather,
 * which must go the same way. With `--mutants` each rule is taken out, and the first seed that notices is told; with
 * `--weather` those that show in one of these. `--weather` and `--mutant` may be given more than once.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    steps: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    weather: { type: 'string', multiple: true, default: [] },
    mutant: { type: 'string', multiple: true, default: [] },
    mutants: { type: 'boolean', default: false },
    smoke: { type: 'boolean', default: false },
  },
});
const steps = Number(values.steps);
const longestHunt = 60;

interface Sum {
  runs: number;
  steps: number;
  reads: number;
  hits: number;
  writes: number;
}

function named<T extends { readonly name: string }>(all: readonly T[], name: string): T {
  const found = all.find((one) => one.name === name);
  if (!found) throw new RangeError(`there is no '${name}'; there are ${all.map((one) => one.name).join(', ')}`);
  return found;
}

/** What the library warns of where things fail is no news here: that nothing is cached, or may be outdated for a while. */
const usualWarnings: readonly unknown[] = ['MONEYCLIP_CAPTURE', 'INVALIDATION_UNCONFIRMED'];

function silenceUsual(): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (!usualWarnings.includes(Reflect.get(warning, 'code'))) console.error(warning);
  });
}

/** Makes one run and tells all of it that is worth knowing. */
async function replay(seed: number, weather: Weather, mutant: Mutant | undefined): Promise<void> {
  const result = await simulate({ seed, steps, weather, mutant, isDetailed: true });
  for (const step of result.trail) console.log(`  ${step}`);
  console.log(
    `${weather.name}, seed ${seed}: ${result.steps} steps, ${result.violations[0] ?? 'no promise was broken'}`,
  );
  if (result.violations.length > 0) process.exitCode = 1;
}

type Sums = ReadonlyMap<Weather, Sum>;

function sumsOf(some: readonly Weather[]): Sums {
  return new Map(some.map((weather) => [weather, { runs: 0, steps: 0, reads: 0, hits: 0, writes: 0 }]));
}

/** Runs seeds for so long. */
async function search(some: readonly Weather[], ms: number): Promise<void> {
  const sums = sumsOf(some);
  await realms(); // loading them is no part of the time
  const startedAt = performance.now();
  for (let seed = 1; performance.now() - startedAt < ms; seed += 1) {
    for (const [weather, sum] of sums) if (!(await kept(seed, weather, sum))) return;
  }
  report(sums, (performance.now() - startedAt) / 60_000);
}

/** Makes a run of each weather twice, which must go the same way. */
async function repeat(some: readonly Weather[]): Promise<void> {
  const sums = sumsOf(some);
  const startedAt = performance.now();
  for (const [weather, sum] of sums) {
    const first = await kept(1, weather, sum);
    const second = first && (await kept(1, weather, sum));
    if (!first || !second) return;
    if (first.hash === second.hash && first.steps === second.steps) continue;
    console.log(`${weather.name}: two runs of one seed went different ways`);
    process.exitCode = 1;
  }
  report(sums, (performance.now() - startedAt) / 60_000);
}

/** Makes one run; undefined where it broke a promise, which is told. */
async function kept(seed: number, weather: Weather, sum: Sum): Promise<RunResult | undefined> {
  const result = await simulate({ seed, steps, weather });
  add(sum, result);
  const [violation] = result.violations;
  if (violation === undefined) return result;
  console.log(`${violation}\nSee it again: npm run simulate -- --weather '${weather.name}' --seed ${seed}`);
  process.exitCode = 1;
  return undefined;
}

function report(sums: Sums, minutes: number): void {
  console.log('| weather         | seeds |    steps |    reads |     hits |   writes | violations |');
  console.log('| --------------- | ----: | -------: | -------: | -------: | -------: | ---------: |');
  let all = 0;
  for (const [{ name }, sum] of sums) {
    const numbers = [sum.steps, sum.reads, sum.hits, sum.writes].map((each) => String(each).padStart(8));
    console.log(`| ${name.padEnd(15)} | ${String(sum.runs).padStart(5)} | ${numbers.join(' | ')} |          0 |`);
    all += sum.steps;
  }
  console.log(`${Math.round(all / minutes)} steps a minute`);
}

function add(sum: Sum, { steps: made, reads, hits, writes }: RunResult): void {
  sum.runs += 1;
  sum.steps += made;
  sum.reads += reads;
  sum.hits += hits;
  sum.writes += writes;
}

/** For each mutant the first seed that notices. */
async function hunt(some: readonly Mutant[]): Promise<void> {
  console.log('| mutant | what is done instead | noticed after |');
  console.log('| ------ | -------------------- | ------------- |');
  for (const mutant of some) {
    const { name, instead, weather } = mutant;
    let made = 0;
    let found: number | undefined;
    for (let seed = 1; seed <= longestHunt && found === undefined; seed += 1) {
      const result = await simulate({ seed, steps, weather: named(weathers, weather), mutant });
      made += result.noticedAfter ?? result.steps;
      if (result.violations.length > 0) found = seed;
    }
    const told = found === undefined ? 'never: an open question' : `${made} steps (${weather}, seed ${found})`;
    console.log(`| \`${name}\` | ${instead} | ${told} |`);
    if (found === undefined) process.exitCode = 1;
  }
}

silenceUsual();
const chosen = values.weather.length === 0 ? weathers : values.weather.map((name) => named(weathers, name));
const [mutant, ...more] = values.mutant.map((name) => named(mutants, name));
if (values.seed !== undefined) {
  const some = mutant && values.weather.length === 0 ? [named(weathers, mutant.weather)] : chosen;
  for (const each of some) await replay(Number(values.seed), each, mutant);
} else if (mutant) {
  await hunt([mutant, ...more]);
} else if (values.mutants) {
  await hunt(mutants.filter(({ weather }) => chosen.some(({ name }) => name === weather)));
} else if (values.smoke) {
  await repeat(chosen);
} else {
  await search(chosen, Number(values.seconds) * 1000);
}
