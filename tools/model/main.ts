import { parseArgs } from 'node:util';
import { explore, type Exploration } from './explore.js';
import { Protocol } from './protocol.js';
import { rules, type Bounds, type Rule } from './rules.js';
import { mutants, scenarios, type Scenario } from './scenarios.js';

/*
 * npm run model -- [--deep] [--mutant <rule>] [--states 3000000]
 *
 * Looks at every state of the protocol within some bounds, and then again without each of its rules. `--deep` takes the
 * wider bounds too, which need minutes and gigabytes. `--mutant` takes one rule out and tells what happens step by step.
 */

const { values } = parseArgs({
  options: {
    deep: { type: 'boolean', default: false },
    mutant: { type: 'string' },
    states: { type: 'string' },
  },
});
const maxStates = Number(values.states ?? (values.deep ? 30_000_000 : 3_000_000));

function explored(bounds: Bounds, without: Rule | undefined): Exploration & { readonly seconds: string } {
  const startedAt = performance.now();
  const exploration = explore(new Protocol({ bounds, without }), maxStates);
  return { ...exploration, seconds: ((performance.now() - startedAt) / 1000).toFixed(1) };
}

function verdict({ exhausted, violation }: Exploration): string {
  if (violation) return `VIOLATION: ${violation.promise}`;
  return exhausted ? 'all seen, none broken' : 'bound reached, none broken';
}

function boundsText({ writers, rawWrites, readers, readsEach, relays, ticks, lifetime }: Bounds): string {
  const many = (count: number, what: string): string =>
    count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
  const reads = readsEach === 1 ? '' : ` of ${readsEach} reads`;
  const clock = ticks === 0 ? '' : `${ticks} ticks, lifetime ${lifetime}`;
  const parts = [many(writers, 'writer'), many(rawWrites, 'plain write'), many(readers, 'reader') + reads];
  return [...parts, many(relays, 'relay'), clock].filter((part) => part !== '').join(', ');
}

function tell(steps: readonly string[]): void {
  for (const [index, step] of steps.entries()) console.log(`  ${String(index + 1).padStart(2)}. ${step}`);
}

/** The protocol as it is. */
function proveScenarios(some: readonly Scenario[]): void {
  console.log('| scenario | bounds | states | seconds | verdict |');
  console.log('| -------- | ------ | -----: | ------: | ------- |');
  for (const { name, bounds } of some) {
    const exploration = explored(bounds, undefined);
    const { states, seconds, violation } = exploration;
    console.log(`| ${name} | ${boundsText(bounds)} | ${states} | ${seconds} | ${verdict(exploration)} |`);
    if (!violation) continue;
    tell(violation.trace);
    process.exitCode = 1;
  }
}

/** The protocol without each of its rules. */
function killMutants(): void {
  console.log('\n| without the rule | what is done instead | states | steps | promise |');
  console.log('| ---------------- | -------------------- | -----: | ----: | ------- |');
  for (const [rule, scenario] of Object.entries(mutants) as [Rule, keyof typeof scenarios][]) {
    const { states, violation } = explored(scenarios[scenario].bounds, rule);
    const [steps, promise] = violation
      ? [violation.trace.length, violation.promise.slice(0, 2)]
      : ['–', 'survives: an open question'];
    console.log(`| \`${rule}\` | ${rules[rule]} | ${states} | ${steps} | ${promise} |`);
    if (!violation) process.exitCode = 1;
  }
}

function tellMutant(name: string): void {
  const rule = (Object.keys(rules) as Rule[]).find((each) => each === name);
  if (rule === undefined) throw new RangeError(`'${name}' is no rule; these are: ${Object.keys(rules).join(', ')}`);
  const exploration = explored(scenarios[mutants[rule]].bounds, rule);
  console.log(`Without the rule, ${rules[rule]}. ${verdict(exploration)}`);
  tell(exploration.violation?.trace ?? []);
}

if (values.mutant === undefined) {
  proveScenarios(Object.values(scenarios).filter(({ isDeep = false }) => values.deep || !isDeep));
  killMutants();
} else {
  tellMutant(values.mutant);
}
