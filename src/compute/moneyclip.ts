import { UsageError } from '../errors.js';
import { explainFound, type Explanation } from '../model-cache/explain.js';
import { modelCacheOf } from '../model-cache/model-cache.js';
import type { ModelClassLike, ModelReference } from '../schema/declaration.js';
import { methodIn, methodOf, registerMethod, type CachedMethod } from './cached-method.js';
import { invalidateLater, refreshLater, type After } from './later.js';
import { followForMethod } from './method-follower.js';
import { declareMethod, type KeyFunction, type MoneyclipOptions, type Path } from './method-declaration.js';

/** A decorator for an asynchronous method. */
export type MethodDecorator = (
  target: object,
  key: string | symbol,
  // The method may take any arguments and resolve to anything.
  // oxlint-disable-next-line typescript/no-explicit-any
  descriptor: TypedPropertyDescriptor<(...args: any[]) => Promise<any>>,
) => void;

/** What comes after the four positions. */
export type PositionalOptions = Omit<MoneyclipOptions, 'key' | 'args'>;

/**
 * Keeps the results of an asynchronous method of a model until something changes that they were computed from. What the
 * method reads through this library while it runs is found by itself; `watch` adds what cannot be seen.
 *
 * The method runs on a fresh instance of its row, so that what is stored is a function of the row as it is. Inside a
 * transaction, and for an instance with unsaved changes, it runs on the instance itself and nothing is stored.
 */
export function moneyclip(options?: MoneyclipOptions): MethodDecorator;
// The positions are those of the original, and people know them by heart.
// oxlint-disable-next-line max-params
export function moneyclip(
  template: string,
  keyFunction: KeyFunction,
  watched?: ModelReference,
  path?: Path,
  options?: PositionalOptions,
): MethodDecorator;
export function moneyclip(...given: readonly unknown[]): MethodDecorator {
  return (target, key, descriptor) => {
    const owner = typeof target === 'function' ? target : target.constructor;
    const where = `${owner.name}.${String(key)}`;
    const run = descriptor?.value;
    if (typeof target === 'function' || typeof key !== 'string' || typeof run !== 'function') {
      throw new UsageError(`@moneyclip on ${where}: write it above an asynchronous method of instances`);
    }
    const declaration = declareMethod(where, key, run, toOptions(where, given));
    let last: CachedMethod | undefined; // NOTE: nearly always that of the call before, and found without looking for it
    const wrapper = function (this: object, ...args: unknown[]): Promise<unknown> {
      try {
        const model = this.constructor as ModelClassLike; // an instance is made by its class
        if (last?.model !== model || !last.isCurrent) last = methodIn(model, declaration);
        return last.get(this, args);
      } catch (error) {
        return Promise.reject(error); // NOTE: an asynchronous method never throws
      }
    };
    registerMethod(wrapper, declaration);
    followForMethod(owner as ModelClassLike, declaration); // a prototype's constructor is its class
    descriptor.value = wrapper;
  };
}

function toOptions(where: string, given: readonly unknown[]): MoneyclipOptions {
  const [first, keyFunction, watched, path, options] = given;
  if (first === undefined || (typeof first === 'object' && first !== null)) return first ?? {}; // checked by declareMethod
  if (typeof first !== 'string') {
    throw new UsageError(`@moneyclip on ${where}: expected a key template or options, got ${typeof first}`);
  }
  if (typeof keyFunction !== 'function') {
    throw new UsageError(
      `@moneyclip on ${where}: the second argument must be a function that gives the template's arguments, got ${typeof keyFunction}`,
    );
  }
  const rest = (options ?? {}) as PositionalOptions; // checked by declareMethod
  const watch = given.length > 2 ? [[watched, path] as readonly [ModelReference, Path]] : []; // checked by declareMethod
  return { ...rest, key: first, args: keyFunction as KeyFunction, watch: [...watch, ...(rest.watch ?? [])] };
}

/** What can be done by hand with the values of one computed method. */
export interface MoneyclipHandle<Self extends object = object> {
  /** The key as people read it. */
  key(self: Self, ...args: unknown[]): string;
  /** Drops the value; in a transaction, at its commit. */
  invalidate(self: Self, ...args: unknown[]): Promise<void>;
  /** Computes the value anew, stores and answers it. */
  refresh(self: Self, ...args: unknown[]): Promise<unknown>;
  /**
   * Drops the value now and has it computed by the queue, at once or so much later; in a transaction, both from its
   * commit on.
   */
  refreshLater(args: readonly [Self, ...unknown[]], options?: Partial<After>): Promise<void>;
  /** Drops the value so much later, which begins with the commit of a transaction; until then it is served as it is. */
  invalidateLater(args: readonly [Self, ...unknown[]], options: After): Promise<void>;
  /** The value if it is cached and valid, else undefined; nothing is computed. */
  peek(self: Self, ...args: unknown[]): Promise<unknown>;
  /** What the cache would answer and why. */
  explain(self: Self, ...args: unknown[]): Promise<Explanation>;
}

/** The handle of a computed method: `moneyclip.of(Account, 'followersCount')`. Throws UsageError if it is none. */
moneyclip.of = function of<Self extends object>(
  model: abstract new (...args: never[]) => Self,
  name: keyof Self & string,
): MoneyclipHandle<Self> {
  const method = methodOf(model, name);
  return {
    key: (self, ...args) => method.key(self, args),
    invalidate: (self, ...args) => method.invalidate(self, args),
    refresh: (self, ...args) => method.refresh(self, args),
    refreshLater: (args, options) => refreshLater(method.target, args, options),
    invalidateLater: (args, options) => invalidateLater(method.target, args, options),
    peek: (self, ...args) => method.peek(self, args),
    explain: async (self, ...args) => {
      const { found, dependencies } = await method.inspect(self, args);
      return explainFound(found, dependencies, modelCacheOf(method.schema).engine.clock.now());
    },
  };
};
