import { UsageError } from '../errors.js';
import { explainFound, type Explanation } from '../model-cache/explain.js';
import { ComputedFunction, type Computing } from './computed-function.js';
import { followForFunction } from './function-follower.js';
import { checkFunction, type CachedOptions, type FunctionDeclaration } from './function-options.js';
import { declareLabel, endDeclaration, handleLabelled } from './labels.js';
import { invalidateLater, refreshLater, type After } from './later.js';
import { placeOfCall } from './place.js';

/** A value in the cache with its facts. */
export interface CachedEntry<T> {
  readonly value: T;
  readonly createdAt: Date;
  /** When it ends at the latest. */
  readonly expiresAt: Date;
  /** From when on it is computed again while it is still served; undefined without `softTtl`. */
  readonly softExpiresAt: Date | undefined;
  /** True where it is served only until it has been computed again. */
  readonly stale: boolean;
  /** Its size as text; undefined for an outdated one. */
  readonly bytes: number | undefined;
  /** The names of what it depends on. */
  readonly dependencies: readonly string[];
}

/** A function that keeps its results, and what can be done with them by hand. */
export interface CachedFunction<Args extends readonly unknown[], T> {
  (...args: Args): Promise<T>;
  readonly label: string;
  /** The same as a call. */
  get(...args: Args): Promise<T>;
  /** The values of many calls, in their order: one command for all that are stored; the others are computed at the same time. */
  getMany(calls: readonly Args[]): Promise<T[]>;
  /** The value if it is cached and valid, else undefined; nothing is computed. */
  peek(...args: Args): Promise<T | undefined>;
  /** Computes the value anew, stores and answers it. */
  refresh(...args: Args): Promise<T>;
  /** Stores a value that was made elsewhere. It follows what `watch` says. In a transaction the old one is dropped at its commit and nothing is stored. */
  set(args: Args, value: T): Promise<void>;
  /** What a call would be answered from the cache, with its facts; undefined where it would be computed. */
  entry(...args: Args): Promise<CachedEntry<T> | undefined>;
  /** Drops the value of these arguments; in a transaction, at its commit. */
  invalidate(...args: Args): Promise<void>;
  /** Drops the values of every call that has these arguments, whatever its others are. Needs `args`, or a path in `watch`. */
  invalidateMatching(values: Readonly<Record<string, unknown>>): Promise<void>;
  /**
   * Drops the value now and has it computed by the queue, at once or so much later; in a transaction, both from its
   * commit on. Asked for several times before that, it is computed once. Resolves when the queue has taken over.
   */
  refreshLater(args: Args, options?: Partial<After>): Promise<void>;
  /**
   * Drops the value so much later, which begins with the commit of a transaction; until then it is served as it is. For
   * changes that are seen late, such as those of a replica.
   */
  invalidateLater(args: Args, options: After): Promise<void>;
  /** Drops every value, in constant time; in a transaction, at its commit. */
  invalidateAll(): Promise<void>;
  /** The same; where `stale` lets old values be served, they are not served any more either. */
  clear(): Promise<void>;
  /** What the cache would answer and why. */
  explain(...args: Args): Promise<Explanation>;
  /** The key as people read it. */
  key(...args: Args): string;
  /** Ends the declaration: the label is free again, and writes are not followed any more. For tests and reloads. */
  undeclare(): void;
}

/**
 * Keeps the results of a function under a label, until something changes that they were computed from. What the function
 * reads through this library is found while it runs; `watch` adds what cannot be seen. Nothing is read or stored inside
 * a transaction. Throws UsageError for a label that is taken and for wrong options.
 *
 * @example
 * ```ts
 * import { cached } from 'moneyclip';
 *
 * const stats = cached('article-stats', async (category: number) => ({ category, made: new Date() }), { ttl: '2m' });
 * await stats(3);
 * await stats.invalidate(3);
 * ```
 */
