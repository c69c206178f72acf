import { InvalidValue } from '../column-type.js';
import { describeValue, isPlainObject } from './describe-value.js';
import { textFlaw } from './stored-text.js';

/** Deeper than data goes, and well within what the databases parse. */
const DEEPEST = 500;

/** Where the walk stands: names from the top, and the objects on the way, to notice a cycle. */
interface Trail {
  readonly names: (string | number)[];
  readonly ancestors: object[];
}

/** Refuses what JSON would change or lose, naming the place: Dates, NaN, undefined in arrays, class instances, cycles. */
export function assertJson(value: unknown): void {
  walk(value, { names: [], ancestors: [] });
}

/** The one JSON text of a value: compact, keys sorted, so that equal values have equal texts on both databases. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(isInKeyOrder(value) ? value : inKeyOrder(value));
}

function walk(value: unknown, trail: Trail): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') walkText(value, trail);
  else if (typeof value === 'number') walkNumber(value, trail);
  else if (typeof value === 'object') walkObject(value, trail);
  else if (typeof value === 'bigint') fail('is a bigint; write it as text', trail);
  else fail(`is ${describeValue(value)}, which JSON has not`, trail);
}

function walkNumber(value: number, trail: Trail): void {
  if (!Number.isFinite(value)) fail(`is ${value}; write null`, trail);
}

function walkText(text: string, trail: Trail): void {
  const flaw = textFlaw(text);
  if (flaw !== undefined) fail(`contains ${flaw}`, trail);
}

function walkObject(value: object, trail: Trail): void {
  if (trail.ancestors.includes(value)) fail('is an object that contains itself', trail);
  if (trail.ancestors.length === DEEPEST) fail(`is nested deeper than ${DEEPEST} levels`, trail);
  trail.ancestors.push(value);
  if (Array.isArray(value)) walkArray(value, trail);
  else if (isPlainObject(value)) walkProperties(value, trail);
  else fail(`is ${describeValue(value)}; ${adviceFor(value)}`, trail);
  trail.ancestors.pop();
}

function walkArray(values: readonly unknown[], trail: Trail): void {
  for (let index = 0; index < values.length; index += 1) {
    trail.names.push(index);
    // NOTE: by index, because forEach would step over the holes of a sparse array.
    if (values[index] === undefined) fail('is undefined; write null', trail);
    walk(values[index], trail);
    trail.names.pop();
  }
}

function walkProperties(value: Record<string, unknown>, trail: Trail): void {
  if (Object.getOwnPropertySymbols(value).length > 0) fail('has a property whose key is a symbol; use a text', trail);
  for (const key of Object.keys(value)) {
    trail.names.push(key);
    walkText(key, trail);
    if (value[key] !== undefined) walk(value[key], trail);
    trail.names.pop();
  }
}

function adviceFor(value: object): string {
  if (Object.prototype.toString.call(value) === '[object Date]') return 'write toISOString()';
  if (value instanceof Map) return 'write Object.fromEntries(map)';
  if (value instanceof Set) return 'write [...set]';
  return 'write a plain object, an array, text, a number, a boolean or null';
}

function fail(problem: string, { names }: Trail): never {
  throw new InvalidValue(names.length === 0 ? problem : `at ${names.map(pathPart).join('')} ${problem}`);
}

function pathPart(name: string | number): string {
  if (typeof name === 'number') return `[${name}]`;
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

/** True where nothing has to be sorted, which is what nearly every read finds: it saves a copy. */
function isInKeyOrder(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isInKeyOrder);
  const object = value as Readonly<Record<string, unknown>>; // checked or freshly parsed JSON has only plain objects
  let previous = '';
  for (const key of Object.keys(object)) {
    if (key < previous || !isInKeyOrder(object[key])) return false;
    previous = key;
  }
  return true;
}

/** The same value with every object's keys sorted. */
function inKeyOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(inKeyOrder);
  const object = value as Readonly<Record<string, unknown>>; // as above
  const sorted: Record<string, unknown> = {};
  for (const key of Object.keys(object).sort()) setOwn(sorted, key, inKeyOrder(object[key]));
  return sorted;
}

/** NOTE: assigning to `__proto__` would set the prototype, and there would be no such key. */
function setOwn(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, configurable: true, enumerable: true, writable: true });
}
