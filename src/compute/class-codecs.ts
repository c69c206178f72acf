import { UsageError } from '../errors.js';
import { Model } from '../model/model.js';

/** How instances of a class are stored. */
export interface ClassCodec<Instance, Plain = unknown> {
  /** Stands for the class in what is stored. Give it another one when `decode` could not read what was stored before. */
  readonly name: string;
  /** What an instance is made of: anything that can be cached itself, also instances of other such classes. */
  readonly encode: (instance: Instance) => Plain;
  /** An instance equal to the one that `encode` was given. One that throws makes the value be computed anew. */
  readonly decode: (plain: Plain) => Instance;
}

/** A class of the user's. */
export type ClassOf<Instance> = abstract new (...args: never[]) => Instance;

interface Registered {
  readonly type: ClassOf<object>;
  readonly codec: ClassCodec<object>;
}

const byPrototype = new Map<unknown, Registered>();
const byName = new Map<string, Registered>();

/**
 * Lets instances of a class be in cached values and among the arguments of a key. They come back as instances of that very
 * class; one that is derived from it needs a codec of its own. Register it where the class is declared, in every process
 * that reads the values. Throws UsageError for a model, for a class that has a codec, and for a name that is taken.
 */
export function registerCodec<Instance extends object, Plain>(
  type: ClassOf<Instance>,
  codec: ClassCodec<Instance, Plain>,
): void {
  check(type, codec);
  const registered: Registered = { type, codec: codec as unknown as ClassCodec<object> }; // it only gets instances of its class, and what it made of them
  byPrototype.set(type.prototype, registered);
  byName.set(codec.name, registered);
}

/** The codec of the class that made an object, if it has one. */
export function codecOf(value: object): ClassCodec<object> | undefined {
  return byPrototype.get(Object.getPrototypeOf(value))?.codec;
}

/** The codec that is called so. */
export function codecNamed(name: string): ClassCodec<object> | undefined {
  return byName.get(name)?.codec;
}

function check(type: unknown, codec: unknown): void {
  if (typeof type !== 'function' || !isObject(type.prototype) || !isCodec(codec)) {
    throw new UsageError(
      "registerCodec(Class, { name, encode, decode }) needs a class, a name such as 'money', and two functions",
    );
  }
  const { name } = codec;
  if (type.prototype instanceof Model || type.prototype === Model.prototype) {
    throw new UsageError(`registerCodec(${type.name}): instances of models are stored without a codec`);
  }
  const of = byPrototype.get(type.prototype);
  if (of) throw new UsageError(`registerCodec(${type.name}): the class has a codec already, '${of.codec.name}'`);
  const taken = byName.get(name);
  if (taken) {
    throw new UsageError(`registerCodec(${type.name}): the name '${name}' is that of ${taken.type.name}; take another`);
  }
}

function isCodec(codec: unknown): codec is { readonly name: string } {
  if (!isObject(codec)) return false;
  const { name, encode, decode }: { name?: unknown; encode?: unknown; decode?: unknown } = codec;
  return typeof name === 'string' && name !== '' && typeof encode === 'function' && typeof decode === 'function';
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
