import { faultNamed } from './faults/catalogue.js';
import type { Tally, Violation } from './history/checker.js';
import { meanings, rules, type Rule } from './history/rules.js';
import type { Options } from './options.js';
import { promised } from './promises.js';
import type { Result } from './run.js';

/** How many times a rule was broken that the level promises to keep. */
export function brokenPromises({ checker }: Result, { level }: Options): number {
  let broken = 0;
  for (const [kind, { violations }] of checker.tallies) {
    for (const rule of promised(level, happening(kind))) broken += violations[rule];
  }
  return broken;
}

/** The violations of what the level promises. */
export function brokenOnes({ checker }: Result, { level }: Options): readonly Violation[] {
  return checker.violations.filter(({ rule, during }) => promised(level, happening(during)).includes(rule));
}

function happening(kind: string): Parameters<typeof promised>[1] {
  return kind === 'none' ? { isHarmless: true } : faultNamed(kind);
}

/** What a run gave, as text. */
export function report(result: Result, options: Options): string {
  const { checker, writes, works, notInjected } = result;
  const failed = works.reduce((sum, { failedReads, failedWrites }) => sum + failedReads + failedWrites, 0);
  const reasons = [...new Set(works.flatMap((work) => work.reasons))];
  return [
    table(result, options),
    '',
    `${writes.committed} writes were committed, ${writes.acknowledged} acknowledged; ${failed} reads and writes failed.`,
    ...reasons.slice(0, 8).map((reason) => `  ${reason}`),
    ...lateness(result),
    ...notInjected.map((failure) => `could not inject ${failure}`),
    '',
    'A number in brackets counts what the level does not promise.',
    ...rules.filter((rule) => total(checker.tallies, rule) > 0).flatMap((rule) => examples(result, rule)),
  ].join('\n');
}

function lateness({ lateMs, checker: { excused } }: Result): string[] {
  if (lateMs.length === 0) return [];
  const longest = Math.max(...lateMs).toFixed(0);
  return [
    `${lateMs.length} times a process had invalidations that Redis had not confirmed in time, for ${longest} ms at most;`,
    `  ${excused} times something outdated was shown meanwhile, which is not counted.`,
  ];
}

function table({ checker }: Result, { level }: Options): string {
  const head = ['fault', 'times', 'reads', 'hits', 'writes', ...rules, 'latest, ms'];
  const rows = [...checker.tallies].map(([kind, tally]) => row(kind, tally, promised(level, happening(kind))));
  const sum = sumOf(checker.tallies);
  const all = [head, ...rows.toSorted(([left = ''], [right = '']) => left.localeCompare(right)), row('all', sum, [])];
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...all.slice(1).map(line)].join('\n');
}

function row(kind: string, tally: Tally, kept: readonly Rule[]): string[] {
  const cells = rules.map((rule) => {
    const count = tally.violations[rule];
    return kept.includes(rule) || kind === 'all' ? String(count) : `(${count})`;
  });
  const { injections, reads, hits, writes, worstMs } = tally;
  return [kind, String(injections), String(reads), String(hits), String(writes), ...cells, worstMs.toFixed(0)];
}

/** All kinds of faults together. */
export function sumOf(tallies: ReadonlyMap<string, Tally>): Tally {
  const sum: Tally = { injections: 0, reads: 0, hits: 0, writes: 0, worstMs: 0, violations: zero() };
  for (const { injections, reads, hits, writes, worstMs, violations } of tallies.values()) {
    sum.injections += injections;
    sum.reads += reads;
    sum.hits += hits;
    sum.writes += writes;
    sum.worstMs = Math.max(sum.worstMs, worstMs);
    for (const rule of rules) sum.violations[rule] += violations[rule];
  }
  return sum;
}

function zero(): Record<Rule, number> {
  return { R1: 0, R2: 0, R3: 0, R4: 0, R5: 0, R6: 0 };
}

function total(tallies: ReadonlyMap<string, Tally>, rule: Rule): number {
  return [...tallies.values()].reduce((sum, { violations }) => sum + violations[rule], 0);
}

const mostExamples = 5;

function examples({ checker }: Result, rule: Rule): string[] {
  const some = checker.violations.filter((violation) => violation.rule === rule).slice(0, mostExamples);
  return [
    `${rule}: ${meanings[rule]}`,
    ...some.map(({ during, from, detail }) => `  ${from.toFixed(1)} (${during}) ${detail}`),
  ];
}
