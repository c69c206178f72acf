import { Model } from '../model/model.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { CacheManager } from './cache-manager.js';

/** A class that `CacheMixin` can extend: any that extends `Model`. */
// TypeScript requires exactly this signature of the base of a mixin.
// oxlint-disable-next-line typescript/no-explicit-any
export type ModelConstructor = abstract new (...args: any[]) => Model;

/** What `CacheMixin` adds to a model class. */
export interface CachedStatics {
  /** Reads through the cache: `Document.cache.get(1)`. */
  // The element type is each model's own; a model redeclares it: `declare static cache: CacheManager<Document>`.
  // oxlint-disable-next-line typescript/no-explicit-any
  cache: CacheManager<any>;
  /** True: the writer of a row reads it back into the cache after its commit, so that the next reader finds it. */
  repopulate: boolean;
}

/** Adds `cache` to a model class of your own: `class Base extends CacheMixin(Model)`. */
export function CacheMixin<Base extends ModelConstructor>(base: Base): Base & CachedStatics {
  abstract class Cached extends base {
    declare static cache: CachedStatics['cache'];
    static repopulate = false;
  }
  Object.defineProperty(Cached, 'cache', {
    configurable: true,
    get(this: ModelClassLike) {
      return managerOf(this);
    },
  });
  return Cached;
}

const managers = new WeakMap<object, CacheManager<object>>();

function managerOf(model: ModelClassLike): CacheManager<object> {
  let manager = managers.get(model);
  if (!manager) {
    manager = new CacheManager(model);
    managers.set(model, manager);
  }
  return manager;
}

/** The Active Record whose rows can be read through the cache. */
export abstract class CachedModel extends CacheMixin(Model) {}
