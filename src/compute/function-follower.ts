import type { ComputedFunction } from './computed-function.js';
import { labelDependency } from './computation-dependencies.js';
import type { FollowedModel } from './function-options.js';
import { renewLater } from './later.js';
import { isPlainObject } from './plain-object.js';
import { registerFollower, type Lead } from './row-followers.js';

/** A function, as far as the rows that its values follow care. */
type Followed = ComputedFunction<readonly unknown[], unknown>;

/** Makes a function's values follow the rows of a model. Returns how to stop that. */
export function followForFunction(
  computed: Followed,
  followed: FollowedModel,
  { where, repopulateMs }: { readonly where: string; readonly repopulateMs: number | undefined },
): () => void {
  const { model, path, when } = followed;
  return registerFollower({
    watched: model,
    where,
    follow: async (row) => {
      if (when && !(await when(row))) return [];
      return path ? leadsOf(computed, await path(row), repopulateMs) : wholeLabel(computed);
    },
    everything: () => [labelDependency(computed.label)],
  });
}

async function leadsOf(
  computed: Followed,
  result: unknown,
  repopulateMs: number | undefined,
): Promise<readonly Lead[]> {
  if (result === undefined || result === null) return [];
  if (Array.isArray(result)) return leadsOfList(computed, await Promise.all(result as unknown[]), repopulateMs);
  if (isPlainObject(result)) return leadsOfNames(computed, await settledValues(result), repopulateMs);
  throw new TypeError(`the path returned ${typeof result} instead of a list of arguments or an object of them by name`);
}

function leadsOfList(computed: Followed, args: readonly unknown[], repopulateMs: number | undefined): readonly Lead[] {
  if (args.some((argument) => argument === undefined || argument === null)) return [];
  return [{ dependency: computed.dependency(args), renew: renewalOf(computed, args, repopulateMs) }];
}

function leadsOfNames(
  computed: Followed,
  values: Readonly<Record<string, unknown>>,
  repopulateMs: number | undefined,
): readonly Lead[] {
  const [first, ...others] = computed.dependenciesMatching(values).map((dependency) => ({ dependency }));
  const args = argumentsIn(computed, values);
  if (!first) return [];
  return [{ ...first, renew: args && renewalOf(computed, args, repopulateMs) }, ...others];
}

function renewalOf(
  { target }: Followed,
  args: readonly unknown[],
  delayMs: number | undefined,
): (() => Promise<void>) | undefined {
  return delayMs === undefined ? undefined : () => renewLater(target, args, { delayMs });
}

/** The arguments of the one call that these values say; undefined where they say but some of them. */
function argumentsIn({ named, inObject }: Followed, values: Readonly<Record<string, unknown>>): unknown[] | undefined {
  const args = named?.names.map((name) => values[name]);
  if (!args || args.includes(undefined)) return undefined;
  return inObject ? [values] : args;
}

function wholeLabel({ label }: Followed): readonly Lead[] {
  return [{ dependency: labelDependency(label) }];
}

async function settledValues(values: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const entries = await Promise.all(Object.entries(values).map(async ([name, value]) => [name, await value] as const));
  return Object.fromEntries(entries);
}
