import { UsageError } from '../errors.js';
import { usualLock, type LockOptions } from '../cache/load-lock.js';
import { durationMs, type Duration } from '../support/duration.js';
import { nearest } from '../support/nearest.js';
import { described } from './known-types.js';
import type { Keeping } from './labelled.js';

/** How processes wait for the one that computes a value. */
export interface LockSettings {
  /** How long a caller waits at most before it computes the value itself; default: 30 seconds. */
  readonly waitMs?: number;
  /** How often it looks whether the value is there; default: 50 ms. */
  readonly pollMs?: number;
  /** After this time the one that computes counts as dead and one other takes over; default: 10 seconds, or `computeTimeout` if that is longer. */
  readonly holdMs?: number;
}

/** How computed values are kept. */
export interface KeepingOptions {
  /** The life of a value, ± 10 %; default: the connection's `ttl`. What is computed from it ends with it. */
  readonly ttl?: Duration;
  /** From this age on, ± 10 %, the first caller has it computed again, while he and others still get the old one. */
  readonly softTtl?: Duration;
  /** True, with `softTtl`: a value of this age is computed again without a reader too, within ten seconds. */
  readonly sweep?: boolean;
  /** True: a value that was invalidated is served until it has been computed again. A stated weakening of freshness. */
  readonly stale?: boolean;
  /** With `stale`, how long after it ceased to be current a value may be served; default: until its ttl is over. */
  readonly staleFor?: Duration;
  /** True: one computation at a time across processes; others wait for its value. */
  readonly lock?: boolean | LockSettings;
  /** How eagerly a value is computed again shortly before it ends; false for never, default 1. */
  readonly earlyRefresh?: boolean | number;
  /** How long an error is kept in place of a value; default: not at all. */
  readonly errorTtl?: Duration;
  /** True: with the connection's `driftCheck`, values may be computed at any time to compare cached ones with; default: false. */
  readonly driftCheck?: boolean;
  /** A value whose entry is larger, in characters of text before packing, is not stored, and counted as `tooLarge`; default: any is. */
  readonly maxBytes?: number;
  /**
   * `reference`: model instances in a value are stored by their keys and read from their own entries, as their rows are
   * by then; default: `value`, with their rows.
   */
  readonly instances?: 'value' | 'reference';
  /** How long a computation may take before its callers get ComputeTimeoutError; default: for ever. */
  readonly computeTimeout?: Duration;
}

export const keepingNames: readonly string[] = [
  'ttl',
  'softTtl',
  'sweep',
  'stale',
  'staleFor',
  'lock',
  'earlyRefresh',
  'errorTtl',
  'driftCheck',
  'maxBytes',
  'instances',
  'computeTimeout',
];

/** Converts and checks. Throws UsageError, beginning with `where`, for what is wrong or contradicts itself. */
export function toKeeping(where: string, options: KeepingOptions): Keeping {
  const keeping: Keeping = {
    ttlMs: milliseconds(where, 'ttl', options.ttl),
    softTtlMs: milliseconds(where, 'softTtl', options.softTtl),
    staleForMs: toStaleFor(where, options),
    eagerness: toEagerness(where, options.earlyRefresh),
    errorTtlMs: milliseconds(where, 'errorTtl', options.errorTtl),
    driftCheck: toDriftCheck(where, options.driftCheck),
    computeTimeoutMs: milliseconds(where, 'computeTimeout', options.computeTimeout),
    maxBytes: toMaxBytes(where, options.maxBytes),
    instances: toInstances(where, options.instances),
  };
  assertAgreement(where, keeping);
  return { ...keeping, sweep: toSweep(where, options), lock: toLock(where, options.lock, keeping.computeTimeoutMs) };
}

/** When the queue computes a value anew that a write dropped. */
export interface RepopulateSettings {
  /** So long after the write: those that come in between are made good by one computation. */
  readonly after: Duration;
}

/** How long after a write its values are computed anew; undefined where they are not. Throws UsageError. */
export function toRepopulateDelay(where: string, repopulate: unknown, hasPath: boolean): number | undefined {
  if (repopulate === undefined || repopulate === false) return undefined;
  const delayMs = repopulate === true ? 0 : delayIn(where, repopulate);
  if (hasPath) return delayMs;
  throw new UsageError(
    `${where}: repopulate computes the values anew whose arguments a path gives; add one to watch: [[Model, (row) => [...]]], or leave repopulate out`,
  );
}

function delayIn(where: string, repopulate: unknown): number {
  if (typeof repopulate !== 'object' || repopulate === null || !('after' in repopulate)) {
    const got = repopulate === null ? 'null' : typeof repopulate;
    throw new UsageError(`${where}: repopulate must be true, false or { after: '5s' }, got ${got}`);
  }
  rejectUnknownOptions(`${where}: repopulate`, repopulate, ['after']);
  return durationMs(repopulate.after as Duration, `${where}: repopulate.after`); // which checks it
}

