import { UsageError } from '../errors.js';
import { described } from './known-types.js';

/** Throws UsageError for anything but the arguments of one call, as a list. */
export function assertArguments(what: string, args: unknown): void {
  if (!Array.isArray(args)) throw wrong(what, 'the arguments of a call as a list, such as [1]', args);
}

/** Throws UsageError for anything but a list of such lists. */
export function assertCalls(what: string, calls: unknown): void {
  if (!Array.isArray(calls)) throw wrong(what, 'a list of calls, such as [[1], [2]]', calls);
  for (const args of calls) assertArguments(what, args);
}

function wrong(what: string, expected: string, got: unknown): UsageError {
  return new UsageError(`${what}: expected ${expected}, got ${described(got)}`);
}
