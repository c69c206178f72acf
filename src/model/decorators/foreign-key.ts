import { loadFromDatabase } from '../load-reference.js';
import type { ModelReference } from '../../schema/declaration.js';
import { referenceDecorator, type ReferenceOptions } from './reference.js';

/** Makes a property point at a row of another model, read from the database each time. The raw key is under `<name>Id`. */
export function ForeignKey(
  target: ModelReference,
  options: ReferenceOptions = {},
): (prototype: object, key: string | symbol) => void {
  return referenceDecorator({
    decorator: 'ForeignKey',
    target,
    options,
    load: loadFromDatabase,
    cached: false,
    unique: false,
  });
}

/** A foreign key that no two rows share: one row here for at most one row there. */
export function OneToOne(
  target: ModelReference,
  options: ReferenceOptions = {},
): (prototype: object, key: string | symbol) => void {
  return referenceDecorator({
    decorator: 'OneToOne',
    target,
    options,
    load: loadFromDatabase,
    cached: false,
    unique: true,
  });
}