export function cached<Run extends (...args: never[]) => unknown>(
  label: string,
  run: Run,
  options: CachedOptions<Parameters<Run>, Awaited<ReturnType<Run>>> = {},
): CachedFunction<Parameters<Run>, Awaited<ReturnType<Run>>> {
  if (typeof label !== 'string' || label === '') {
    throw new UsageError(
      `cached(label, function): the label must be a text that is not empty, got ${label === '' ? 'an empty text' : typeof label}`,
    );
  }
  if (typeof run !== 'function') {
    throw new UsageError(`cached('${label}', …): expected a function to keep the results of, got ${typeof run}`);
  }
  const place = placeOfCall(cached);
  const computing = run as unknown as Computing<Parameters<Run>, Awaited<ReturnType<Run>>>; // the same, in other words
  return declareFunction({ label, where: `cached('${label}')`, place }, computing, options);
}

/**
 * The handle of a cached function or node by its label, from anywhere. Throws UsageError if none is declared.
 */
export function cacheOf<Args extends readonly unknown[] = unknown[], T = unknown>(
  label: string,
): CachedFunction<Args, T> {
  return handleLabelled(label) as CachedFunction<Args, T>; // the caller says what it is
}

/** Where something is declared, and how messages call it. */
export interface Declared {
  readonly label: string;
  readonly where: string;
  readonly place: string;
  /** What is known of it that its options do not say. */
  readonly known?: Partial<Pick<FunctionDeclaration, 'inObject' | 'sourcesOf'>>;
}

/** Declares a function under its label. */
export function declareFunction<Args extends readonly unknown[], T>(
  { label, where, place, known }: Declared,
  run: Computing<Args, T>,
  options: CachedOptions<Args, T>,
): CachedFunction<Args, T> {
  const declaration = { ...checkFunction(where, options), ...known };
  const computed = new ComputedFunction<Args, T>(label, run, { options, declaration });
  const handle = handleOf(computed);
  const ends: (() => void)[] = [];
  declareLabel({ label, place, handle, target: computed.target, end: () => ends.forEach((end) => end()) });
  const { repopulateMs } = declaration;
  const any = computed as unknown as ComputedFunction<readonly unknown[], unknown>; // a path may give any arguments
  for (const followed of declaration.followed) ends.push(followForFunction(any, followed, { where, repopulateMs }));
  return handle;
}

function handleOf<Args extends readonly unknown[], T>(computed: ComputedFunction<Args, T>): CachedFunction<Args, T> {
  const handle: CachedFunction<Args, T> = Object.assign((...args: Args) => computed.get(args), {
    label: computed.label,
    get: (...args: Args) => computed.get(args),
    getMany: async (calls: readonly Args[]) => computed.getMany(calls),
    peek: async (...args: Args) => computed.peek(args),
    refresh: async (...args: Args) => computed.refresh(args),
    set: (args: Args, value: T) => computed.set(args, value),
    entry: (...args: Args) => entryOf(computed, args),
    invalidate: (...args: Args) => computed.invalidate(args),
    invalidateMatching: (values: Readonly<Record<string, unknown>>) => computed.invalidateMatching(values),
    refreshLater: async (args: Args, options?: Partial<After>) => refreshLater(computed.target, args, options),
    invalidateLater: async (args: Args, options: After) => invalidateLater(computed.target, args, options),
    invalidateAll: async () => computed.dropAll({ alsoOutdated: false }),
    clear: async () => computed.dropAll({ alsoOutdated: true }),
    explain: async (...args: Args) => {
      const { found, dependencies } = await computed.inspect(args);
      return explainFound(found, dependencies, computed.now());
    },
    key: (...args: Args) => computed.key(args),
    undeclare: () => endDeclaration(computed.label, handle),
  });
  return handle;
}

async function entryOf<Args extends readonly unknown[], T>(
  computed: ComputedFunction<Args, T>,
  args: Args,
): Promise<CachedEntry<T> | undefined> {
  const held = await computed.held(args);
  if (!held) return undefined;
  const { value, entry, stale, bytes, dependencies } = held;
  const { createdAt, expiresAt, softExpiresAt } = entry;
  return {
    value,
    createdAt: new Date(createdAt),
    expiresAt: new Date(expiresAt),
    softExpiresAt: softExpiresAt === undefined ? undefined : new Date(softExpiresAt),
    stale,
    bytes,
    dependencies,
  };
}
