import { rules } from './history/rules.js';
import type { Options } from './options.js';
import type { Recipe } from './recipes.js';
import { brokenOnes, brokenPromises, sumOf } from './report.js';
import type { Result } from './run.js';

export const peersHead = `| library | faults | reads | hits | writes | ${rules.join(' | ')} | latest, ms |
| --- | --: | --: | --: | --: | ${rules.map(() => '--:').join(' | ')} | --: |`;

/** One line for all that a library did. */
export function peersRow({ checker, writes }: Result, { peer = '' }: Options): string {
  const { injections, reads, hits, worstMs, violations } = sumOf(checker.tallies);
  const counts = [injections, reads, hits, writes.committed, ...rules.map((rule) => violations[rule])];
  return `| ${[peer, ...counts, worstMs.toFixed(0)].join(' | ')} |`;
}

export const mutantsHead = `| without the rule | how | faults | hits | broken | of them | the first after |
| --- | --- | --: | --: | --: | --- | --: |`;

/** One line for a rule that was missing. */
export function mutantsRow({ why }: Recipe, result: Result, { mutant = '', ...options }: Options): string {
  const broken = brokenPromises(result, { ...options, mutant });
  const ones = brokenOnes(result, { ...options, mutant });
  const which = rules.filter((rule) => ones.some((one) => one.rule === rule)).join(', ');
  const firstMs = Math.min(...ones.map(({ from }) => from)) - result.begunAt;
  const first = broken === 0 ? 'survived' : `${(firstMs / 1000).toFixed(0)} s`;
  const { injections, hits } = sumOf(result.checker.tallies);
  return `| \`${mutant}\` | ${why} | ${injections} | ${hits} | ${broken} | ${which} | ${first} |`;
}
