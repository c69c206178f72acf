import type { Measured } from './measure.js';
import type { Scenario, Target } from './scenarios.js';
import { summarize, type Summary } from './statistics.js';

/** One scenario as a markdown table: higher ratios are faster. */
export function scenarioTable(scenario: Scenario, measured: readonly Measured[]): string {
  const baseline = measured[0]!;
  const rows = measured.map((contender) => row(contender, baseline));
  return [
    `### ${scenario.title}`,
    '',
    `| contender | ratio to ${baseline.name} | middle half | operations / s | client CPU, us each |`,
    '|---|--:|--:|--:|--:|',
    ...rows,
    '',
    ...scenario.targets.map((target) => targetLine(target, measured)),
  ].join('\n');
}

function row(contender: Measured, baseline: Measured): string {
  const ratio = ratios(contender, baseline);
  const perSecond = summarize(contender.rounds.map(({ count, elapsedMs }) => (count * 1000) / elapsedMs)).median;
  const cpu = summarize(contender.rounds.map(({ count, cpuMs }) => (cpuMs * 1000) / count)).median;
  const cells = [contender.name, number(ratio.median), `${number(ratio.lower)} to ${number(ratio.upper)}`];
  return `| ${[...cells, Math.round(perSecond).toLocaleString('en'), cpu.toFixed(2)].join(' | ')} |`;
}

/** Round by round, since the rounds of one number ran side by side. */
function ratios(contender: Measured, baseline: Measured): Summary {
  const speed = ({ rounds }: Measured, index: number): number => rounds[index]!.count / rounds[index]!.elapsedMs;
  return summarize(contender.rounds.map((_, index) => speed(contender, index) / speed(baseline, index)));
}

function targetLine(target: Target, measured: readonly Measured[]): string {
  const find = (name: string): Measured | undefined => measured.find((one) => one.name === name);
  const contender = find(target.contender);
  const to = find(target.to);
  if (!contender || !to) return `- not measured: ${target.contender} to ${target.to}`;
  const { median } = ratios(contender, to);
  const verdict = median >= target.atLeast ? 'reached' : '**missed**';
  return `- ${verdict}: ${target.contender} to ${target.to} is ${number(median)}, the target is >= ${target.atLeast}`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
