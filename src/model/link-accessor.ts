import { UsageError } from '../errors.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { findRelation } from '../schema/relations.js';
import { schemaOf } from '../schema/schema-of.js';
import { LinkSet } from './link-set.js';

/** Defines `document.tags`: reading answers the set of linked rows. */
export function defineLinkAccessor(prototype: object, name: string): void {
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: object): LinkSet<object> {
      const schema = schemaOf(this.constructor as ModelClassLike); // every model instance was made by its class
      const relation = findRelation(schema, name);
      if (relation?.kind !== 'manyToMany') throw new UsageError(`${schema.label}.${name} is no relation`);
      return new LinkSet(relation, this);
    },
    set(this: object) {
      const { label } = schemaOf(this.constructor as ModelClassLike); // as above
      throw new UsageError(`${label}.${name} is a set of linked rows; change it by add(), remove() or set([ … ])`);
    },
  });
}
