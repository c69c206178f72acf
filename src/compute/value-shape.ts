import { Model } from '../model/model.js';
import { codecOf, type ClassCodec } from './class-codecs.js';
import { byteTypeOf, className, described, isPlain, isPlainList } from './known-types.js';
import { at, pathOf, type Step } from './value-path.js';

/** Deeper values are refused: what is written by recursion must be read by it, wherever that happens. */
const deepest = 1_000;
/** Deeper values are not left to JSON, whose readers may stop earlier. */
const deepestJson = 100;

const leafTypes: readonly object[] = [Date.prototype, RegExp.prototype, URL.prototype, URLSearchParams.prototype];

/** Why a value cannot be stored. */
export class UnstorableError extends Error {
  override readonly name = 'UnstorableError';
}

/**
 * Looks at every part of a value before it is stored: whether JSON gives it back exactly, and whether it can be stored
 * at all. What classes with a codec make of their instances is kept, since asking again could give something else.
 */
export class ValueShape {
  /** True where JSON gives back exactly this value. */
  isJson = true;
  /** What codecs made of instances. */
  readonly encoded = new Map<object, readonly [name: string, plain: unknown]>();
  /** How deep each object is that the way from the root goes through; -1 for those that are done. */
  readonly #depths = new Map<object, number>();
  readonly #steps: Step[] = [];

  /** Throws UnstorableError, naming the part, for a value that cannot be stored. */
  constructor(value: unknown) {
    this.#look(value);
  }

  #look(value: unknown): void {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return;
      case 'number':
        if (!Number.isFinite(value) || Object.is(value, -0)) this.isJson = false;
        return;
      case 'undefined':
      case 'bigint':
        this.isJson = false;
        return;
      case 'object':
        if (value !== null) this.#visit(value);
        return;
      default:
        throw this.#unstorable(described(value), 'Return plain data');
    }
  }

  #visit(value: object): void {
    const seenAt = this.#depths.get(value);
    const depth = this.#steps.length;
    if (seenAt !== undefined && seenAt >= 0) throw this.#cycle(seenAt);
    if (depth > deepestJson || seenAt !== undefined) this.isJson = false; // NOTE: JSON would copy what is shared
    if (seenAt !== undefined) return;
    if (depth > deepest) throw new UnstorableError(`it is nested in more than ${deepest} levels. Return plain data`);
    this.#depths.set(value, depth);
    this.#lookInside(value);
    this.#depths.set(value, -1);
  }

  #lookInside(value: object): void {
    if (isPlainList(value)) return this.#list(value);
    if (isPlain(value)) return this.#plain(value as Record<string, unknown>); // so it is
    this.isJson = false;
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>); // so it is
    if (prototype === Set.prototype) return this.#set(value as Set<unknown>); // so it is
    if (leafTypes.includes(prototype as object)) return this.#noProperties(value);
    if (value instanceof Model || byteTypeOf(value) !== undefined) return undefined;
    return this.#instance(value);
  }

  #list(list: readonly unknown[]): void {
    const names = Object.keys(list);
    if (names.length !== list.length || 'toJSON' in list) this.isJson = false;
    const last = names.at(-1);
    if (last !== undefined && String(Number(last)) !== last) {
      throw this.#unstorable('a list with properties', 'Return plain data');
    }
    for (const name of names) this.#step(Number(name), list[Number(name)]);
  }

  #plain(value: Record<string, unknown>): void {
    if (Object.getPrototypeOf(value) === null || 'toJSON' in value) this.isJson = false;
    if (Object.getOwnPropertySymbols(value).length > 0) {
      throw this.#unstorable('an object with a symbol as the name of a property', 'Return plain data');
    }
    if (Object.hasOwn(value, '__proto__')) {
      throw this.#unstorable("an object with a property '__proto__'", 'Return plain data');
    }
    for (const name of Object.keys(value)) this.#step(name, value[name]);
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.#noProperties(map);
    let position = 0;
    for (const [key, value] of map) {
      this.#step({ part: 'key', position }, key);
      this.#step({ part: 'value', position }, value);
      position += 1;
    }
  }

  #set(set: ReadonlySet<unknown>): void {
    this.#noProperties(set);
    let position = 0;
    for (const item of set) {
      this.#step({ part: 'item', position }, item);
      position += 1;
    }
  }

  #noProperties(value: object): void {
    if (Object.keys(value).length === 0) return;
    throw this.#unstorable(`a ${className(value)} with properties of its own`, 'Return plain data');
  }

  #instance(value: object): void {
    const codec = codecOf(value);
    if (!codec) {
      const advice = 'Return plain data, or say how one is stored: registerCodec(Class, { name, encode, decode })';
      throw this.#unstorable(described(value), advice);
    }
    const plain = this.#encode(codec, value);
    this.encoded.set(value, [codec.name, plain]);
    this.#look(plain);
  }

  #encode(codec: ClassCodec<object>, value: object): unknown {
    try {
      return codec.encode(value);
    } catch (cause) {
      const what = cause instanceof Error ? cause.name : 'something';
      throw new UnstorableError(`the codec '${codec.name}' threw ${what}${at(this.#steps)}. Return plain data`, {
        cause,
      });
    }
  }

  #step(step: Step, value: unknown): void {
    this.#steps.push(step);
    this.#look(value);
    this.#steps.pop();
  }

  #cycle(depth: number): UnstorableError {
    const again = depth === 0 ? 'the whole of it' : pathOf(this.#steps.slice(0, depth));
    return new UnstorableError(`it goes in a circle:${at(this.#steps)} there is ${again} again. Return plain data`);
  }

  #unstorable(what: string, advice: string): UnstorableError {
    return new UnstorableError(`there is ${what}${at(this.#steps)}. ${advice}`);
  }
}
