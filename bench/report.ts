import { cpus } from 'node:os';
import type { Effort, Measured, Outcome } from './measure.js';
import type { Scenario, Target } from './scenario.js';
import { summarize, type Summary } from './statistics.js';
import type { Stage } from './world.js';

/** What was measured with. */
export function heading(stage: Stage, { rounds, roundMs, warmUpMs }: Effort): string {
  const pinned = stage.launcher.length > 0 ? 'servers on one core, each contender in turn on the other' : 'not pinned';
  return [
    `Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${pinned}.`,
    `Medians of ${rounds} rounds of ${roundMs} ms after ${warmUpMs} ms of warming up, by turns; the middle half of the rounds beside them. Ratios: higher is faster.`,
    '',
  ].join('\n');
}

/** One scenario as a markdown table. */
export function scenarioTable(scenario: Scenario, outcome: Outcome): string {
  const lines = scenario.work === 'memory' ? memoryTable(scenario, outcome) : speedTable(scenario, outcome);
  const leftOut = outcome.leftOut.map(({ name, reason }) => `- left out: ${name}: ${shortened(reason)}`);
  return [`### ${scenario.title}`, '', ...lines, '', ...leftOut, ''].join('\n');
}

/** Where a library is missing, what to do; else what it said. NOTE: not where, which is a path of this machine. */
function shortened(reason: string): string {
  if (reason.includes('ERR_MODULE_NOT_FOUND')) return 'not installed; run `npm ci --prefix bench`';
  return (reason.split('\n', 1)[0] ?? '').trim();
}

function speedTable(scenario: Scenario, { measured }: Outcome): string[] {
  const baseline = measured[0]!;
  const counted = scenario.counted ? [scenario.counted.what] : [];
  const names = [
    'contender',
    `ratio to ${baseline.name}`,
    'middle half',
    'operations / s',
    'client CPU, us each',
    ...counted,
  ];
  return [
    `| ${names.join(' | ')} |`,
    `|---|${'--:|'.repeat(names.length - 1)}`,
    ...measured.map((contender) => row(contender, baseline, counted.length > 0)),
    '',
    ...scenario.targets.map((target) => targetLine(target, measured)),
    ...countedLine(scenario, measured),
  ];
}

function row(contender: Measured, baseline: Measured, counted: boolean): string {
  const ratio = ratios(contender, baseline);
  const perSecond = summarize(contender.rounds.map(({ count, elapsedMs }) => (count * 1000) / elapsedMs)).median;
  const cpu = summarize(contender.rounds.map(({ count, cpuMs }) => (cpuMs * 1000) / count)).median;
  const cells = [contender.name, number(ratio.median), `${number(ratio.lower)} to ${number(ratio.upper)}`];
  cells.push(Math.round(perSecond).toLocaleString('en'), cpu.toFixed(2));
  if (counted) cells.push(noticed(contender));
  return `| ${cells.join(' | ')} |`;
}

/** The range over the rounds where they differ. */
function noticed({ rounds }: Measured): string {
  const numbers = rounds.map((round) => round.noticed ?? 0);
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)];
  return least === most ? String(most) : `${least} to ${most}`;
}

function memoryTable({ counted }: Scenario, { measured }: Outcome): string[] {
  const growth = ({ rounds }: Measured): number => (rounds[0]?.count ?? 0) / (rounds[0]?.noticed ?? 1);
  const contender = measured.find(({ name }) => name === counted?.contender);
  return [
    '| contender | growth of the process | stored, as text | growth / text |',
    '|---|--:|--:|--:|',
    ...measured.map((one) => {
      const { count = 0, noticed: text = 0 } = one.rounds[0] ?? {};
      return `| ${one.name} | ${megabytes(count)} | ${megabytes(text)} | ${number(growth(one))} |`;
    }),
    '',
    ...(counted && contender ? [atMostLine(counted, number(growth(contender)))] : []),
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}

/** Round by round, since the rounds of one number ran side by side. */
function ratios(contender: Measured, baseline: Measured): Summary {
  const speed = ({ rounds }: Measured, index: number): number => rounds[index]!.count / rounds[index]!.elapsedMs;
  return summarize(contender.rounds.map((_, index) => speed(contender, index) / speed(baseline, index)));
}

function targetLine({ contender, to, atLeast }: Target, measured: readonly Measured[]): string {
  const find = (name: string): Measured | undefined => measured.find((one) => one.name === name);
  const [one, other] = [find(contender), find(to)];
  if (!one || !other) return `- not measured: ${contender} to ${to}`;
  const { median } = ratios(one, other);
  const verdict = median >= atLeast ? 'reached' : '**missed**';
  return `- ${verdict}: ${contender} to ${to} is ${number(median)}, the target is at least ${atLeast}`;
}

function countedLine({ counted }: Scenario, measured: readonly Measured[]): string[] {
  const contender = measured.find(({ name }) => name === counted?.contender);
  if (!counted || !contender) return [];
  const most = Math.max(...contender.rounds.map((round) => round.noticed ?? 0));
  return [atMostLine(counted, String(most))];
}

function atMostLine({ what, contender, atMost }: NonNullable<Scenario['counted']>, measured: string): string {
  const verdict = Number(measured) <= atMost ? 'reached' : '**missed**';
  return `- ${verdict}: ${what} of ${contender} is ${measured}, the target is at most ${atMost}`;
}

function number(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
