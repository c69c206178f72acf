import { isDate, isPromise, isUint8Array } from 'node:util/types';

/** Says what kind of value came, for an error message: never the value itself, which may be private. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return value === '' ? 'empty text' : 'text';
  if (typeof value === 'number') return describeNumber(value);
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? describeObject(value) : `a ${typeof value}`;
}

function describeNumber(value: number): string {
  return Number.isFinite(value) ? 'a number' : String(value);
}

function describeObject(value: object): string {
  if (isDate(value)) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date';
  if (Array.isArray(value)) return 'an array';
  if (isPromise(value)) return 'a Promise (await it first)';
  if (isUint8Array(value)) return Buffer.isBuffer(value) ? 'a Buffer' : 'a Uint8Array';
  return isPlainObject(value) ? 'an object' : `an instance of ${className(value)}`;
}

/** True for what an object literal or JSON.parse makes, from any realm: no class stands behind it. */
export function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function className(value: object): string {
  return value.constructor?.name || 'an unnamed class';
}
