import { RecordNotFoundError } from '../errors.js';
import { referenceDecorator, type ReferenceOptions } from '../model/decorators/reference.js';
import type { ModelReference, ReferenceLoader } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import { modelCacheOf } from './model-cache.js';

const loadThroughCache: ReferenceLoader = async (model, value) => {
  const target = schemaOf(model);
  const read = await modelCacheOf(target).rows(target).read(keyCellOf(target, value));
  if (!read.row) {
    throw new RecordNotFoundError(target.label, `${target.label}: the row that a foreign key points at does not exist`);
  }
  return target.hydrate(read.row);
};

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
