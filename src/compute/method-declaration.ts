import { UsageError } from '../errors.js';
import type { ModelReference } from '../schema/declaration.js';
import {
  keepingNames,
  rejectUnknownOptions,
  toKeeping,
  toRepopulateDelay,
  type KeepingOptions,
  type RepopulateSettings,
} from './keeping.js';
import { KeyTemplate } from './key-template.js';
import type { Keeping } from './labelled.js';

/** Arguments of a key function, some of them perhaps promises; nothing means "no key". */
export type PathResult =
  readonly unknown[] | null | undefined | void | Promise<readonly unknown[] | null | undefined | void>;

/** Turns a watched row into the arguments of the key function. */
// The row is an instance of whatever model is watched; the decorator's own types check it.
// oxlint-disable-next-line typescript/no-explicit-any
export type Path = (row: any) => PathResult;

/** Turns an instance and a call's arguments into the arguments of the key template. */
// The instance is of whatever class the method belongs to; the decorator's own types check it.
// oxlint-disable-next-line typescript/no-explicit-any
export type KeyFunction = (self: any, ...args: any[]) => readonly unknown[];

/** One model whose rows a value is to follow, besides what it is found to read. */
export type Watch = ModelReference | readonly [ModelReference] | readonly [ModelReference, Path];

/** What may be said of a computed method. */
export interface MoneyclipOptions extends KeepingOptions {
  /** A template such as `'account::followers::%s'`, with a `%s` for each argument that `args` gives. */
  readonly key?: string;
  /** The arguments of the key; default: the instance's primary key and the call's arguments. */
  readonly args?: KeyFunction;
  readonly watch?: readonly Watch[];
  /** True: a watched row drops the key with its arguments reversed too; a function: with the arguments that it gives. */
  readonly symmetrical?: boolean | ((...args: unknown[]) => readonly unknown[]);
  /**
   * A write of a watched row has the value computed anew, after its commit or so much later, so that the next reader
   * finds it: by the writer itself, or with `jobs: 'bullmq'` by a worker. It is dropped at the commit either way.
   */
  readonly repopulate?: boolean | RepopulateSettings;
}

const optionNames = ['key', 'args', 'watch', 'symmetrical', 'repopulate', ...keepingNames];

/** A method whose results are kept, as its decorator declared it. */
export interface MethodDeclaration {
  readonly where: string;
  readonly name: string;
  /** The method itself, without the cache. */
  readonly run: (...args: unknown[]) => unknown;
  readonly template: KeyTemplate | undefined;
  readonly keyFunction: KeyFunction | undefined;
  readonly paths: readonly (readonly [ModelReference, Path])[];
  /** Models of which any change drops the value. */
  readonly watched: readonly ModelReference[];
  readonly keeping: Keeping;
  readonly symmetrical: MoneyclipOptions['symmetrical'];
  /** How long after a write the value is computed anew; undefined where it is not. */
  readonly repopulateMs: number | undefined;
}

/** Checks what a decorator says. Throws UsageError at declaration. */
export function declareMethod(
  where: string,
  name: string,
  run: MethodDeclaration['run'],
  options: MoneyclipOptions,
): MethodDeclaration {
  checkOptions(where, options);
  const { key, args, watch = [], symmetrical } = options;
  if (key !== undefined && args === undefined && key.split('%s').length - 1 !== 1) {
    throw new UsageError(`${where}: the key template '${key}' needs args: (self, …) => […], one for each %s`);
  }
  if (!Array.isArray(watch)) {
    throw new UsageError(`${where}: watch must be a list of models or [Model, path], got ${typeof watch}`);
  }
  const pairs = watch.map((one) => toPair(where, one as Watch)); // checked there
  const paths = pairs.filter((pair): pair is readonly [ModelReference, Path] => pair[1] !== undefined);
  return {
    where,
    name,
    run,
    template: key === undefined ? undefined : new KeyTemplate(key, where),
    keyFunction: args,
    paths,
    watched: pairs.flatMap(([model, path]) => (path ? [] : [model])),
    keeping: toKeeping(where, options),
    symmetrical,
    repopulateMs: toRepopulateDelay(where, options.repopulate, paths.length > 0),
  };
}

function checkOptions(where: string, options: MoneyclipOptions): void {
  rejectUnknownOptions(where, options, optionNames);
  if (options.args !== undefined && typeof options.args !== 'function') {
    throw new UsageError(
      `${where}: args must be a function that gives the key's arguments, got ${typeof options.args}`,
    );
  }
}

function toPair(where: string, watch: Watch): readonly [ModelReference, Path | undefined] {
  const [model, path] = Array.isArray(watch) ? (watch as readonly [ModelReference, Path?]) : [watch as ModelReference];
  if (typeof model !== 'function' && typeof model !== 'string') {
    throw new UsageError(
      `${where}: the watched model is ${String(model)}; write a class, a function () => Model, or a label. ` +
        `A class whose module is still loading is undefined here.`,
    );
  }
  if (path !== undefined && typeof path !== 'function') {
    throw new UsageError(
      `${where}: the path of a watched model must be a function from its row to the key's arguments, got ${typeof path}`,
    );
  }
  return [model, path];
}
