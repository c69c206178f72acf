import { UsageError } from '../errors.js';
import { QuerySet } from '../query/query-set.js';
import type { ModelReference } from '../schema/declaration.js';
import {
  keepingNames,
  rejectUnknownOptions,
  toKeeping,
  toRepopulateDelay,
  type KeepingOptions,
  type RepopulateSettings,
} from './keeping.js';
import { described } from './known-types.js';
import type { Keeping } from './labelled.js';
import { checkedTags } from './tags.js';
import { checkedModel, type Source } from '../query/watched-rows.js';

/** What a watched row leads to: the arguments of a call as a list, some of them by their names, or nothing. */
export type RowPathResult = readonly unknown[] | Readonly<Record<string, unknown>> | null | undefined | void;

/** Says which values a watched row concerns. */
// The row is an instance of whatever model is watched.
// oxlint-disable-next-line typescript/no-explicit-any
export type RowPath = (row: any) => RowPathResult | Promise<RowPathResult>;

export interface WatchConditions {
  /** Rows for which this is false, before and after the write, concern no value. */
  // As above.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly when: (row: any) => boolean | Promise<boolean>;
}

/** A model or a query set: any change of its rows drops a value. */
export type WatchSource = Source;

/** What a function's values are to follow, besides what they are found to read. */
export type FunctionWatch =
  | Source
  | readonly [ModelReference]
  | readonly [ModelReference, RowPath | WatchConditions]
  | readonly [ModelReference, RowPath, WatchConditions];

/** What a listener is told of one call. */
export interface CallNotice<Args extends readonly unknown[]> {
  readonly label: string;
  readonly key: string;
  readonly args: Args;
}

/** Turns values into data that can be stored, and back. */
export interface ValueCodec<T> {
  encode(value: T): unknown;
  decode(data: unknown): T;
}

/** What may be said of a cached function. */
export interface CachedOptions<Args extends readonly unknown[], T> extends KeepingOptions {
  /** What tells calls apart; default: their arguments. */
  readonly key?: (...args: Args) => unknown;
  /** The names of the arguments, in order, for paths that give names; default: those of the function's parameters. */
  readonly args?: readonly string[];
  /** Models, query sets and `[Model, path]`; or a function of the arguments that gives models and query sets. */
  readonly watch?: readonly FunctionWatch[] | ((...args: Args) => readonly Source[]);
  /** What `invalidateTag` drops the values by. */
  readonly tag?: string | readonly string[] | ((...args: Args) => string | readonly string[]);
  /** True, or for which arguments: computed with each call and not stored. */
  readonly skip?: boolean | ((...args: Args) => boolean);
  readonly onHit?: (notice: CallNotice<Args>) => void;
  readonly onMiss?: (notice: CallNotice<Args>) => void;
  /**
   * A write of a watched row has the values computed anew, after its commit or so much later, whose arguments the path
   * gives in full: by the writer itself, or with `jobs: 'bullmq'` by a worker. They are dropped at the commit either way.
   */
  readonly repopulate?: boolean | RepopulateSettings;
  /** Another version reads nothing that this one stored: change it with what the function computes. */
  readonly version?: string | number;
  /** How values are stored that are no plain data. */
  readonly codec?: ValueCodec<T>;
  /** Computes many values at once, in the order of the calls, for `getMany`. */
  readonly loadMany?: (calls: readonly Args[]) => Promise<readonly T[]>;
  /** The name of the connection that keeps the values; default: `default`. */
  readonly connection?: string;
}

const optionNames = [
  ...'key, args, watch, tag, skip, onHit, onMiss, repopulate, version, codec, loadMany, connection'.split(', '),
  ...keepingNames,
];

/** A path with its model. */
export interface FollowedModel {
  readonly model: ModelReference;
  /** Undefined where each row that meets the conditions concerns every value. */
  readonly path: RowPath | undefined;
  readonly when: WatchConditions['when'] | undefined;
}

/** What was declared, checked. */
export interface FunctionDeclaration {
  readonly where: string;
  readonly keeping: Keeping;
  readonly sources: readonly Source[];
  readonly followed: readonly FollowedModel[];
  readonly names: readonly string[] | undefined;
  /** How long after a write values are computed anew; undefined where they are not. */
  readonly repopulateMs: number | undefined;
  /** True where it is known to take its arguments as the properties of an only one. */
  readonly inObject?: boolean;
  /** Gives what the value of one call depends on besides. */
  readonly sourcesOf: ((...args: never[]) => unknown) | undefined;
}

