import { RecordNotFoundError } from '../errors.js';
import { referenceDecorator, type ReferenceOptions } from '../model/decorators/reference.js';
import type { ModelReference, ReferenceLoader } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import { isPromise } from '../support/awaitable.js';
import { modelCacheOf } from './model-cache.js';
import type { RowRead } from './row-cache.js';

const loadThroughCache: ReferenceLoader = (model, value) => {
  try {
    const target = schemaOf(model);
    const rows = modelCacheOf(target).rows(target);
    const loaded = rows.readWith(keyCellOf(target, value), (read) => instanceOf(target, read), 'reference');
    return isPromise(loaded) ? loaded : Promise.resolve(loaded);
  } catch (error) {
    return Promise.reject(error);
  }
};

function instanceOf(target: ModelSchema, { row }: RowRead): object {
  if (row) return target.hydrate(row);
  throw new RecordNotFoundError(target.label, `${target.label}: the row that a foreign key points at does not exist`);
}

/** A foreign key whose row is read through the cache; many that are read in one tick are one command and one SELECT at most. */
export function CachedForeignKey(
  target: ModelReference,
  options: ReferenceOptions = {},
): (prototype: object, key: string | symbol) => void {
  return referenceDecorator({
    decorator: 'CachedForeignKey',
    target,
    options,
    load: loadThroughCache,
    cached: true,
    unique: false,
  });
}

/** A one-to-one whose row is read through the cache. */
export function CachedOneToOne(
  target: ModelReference,
  options: ReferenceOptions = {},
): (prototype: object, key: string | symbol) => void {
  return referenceDecorator({
    decorator: 'CachedOneToOne',
    target,
    options,
    load: loadThroughCache,
    cached: true,
    unique: true,
  });
}
