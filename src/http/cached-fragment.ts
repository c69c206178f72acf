import { UsageError } from '../errors.js';
import { declareFunction, type CachedFunction } from '../compute/cached.js';
import type { CachedOptions } from '../compute/function-options.js';
import { parametersOf } from '../compute/parameter-names.js';
import { placeOfCall } from '../compute/place.js';
import { assertDeclared } from './assert-declared.js';

/**
 * Keeps the text that a function makes, such as a part of a page, as `cached` keeps any result. A call rejects with
 * UsageError where the function gives anything but a text.
 */
export function cachedFragment<Args extends readonly unknown[]>(
  label: string,
  run: (...args: Args) => string | Promise<string>,
  options: Omit<CachedOptions<Args, string>, 'codec' | 'loadMany'> = {},
): CachedFunction<Args, string> {
  assertDeclared('cachedFragment', label, run);
  const where = `cachedFragment('${label}')`;
  const place = placeOfCall(cachedFragment);
  const checked = async (...args: Args): Promise<string> => {
    const text: unknown = await run(...args);
    if (typeof text === 'string') return text;
    throw new UsageError(`${where}: the function must give a text, got ${text === null ? 'null' : typeof text}`);
  };
  const parameters = parametersOf(run);
  const names = Array.isArray(options?.watch) ? parameters?.names : undefined;
  const known = { inObject: parameters?.inObject ?? false };
  return declareFunction({ label, where, place, known }, checked, { ...(names && { args: names }), ...options });
}