/** Checks what was said of a function. Throws UsageError at declaration. */
export function checkFunction<Args extends readonly unknown[], T>(
  where: string,
  options: CachedOptions<Args, T>,
): FunctionDeclaration {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(`${where}: the options must be an object, got ${options === null ? 'null' : typeof options}`);
  }
  rejectUnknownOptions(where, options, optionNames);
  checkEach(where, options);
  const { watch = [] } = options;
  if (!Array.isArray(watch) && typeof watch !== 'function') {
    throw new UsageError(
      `${where}: watch must be a list of models, query sets or [Model, path], or a function of the arguments, got ${typeof watch}`,
    );
  }
  const watches = typeof watch === 'function' ? [] : watch.map((one) => toWatch(where, one as FunctionWatch)); // checked there
  const followed = watches.flatMap((one) => ('followed' in one ? [one.followed] : []));
  return {
    where,
    keeping: toKeeping(where, options),
    sources: watches.flatMap((one) => ('followed' in one ? [] : [one.source])),
    followed,
    names: checkedNames(where, options.args),
    repopulateMs: toRepopulateDelay(
      where,
      options.repopulate,
      followed.some(({ path }) => path),
    ),
    sourcesOf: typeof watch === 'function' ? watch : undefined,
  };
}

function checkEach<Args extends readonly unknown[], T>(where: string, options: CachedOptions<Args, T>): void {
  for (const name of ['key', 'onHit', 'onMiss', 'loadMany'] as const) assertFunction(where, name, options[name]);
  checkCodec(where, options.codec);
  checkSkip(where, options);
  checkPlain(where, 'version', options.version, ['string', 'number']);
  if (typeof options.tag !== 'function') checkedTags(options.tag, `${where}: tag`);
  if (options.codec !== undefined && options.instances === 'reference') {
    throw new UsageError(
      `${where}: codec and instances: 'reference' both say how values are stored; leave out one of them`,
    );
  }
}

function checkCodec(where: string, codec: unknown): void {
  if (codec === undefined) return;
  const isCodec = typeof codec === 'object' && codec !== null;
  const { encode, decode } = (isCodec ? codec : {}) as Partial<ValueCodec<unknown>>; // looked at below
  if (typeof encode === 'function' && typeof decode === 'function') return;
  throw new UsageError(`${where}: codec must be { encode, decode }, two functions, got ${described(codec)}`);
}

function checkSkip(
  where: string,
  {
    skip,
    lock,
    repopulate,
  }: Pick<CachedOptions<readonly unknown[], unknown>, 'lock' | 'repopulate'> & { readonly skip?: unknown },
): void {
  if (skip === undefined || typeof skip === 'function') return;
  checkPlain(where, 'skip', skip, ['boolean', 'function']);
  if (skip && (lock || repopulate)) {
    throw new UsageError(`${where}: skip: true stores nothing, so there is nothing to ${lock ? 'lock' : 'repopulate'}`);
  }
}

function checkPlain(where: string, name: string, value: unknown, types: readonly string[]): void {
  if (value === undefined || types.includes(typeof value)) return;
  throw new UsageError(`${where}: ${name} must be a ${types.join(' or a ')}, got ${described(value)}`);
}

function assertFunction(where: string, name: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new UsageError(`${where}: ${name} must be a function, got ${typeof value}`);
}

function checkedNames(where: string, names: unknown): readonly string[] | undefined {
  if (names === undefined) return undefined;
  if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) return names as string[];
  throw new UsageError(`${where}: args must be a list of the names of the arguments, such as ['category', 'year']`);
}

function toWatch(where: string, watch: FunctionWatch): { source: Source } | { followed: FollowedModel } {
  if (watch instanceof QuerySet) return { source: watch };
  const [model, second, third] = (Array.isArray(watch) ? watch : [watch]) as readonly unknown[];
  const reference = checkedModel(where, model);
  if (second === undefined) return { source: reference };
  const path = typeof second === 'function' ? (second as RowPath) : undefined;
  const conditions = path ? third : second;
  return { followed: { model: reference, path, when: checkedWhen(where, conditions) } };
}

function checkedWhen(where: string, conditions: unknown): WatchConditions['when'] | undefined {
  if (conditions === undefined) return undefined;
  const when: unknown =
    typeof conditions === 'object' && conditions !== null ? Reflect.get(conditions, 'when') : undefined;
  if (typeof when === 'function') return when as WatchConditions['when'];
  throw new UsageError(
    `${where}: after a watched model comes a path, a function from its row to arguments, or { when: (row) => true or false }; got ${typeof conditions}`,
  );
}
