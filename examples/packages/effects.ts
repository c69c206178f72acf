import { moneyclip, type CachedModel } from 'moneyclip';
import type { Tour } from './browse.js';
import { License, Package, Person } from './models.js';

/** What a change made of the computed values that the tour looks at. */
export interface Effect {
  readonly change: string;
  /** How many of each kind are not valid any more, by their name: whoever reads them next computes them again. */
  readonly outdated: ReadonlyMap<string, number>;
  /** How many values there are. */
  readonly values: number;
}

/** Asks the cache of every value whether it is still valid, without computing any. */
export async function effectOf(change: string, { packages, licenses, people }: Tour): Promise<Effect> {
  const counts = await Promise.all([
    outdatedOf(License, 'percentage', licenses),
    outdatedOf(License, 'releaseCount', licenses),
    outdatedOf(Package, 'allDependents', packages),
    outdatedOf(Package, 'dependents', packages),
    outdatedOf(Package, 'releaseIds', packages),
    outdatedOf(Person, 'packageNames', people),
  ]);
  const values = 2 * licenses.length + 3 * packages.length + people.length;
  return { change, outdated: new Map(counts.filter(([, count]) => count > 0)), values };
}

async function outdatedOf<T extends CachedModel>(
  model: abstract new (...args: never[]) => T,
  method: keyof T & string,
  rows: readonly T[],
): Promise<[string, number]> {
  const handle = moneyclip.of(model, method);
  const explanations = await Promise.all(rows.map((row) => handle.explain(row)));
  return [`${model.name}.${method}`, explanations.filter(({ state }) => state !== 'hit').length];
}
