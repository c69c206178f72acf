import { UsageError } from '../errors.js';

/** Milliseconds, or a text such as `'30s'`, `'10m'`, `'1h'`, `'7d'`, `'250ms'`. */
export type Duration = number | string;

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longestMs = 2 ** 42;

/** Converts a duration to milliseconds. Throws UsageError naming `option` unless it is more than 0 and at most 139 years. */
export function durationMs(duration: Duration, option: string): number {
  const ms = typeof duration === 'number' ? duration : parse(duration);
  if (!Number.isFinite(ms) || ms <= 0 || ms > longestMs) {
    throw new UsageError(
      `${option} must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got ${describe(duration)}`,
    );
  }
  return Math.max(1, Math.round(ms));
}

function parse(text: unknown): number {
  const match = typeof text === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(text) : null;
  return match ? Number(match[1]) * (unitMs[match[2] ?? ''] ?? Number.NaN) : Number.NaN;
}

function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
