import 'reflect-metadata';
import { UsageError } from '../../errors.js';

/** The members that every model has: a column or relation cannot take their place. */
export const reservedNames: readonly string[] = [
  'constructor',
  'isPersisted',
  'save',
  'delete',
  'reload',
  'changes',
  'toJSON',
];

/** A property under a decorator. */
export interface DecoratedProperty {
  readonly model: abstract new (...args: never[]) => object;
  readonly name: string;
  /** `Document.title`, for messages. */
  readonly where: string;
  /** What the compiler emitted for the property, where it did. */
  readonly designType: unknown;
}

/** Checks where a decorator stands. Throws UsageError for static members, symbols, reserved and ambiguous names. */
export function decoratedProperty(decorator: string, target: object, key: string | symbol): DecoratedProperty {
  const owner = typeof target === 'function' ? target : target.constructor;
  const where = `${owner.name}.${String(key)}`;
  if (typeof target === 'function' || typeof key !== 'string') {
    throw new UsageError(`@${decorator}() on ${where}: write it above a property of instances that has a plain name`);
  }
  if (reservedNames.includes(key)) {
    throw new UsageError(`${where}: '${key}' is a member of every model and cannot be a column; give the property another name and write @Column({ name: '${key}' })`);
  }
  if (key.includes('__')) {
    throw new UsageError(`${where}: '__' separates a column from its lookup in filters, so a property's name cannot contain it`);
  }
  const designType: unknown = Reflect.getMetadata('design:type', target, key);
  return { model: owner as DecoratedProperty['model'], name: key, where, designType }; // a prototype's constructor is its class
}
