import { argumentsDependency } from '../invalidation/dependencies.js';
import { isPlainObject } from './plain-object.js';

/** Texts of arguments by their names; a name that is missing was not given. */
export type ArgumentTexts = ReadonlyMap<string, string>;

const mostNamesInAllGroups = 4;
const mostNamesInPairs = 6;

/**
 * Finds entries by some of their arguments without looking for them. An entry depends on a name for each group of its
 * arguments; a write that knows the values of some arguments drops the name of exactly that group, with these values,
 * and so reaches every entry that agrees on them, whatever its other arguments are. An argument that an entry was not
 * given agrees with every value: its place in a name says "none", and a write drops the names with "none" as well.
 *
 * Four arguments make 15 groups. Of more arguments only pairs, or single ones, are groups; a write that knows more than
 * that uses the first it knows, which drops entries too many and never one too few.
 */
export class NamedArguments {
  readonly names: readonly string[];
  readonly #label: string;
  readonly #groups: readonly (readonly string[])[];
  readonly #longest: number;

  constructor(label: string, names: readonly string[]) {
    this.#label = label;
    this.names = names;
    this.#longest = longestGroup(names.length);
    this.#groups = groupsOf(names, this.#longest);
  }

  /** What an entry of a call with these arguments depends on. */
  dependencies(texts: ArgumentTexts): string[] {
    return this.#groups.map((group) => this.#name(group, texts));
  }

  /** What to drop so that every entry goes that agrees with these values; at least one of them must be given. */
  matching(texts: ArgumentTexts): string[] {
    const group = this.names.filter((name) => texts.has(name)).slice(0, this.#longest);
    return subsetsOf(group).map((known) =>
      this.#name(group, new Map([...texts].filter(([name]) => known.includes(name)))),
    );
  }

  /** The arguments of a call by their names: those of an only argument that is a plain object, else by their places. */
  byName(args: readonly unknown[]): ReadonlyMap<string, unknown> {
    const [only] = args;
    const given = args.length === 1 && isPlainObject(only) ? only : undefined;
    const entries = this.names.map((name, index) => [name, given ? given[name] : args[index]] as const);
    return new Map(entries.filter(([, value]) => value !== undefined));
  }

  #name(group: readonly string[], texts: ArgumentTexts): string {
    return argumentsDependency(this.#label, JSON.stringify(group.map((name) => [name, texts.get(name) ?? null])));
  }
}

function longestGroup(count: number): number {
  if (count <= mostNamesInAllGroups) return count;
  return count <= mostNamesInPairs ? 2 : 1;
}

function groupsOf(names: readonly string[], longest: number): readonly (readonly string[])[] {
  if (longest === 1) return names.map((name) => [name]);
  return subsetsOf(names).filter(({ length }) => length > 0 && length <= longest);
}

/** Every choice of names, in their order, with none of them first. */
function subsetsOf(names: readonly string[]): readonly (readonly string[])[] {
  return names.reduce<readonly (readonly string[])[]>(
    (subsets, name) => [...subsets, ...subsets.map((subset) => [...subset, name])],
    [[]],
  );
}