/** Throws UsageError for an option that nobody knows. */
export function rejectUnknownOptions(where: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const hint = nearest(name, known);
    throw new UsageError(
      `${where}: unknown option '${name}'${hint ? `; did you mean '${hint}'?` : `; use ${known.join(', ')}`}`,
    );
  }
}

function milliseconds(where: string, option: string, duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : durationMs(duration, `${where}: ${option}`);
}

function toStaleFor(where: string, { stale = false, staleFor }: KeepingOptions): number | undefined {
  if (typeof stale !== 'boolean') {
    throw new UsageError(`${where}: stale must be true or false, got ${typeof stale}; how long is said by staleFor`);
  }
  if (!stale && staleFor !== undefined) {
    throw new UsageError(`${where}: staleFor says how long an old value may be served, which needs stale: true`);
  }
  return stale ? (milliseconds(where, 'staleFor', staleFor) ?? Number.POSITIVE_INFINITY) : undefined;
}

function toDriftCheck(where: string, driftCheck: unknown): boolean | undefined {
  if (driftCheck === undefined || typeof driftCheck === 'boolean') return driftCheck;
  throw new UsageError(`${where}: driftCheck must be true or false, got ${typeof driftCheck}`);
}

function toMaxBytes(where: string, maxBytes: unknown): number | undefined {
  if (maxBytes === undefined || (Number.isSafeInteger(maxBytes) && Number(maxBytes) > 0)) return maxBytes as number; // as just seen
  throw new UsageError(
    `${where}: maxBytes must be a whole number above 0, got ${typeof maxBytes === 'number' ? String(maxBytes) : typeof maxBytes}`,
  );
}

function toInstances(where: string, instances: unknown): Keeping['instances'] {
  if (instances === undefined || instances === 'value' || instances === 'reference') return instances;
  throw new UsageError(`${where}: instances must be 'value' or 'reference', got ${described(instances)}`);
}

function toSweep(where: string, { sweep = false, softTtl }: KeepingOptions): boolean {
  if (typeof sweep !== 'boolean') throw new UsageError(`${where}: sweep must be true or false, got ${typeof sweep}`);
  if (sweep && softTtl === undefined) {
    throw new UsageError(`${where}: sweep computes values again that are older than softTtl; say how old that is`);
  }
  return sweep;
}

function toEagerness(where: string, earlyRefresh: boolean | number | undefined): number | undefined {
  if (earlyRefresh === undefined || earlyRefresh === true) return undefined;
  if (earlyRefresh === false) return 0;
  if (Number.isFinite(earlyRefresh) && earlyRefresh >= 0) return earlyRefresh;
  throw new UsageError(
    `${where}: earlyRefresh must be true, false or a number from 0, such as 1; got ${typeof earlyRefresh === 'number' ? String(earlyRefresh) : typeof earlyRefresh}`,
  );
}

/** Throws UsageError for a soft life that is as long as the whole: it would never begin to end. */
export function assertAgreement(
  where: string,
  { ttlMs, softTtlMs }: Pick<Keeping, 'ttlMs' | 'softTtlMs'>,
  whose = 'ttl',
): void {
  if (ttlMs === undefined || softTtlMs === undefined || softTtlMs < ttlMs) return;
  throw new UsageError(`${where}: softTtl (${softTtlMs} ms) must be shorter than ${whose} (${ttlMs} ms)`);
}

function toLock(
  where: string,
  lock: boolean | LockSettings | undefined,
  computeTimeoutMs = 0,
): LockOptions | undefined {
  if (lock === undefined || lock === false) return undefined;
  if (lock !== true && (typeof lock !== 'object' || lock === null)) {
    throw new UsageError(`${where}: lock must be true, false or { waitMs, pollMs, holdMs }, got ${typeof lock}`);
  }
  const given = lock === true ? {} : lock;
  rejectUnknownOptions(`${where}: lock`, given, Object.keys(usualLock));
  const settings = { ...usualLock, holdMs: Math.max(usualLock.holdMs, computeTimeoutMs), ...given };
  for (const [name, ms] of Object.entries(settings)) assertMilliseconds(`${where}: lock.${name}`, ms);
  if (settings.pollMs > settings.waitMs) {
    throw new UsageError(
      `${where}: lock.pollMs (${settings.pollMs} ms) must not be longer than lock.waitMs (${settings.waitMs} ms)`,
    );
  }
  if (settings.holdMs >= computeTimeoutMs) return settings;
  throw new UsageError(
    `${where}: lock.holdMs (${settings.holdMs} ms) must not be shorter than computeTimeout (${computeTimeoutMs} ms)`,
  );
}

function assertMilliseconds(what: string, ms: unknown): void {
  if (typeof ms === 'number' && Number.isFinite(ms) && ms > 0) return;
  throw new UsageError(
    `${what} must be a number of milliseconds above 0, got ${typeof ms === 'number' ? String(ms) : typeof ms}`,
  );
}
