import type { DriftSettings } from '../cache/drift-check.js';
import { UsageError } from '../errors.js';
import { nearest } from '../support/nearest.js';
import { describeValue } from '../schema/types/describe-value.js';

/** What `connect({ driftCheck })` takes besides true. */
export interface DriftCheckOptions {
  /** The part of the hits that is compared with the database, from 0 to 1; default: 0.0001. */
  readonly share?: number;
  /** How many comparisons may be under way; a hit that would be one more is not compared. Default: 1. */
  readonly most?: number;
  /** How long a differing entry must go on to count as valid before it is told, in milliseconds; default: 3000. */
  readonly graceMs?: number;
  /**
   * `report` (the default): comparisons run beside the reads. `throw`: a read waits for the comparison, and rejects with
   * CacheDriftError; for tests, with `share: 1`.
   */
  readonly onMismatch?: 'report' | 'throw';
}

const optionNames = ['share', 'most', 'graceMs', 'onMismatch'];

/** The settings of `driftCheck: true` or `driftCheck: { … }`; undefined where nothing is compared. Throws UsageError. */
export function driftSettings(option: boolean | DriftCheckOptions | undefined): DriftSettings | undefined {
  if (option === undefined || option === false) return undefined;
  const given: DriftCheckOptions | null = option === true ? {} : option;
  if (typeof given !== 'object' || given === null) {
    throw new UsageError(`connect: driftCheck is a ${typeof given}; use true or { ${optionNames.join(', ')} }`);
  }
  assertKnown(given);
  const settings = { share: 0.0001, most: 1, graceMs: 3000, onMismatch: 'report' as const, ...given };
  check(settings);
  return settings.share === 0 ? undefined : settings;
}

function check({ share, most, graceMs, onMismatch }: DriftSettings): void {
  assertNumber('share', share, { fits: share >= 0 && share <= 1, expected: 'a number from 0 to 1' });
  assertNumber('most', most, { fits: Number.isInteger(most) && most > 0, expected: 'a whole number from 1' });
  assertNumber('graceMs', graceMs, { fits: graceMs >= 0 && graceMs < 2 ** 31, expected: 'a number of milliseconds' });
  if (onMismatch === 'report' || onMismatch === 'throw') return;
  throw new UsageError(`connect: driftCheck.onMismatch is ${describeValue(onMismatch)}; use 'report' or 'throw'`);
}

function assertKnown(given: object): void {
  for (const name of Object.keys(given)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    throw new UsageError(
      `connect: unknown option 'driftCheck.${name}'${hint ? `; did you mean '${hint}'?` : `; use ${optionNames.join(', ')}`}`,
    );
  }
}

function assertNumber(option: string, value: unknown, { fits, expected }: { fits: boolean; expected: string }): void {
  if (typeof value === 'number' && fits) return;
  throw new UsageError(`connect: driftCheck.${option} must be ${expected}; got ${describeValue(value)}`);
}
