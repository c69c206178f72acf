import { isPlainObject } from './describe-value.js';

/**
 * Whether a value is what JSON.parse gave, as far as JSON can tell: the order of keys and properties that are undefined
 * do not count. False for everything that JSON would change, such as a Date or NaN. `parsed` has an end, so a value that
 * contains itself is never the same.
 */
export function isSameJson(value: unknown, parsed: unknown): boolean {
  if (value === parsed) return true;
  if (typeof value !== 'object' || typeof parsed !== 'object' || value === null || parsed === null) return false;
  if (Array.isArray(parsed)) return Array.isArray(value) && isSameList(value, parsed);
  return isPlainObject(value) && isSameObject(value, parsed as Record<string, unknown>);
}

/** NOTE: by index, so that the holes of a sparse array count as the undefined that JSON has not. */
function isSameList(values: readonly unknown[], parsed: readonly unknown[]): boolean {
  if (values.length !== parsed.length) return false;
  for (let index = 0; index < parsed.length; index += 1) {
    if (!isSameJson(values[index], parsed[index])) return false;
  }
  return true;
}

function isSameObject(value: Readonly<Record<string, unknown>>, parsed: Readonly<Record<string, unknown>>): boolean {
  if (Object.getOwnPropertySymbols(value).length > 0) return false;
  let count = 0;
  for (const key of Object.keys(value)) {
    const inner = value[key];
    if (inner === undefined) continue;
    if (!Object.hasOwn(parsed, key) || !isSameJson(inner, parsed[key])) return false;
    count += 1;
  }
  return count === Object.keys(parsed).length;
}
