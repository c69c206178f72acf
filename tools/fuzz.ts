import { parseArgs } from 'node:util';
import { dropFreshDatabases } from '../test/setup/fresh.js';
import { stopSharedServers } from '../test/setup/shared-servers.js';
import { fuzzCombinations, fuzzRound, type FuzzCombination } from '../test/support/query-fuzz/fuzz-round.js';
import { FuzzFailure, noCounts, type FuzzCounts } from '../test/support/query-fuzz/query-fuzzer.js';

/*
 * npm run fuzz -- [--pairs 5000] [--seed 7] [--on postgres+redis]
 *
 * Compares cached queries with the same queries uncached after random writes, until there are so many pairs on each
 * combination of database and store. A round has new rows, new questions and the next seed; one that fails tells its
 * seed and what was done, and the others go on. Ends with 1 where any failed.
 */

const writesOfRound = 200;

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5000' },
    seed: { type: 'string' },
    on: { type: 'string' },
  },
});

interface Sum {
  readonly counts: FuzzCounts;
  differences: number;
  errors: number;
  minutes: number;
  rounds: number;
}

function nameOf({ database, cache }: FuzzCombination): string {
  return `${database}+${cache}`;
}

function chosenCombinations(): readonly FuzzCombination[] {
  const { on } = values;
  const some = fuzzCombinations.filter((combination) => on === undefined || on === nameOf(combination));
  if (some.length === 0) throw new RangeError(`--on takes one of ${fuzzCombinations.map(nameOf).join(', ')}`);
  return some;
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`--${name} takes a whole number, got ${text}`);
  return number;
}

/** Rounds, each with the next seed, until there are enough pairs. */
async function fuzz(combination: FuzzCombination, seed: number, pairs: number): Promise<Sum> {
  const sum: Sum = { counts: noCounts(), differences: 0, errors: 0, minutes: 0, rounds: 0 };
  const startedAt = performance.now();
  while (sum.counts.pairs < pairs) {
    await round(combination, seed + sum.rounds, sum);
    sum.rounds += 1;
  }
  sum.minutes = (performance.now() - startedAt) / 60_000;
  return sum;
}

async function round(combination: FuzzCombination, seed: number, sum: Sum): Promise<void> {
  const replay = `npm run fuzz -- --on ${nameOf(combination)} --pairs 1 --seed ${seed}`;
  try {
    await fuzzRound(combination, seed, { writes: writesOfRound, replay, counts: sum.counts });
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    console.log(`\n${error.message}\n${error.isDifference ? '' : String((error.cause as Error).stack)}`);
    if (error.isDifference) sum.differences += 1;
    else sum.errors += 1;
  } finally {
    await dropFreshDatabases();
  }
}

function row(name: string, seed: number, { counts, differences, errors, minutes, rounds }: Sum): string {
  const { pairs, comparisons, hits, needless, needlessByTable } = counts;
  const seeds = rounds === 1 ? String(seed) : `${seed} to ${seed + rounds - 1}`;
  const perMinute = Math.round(pairs / minutes);
  const cells = [name, pairs, differences, errors, comparisons, hits, needless, needlessByTable, perMinute, seeds];
  return `| ${cells.join(' | ')} |`;
}

const head = [
  ['on', 'pairs', 'differences', 'errors', 'comparisons', 'hits', 'needless', 'by table', 'pairs a minute', 'seeds'],
  ['--', ...Array<string>(8).fill('--:'), '--'],
].map((cells) => `| ${cells.join(' | ')} |`);

const seed = wholeNumber('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
const pairs = wholeNumber('pairs', values.pairs);
try {
  console.log(head.join('\n'));
  for (const combination of chosenCombinations()) {
    const sum = await fuzz(combination, seed, pairs);
    console.log(row(nameOf(combination), seed, sum));
    if (sum.differences + sum.errors > 0) process.exitCode = 1;
  }
  console.log(
    '\nA pair is a write that invalidated something and a question whose cached answer was compared after it with the same\n' +
      'question uncached; asked again before the next such write, or inside a transaction, it makes no other pair. Needless:\n' +
      'answers that were made again although nothing in them had changed. By table: what would have been made again so if\n' +
      'each write dropped all answers of its table.',
  );
} finally {
  await stopSharedServers();
}
