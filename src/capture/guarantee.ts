import { UsageError } from '../errors.js';
import { durationMs, type Duration } from '../support/duration.js';
import { nearest } from '../support/nearest.js';

/** How sure it is that a cached answer is not outdated; see docs/guarantees.md. */
export type GuaranteeLevel = 'plain' | 'guarded' | 'strict' | 'verify';

/** What `connect({ guarantee })` takes besides the name of a level. */
export interface GuaranteeOptions {
  readonly level: GuaranteeLevel;
  /**
   * For so long at most an old answer may be served of what was changed past the library or by a writer that died, and
   * so long a write may wait where Redis fails; from 250 ms to 1 minute, default: 3 seconds. Shorter costs more work in
   * the background, and a relay that is held up for longer than this closes the cache until it goes on.
   */
  readonly window?: Duration;
}

/** The same with the defaults filled in. */
export interface GuaranteeSettings {
  readonly level: Exclude<GuaranteeLevel, 'plain'>;
  readonly windowMs: number;
}

const levels: readonly string[] = ['plain', 'guarded', 'strict', 'verify'] satisfies GuaranteeLevel[];
const optionNames = ['level', 'window'];
const shortestWindowMs = 250;
export const longestWindowMs = 60_000;

/** The settings of `guarantee`; undefined at the plain level. Throws UsageError. */
export function guaranteeSettings(
  option: GuaranteeLevel | GuaranteeOptions | undefined,
): GuaranteeSettings | undefined {
  if (option === undefined) return undefined;
  const { level, window = '3s' } = typeof option === 'string' ? { level: option } : asOptions(option);
  if (!levels.includes(level)) {
    throw new UsageError(`connect: guarantee is ${text(level)}; use ${levels.map((each) => `'${each}'`).join(' or ')}`);
  }
  const windowMs = durationMs(window, 'connect: guarantee.window');
  if (windowMs < shortestWindowMs || windowMs > longestWindowMs) {
    throw new UsageError('connect: guarantee.window is not from 250 milliseconds to 1 minute');
  }
  return level === 'plain' ? undefined : { level, windowMs };
}

function asOptions(option: GuaranteeOptions): GuaranteeOptions {
  if (typeof option !== 'object' || (option as unknown) === null) {
    throw new UsageError(
      `connect: guarantee is a ${typeof option}; use a level such as 'guarded', or { level, window }`,
    );
  }
  for (const name of Object.keys(option)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    throw new UsageError(
      `connect: unknown option 'guarantee.${name}'${hint ? `; did you mean '${hint}'?` : '; use level, window'}`,
    );
  }
  return option;
}

function text(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : typeof value;
}
