import { UsageError } from '../errors.js';
import { Model } from '../model/model.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import { codecOf } from './class-codecs.js';
import { base64Of, byteTypeOf, described, isPlain, isPlainList } from './known-types.js';
import { at, type Step } from './value-path.js';

const deepest = 1_000;

/**
 * One text for equal arguments and different texts for different ones: plain data, Dates, bigints, Maps, Sets, bytes,
 * URLs, stored model instances by their keys, and instances of classes with a codec. The order of properties, of a Map and
 * of a Set is no difference, nor is the sign of 0. Throws UsageError, beginning with `where` and naming the part, for
 * anything that has no such text.
 */
export function canonical(value: unknown, where: string): string {
  return new CanonicalText(where).of(value);
}

class CanonicalText {
  readonly #where: string;
  readonly #steps: Step[] = [];
  /** What the way from the root goes through. */
  readonly #open = new Set<object>();

  constructor(where: string) {
    this.#where = where;
  }

  of(value: unknown): string {
    switch (typeof value) {
      case 'string':
      case 'boolean':
        return JSON.stringify(value);
      case 'undefined':
        return 'undefined';
      case 'number':
        if (Number.isNaN(value)) break;
        return Object.is(value, -0) ? '0' : String(value);
      case 'bigint':
        return `${value}n`;
      case 'object':
        return value === null ? 'null' : this.#within(value);
      default:
    }
    throw this.#refusal(described(value));
  }

  #within(value: object): string {
    if (this.#open.has(value)) throw this.#refusal('a circle');
    if (this.#steps.length > deepest) throw this.#refusal('more than 1000 levels', []);
    this.#open.add(value);
    const text = this.#ofObject(value);
    this.#open.delete(value);
    return text;
  }

  #ofObject(value: object): string {
    if (isPlainList(value)) return this.#list(value);
    if (value instanceof Model) return ofInstance(value);
    if (isPlain(value)) return this.#plain(value as Record<string, unknown>); // so it is
    const bytes = byteTypeOf(value);
    if (bytes !== undefined) return `${bytes}(${base64Of(value)})`;
    switch (Object.getPrototypeOf(value)) {
      case Date.prototype:
        return this.#date(value as Date); // here and below: what has this prototype is one
      case Map.prototype:
        return this.#map(value as Map<unknown, unknown>);
      case Set.prototype:
        return this.#set(value as Set<unknown>);
      case URL.prototype:
        return `URL(${JSON.stringify((value as URL).href)})`;
      default:
        return this.#coded(value);
    }
  }

  #date(date: Date): string {
    if (Number.isNaN(date.getTime())) throw this.#refusal('an invalid Date');
    return `Date(${date.getTime()})`;
  }

  /** NOTE: what is missing has a text of its own: a list with a hole is neither shorter nor one with undefined. */
  #list(list: readonly unknown[]): string {
    const names = Object.keys(list);
    const last = names.at(-1);
    if (last !== undefined && String(Number(last)) !== last) throw this.#refusal('a list with properties');
    let next = 0;
    const texts: string[] = [];
    for (const name of names) {
      const index = Number(name);
      if (index > next) texts.push(`empty*${index - next}`);
      texts.push(this.#part(index, list[index]));
      next = index + 1;
    }
    if (list.length > next) texts.push(`empty*${list.length - next}`);
    return `[${texts.join()}]`;
  }

  #plain(value: Record<string, unknown>): string {
    if (Object.getOwnPropertySymbols(value).length > 0) {
      throw this.#refusal('an object with a symbol as the name of a property');
    }
    const names = Object.keys(value).toSorted();
    return `{${names.map((name) => `${JSON.stringify(name)}:${this.#part(name, value[name])}`).join()}}`;
  }

  #map(map: ReadonlyMap<unknown, unknown>): string {
    const entries = [...map].map(
      ([key, value], position) =>
        `${this.#part({ part: 'key', position }, key)}=>${this.#part({ part: 'value', position }, value)}`,
    );
    return `Map(${entries.toSorted().join()})`;
  }

  #set(set: ReadonlySet<unknown>): string {
    const items = [...set].map((item, position) => this.#part({ part: 'item', position }, item));
    return `Set(${items.toSorted().join()})`;
  }

  #coded(value: object): string {
    const codec = codecOf(value);
    if (!codec) throw this.#refusal(described(value));
    return `${JSON.stringify(codec.name)}(${this.of(codec.encode(value))})`;
  }

  #part(step: Step, value: unknown): string {
    this.#steps.push(step);
    const text = this.of(value);
    this.#steps.pop();
    return text;
  }

  #refusal(came: string, steps: readonly Step[] = this.#steps): UsageError {
    return new UsageError(
      `${this.#where}: arguments must be plain data, Dates, bigints, Maps, Sets, bytes, URLs, stored model instances or ` +
        `instances of classes with a codec to make a key; got ${came}${at(steps)}`,
    );
  }
}

function ofInstance(instance: Model): string {
  const schema = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  return `${schema.label}@${schema.fingerprint}(${JSON.stringify(String(keyCellOf(schema, instance)))})`;
}
