import 'reflect-metadata';
import { UsageError } from '../../errors.js';
import { declarationOf } from '../../schema/declaration.js';
import { describeValue, isPlainObject } from '../../schema/types/describe-value.js';

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

/** Checks where a decorator stands. Throws UsageError for static members, methods, symbols, reserved, ambiguous and repeated names. */
export function decoratedProperty(decorator: string, target: object, key: string | symbol): DecoratedProperty {
  assertLegacy(decorator, target, key);
  const owner = typeof target === 'function' ? target : target.constructor;
  const where = `${owner.name}.${String(key)}`;
  if (typeof target === 'function' || typeof key !== 'string') {
    throw new UsageError(`@${decorator}() on ${where}: write it above a property of instances that has a plain name`);
  }
  assertUsableName(key, where);
  assertFree(owner, key, where);
  if (Object.getOwnPropertyDescriptor(target, key)) {
    throw new UsageError(
      `@${decorator}() on ${where}: this is a method or an accessor; write it above a property: declare ${key}: …`,
    );
  }
  const designType: unknown = Reflect.getMetadata('design:type', target, key);
  return { model: owner as DecoratedProperty['model'], name: key, where, designType }; // a prototype's constructor is its class
}

/** Standard decorators get a context object where these get a name. */
export function assertLegacy(decorator: string, target: unknown, key: unknown): void {
  if (target !== undefined && typeof key !== 'object') return;
  throw new UsageError(
    `@${decorator}() was called as a standard decorator; these are legacy ones: set "experimentalDecorators": true in tsconfig.json`,
  );
}

/** Throws UsageError unless what a decorator was called with is plain data: without its parentheses it gets the class instead. */
export function assertOptions(decorator: string, options: unknown): void {
  if (typeof options === 'object' && options !== null && isPlainObject(options)) return;
  throw new UsageError(
    `@${decorator}: write it with parentheses, as @${decorator}() or @${decorator}({ … }); got ${describeValue(options)}`,
  );
}

function assertUsableName(key: string, where: string): void {
  if (reservedNames.includes(key)) {
    throw new UsageError(
      `${where}: '${key}' is a member of every model and cannot be a column; give the property another name and write @Column({ name: '${key}' })`,
    );
  }
  if (key.includes('__')) {
    throw new UsageError(
      `${where}: '__' separates a column from its lookup in filters, so a property's name cannot contain it`,
    );
  }
}

/** Throws UsageError if a column or relation of this class has the name already. */
export function assertFree(model: object, key: string, where: string): void {
  if (declarationOf(model).links.has(key)) throw new UsageError(`${where} is declared twice`);
  for (const { property, reference, list } of declarationOf(model).columns.values()) {
    if (list === key) throw new UsageError(`${where} is declared twice`);
    if (property !== key && reference?.property !== key) continue;
    const hint =
      reference && property === key
        ? `; it belongs to the relation '${reference.property}', so declare it without a decorator`
        : '';
    throw new UsageError(`${where} is declared as a column twice${hint}`);
  }
}
