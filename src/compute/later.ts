import { UsageError } from '../errors.js';
import type { Held } from '../cache/call.js';
import type { Job, Work } from '../jobs/job.js';
import type { ModelCache } from '../model-cache/model-cache.js';
import { durationMs, type Duration } from '../support/duration.js';
import { textOfArguments } from './argument-text.js';

/** When something is to be done. */
export interface After {
  /** So long from now. */
  readonly after: Duration;
}

/** A computed value, as far as background jobs care. */
export interface JobTarget {
  readonly label: string;
  /** The name of the connection that keeps its values. */
  readonly connection: string;
  readonly cache: ModelCache;
  /** Whether values past their soft life are computed again without a reader. */
  readonly isSwept: boolean;
  /** Whether another process finds it by its label. */
  readonly isFound: boolean;
  entryKey(args: readonly unknown[]): string;
  /** Computes a value anew, unless a valid one is there that was made after this. */
  renew(args: readonly unknown[], madeAt?: number): Promise<void>;
  invalidate(args: readonly unknown[]): Promise<void>;
  /** What a call would be answered from the cache, with its facts. */
  held(args: readonly unknown[]): Promise<Held<unknown> | undefined>;
  /** The key as people read it. */
  key(args: readonly unknown[]): string;
  /** The arguments that have names. */
  named(args: readonly unknown[]): ReadonlyMap<string, unknown>;
}

/** Has a value computed by the queue, unless it is there by then. Resolves when the queue has taken over. */
export function renewLater(
  target: JobTarget,
  args: readonly unknown[],
  { madeAt, delayMs = 0 }: { readonly madeAt?: number; readonly delayMs?: number } = {},
): Promise<void> {
  return target.cache.jobs.add(
    {
      ...workOn(target, 'refresh', args, madeAt),
      sameAs: target.entryKey(args),
      run: () => target.renew(args, madeAt),
    },
    delayMs,
  );
}

/** Drops a value, and has it computed again by the queue; in a transaction both at its commit. */
export async function refreshLater(
  target: JobTarget,
  args: readonly unknown[],
  options: Partial<After> = {},
): Promise<void> {
  const where = `${target.label}.refreshLater(arguments, { after })`;
  assertList(where, args);
  const delayMs = isAfter(options) ? durationMs(options.after, `${where}: after`) : 0;
  await target.invalidate(args);
  await afterCommit(target, () => renewLater(target, args, { delayMs }));
}

/** Drops a value after this time, which begins with the commit of a transaction. */
export async function invalidateLater(target: JobTarget, args: readonly unknown[], options: After): Promise<void> {
  const where = `${target.label}.invalidateLater(arguments, { after })`;
  assertList(where, args);
  if (!isAfter(options)) throw new UsageError(`${where}: say after which time, such as { after: '5s' }`);
  const delayMs = durationMs(options.after, `${where}: after`);
  target.entryKey(args); // which refuses arguments that make no key, now and not then
  const work = { ...workOn(target, 'invalidate', args), sameAs: undefined, run: () => target.invalidate(args) };
  await afterCommit(target, () => target.cache.jobs.add(work, delayMs));
}

function isAfter(options: unknown): options is After {
  return typeof options === 'object' && options !== null && Reflect.get(options, 'after') !== undefined;
}

function assertList(where: string, args: unknown): void {
  if (Array.isArray(args)) return;
  throw new UsageError(`${where}: the arguments must be a list, as for set(); got ${typeof args}`);
}

function workOn(
  target: JobTarget,
  kind: Job['kind'],
  args: readonly unknown[],
  madeAt?: number,
): Pick<Work, 'label' | 'kind' | 'job'> {
  const { label, isFound } = target;
  const job = (): Job | undefined => {
    const text = isFound ? textOfArguments(args) : undefined;
    return text === undefined ? undefined : { kind, label, args: text, ...(madeAt !== undefined && { madeAt }) };
  };
  return { label, kind, job };
}

async function afterCommit(target: JobTarget, add: () => Promise<void>): Promise<void> {
  const transaction = target.cache.connection.currentTransaction();
  if (!transaction) return add();
  transaction.onSettled((outcome) => (outcome === 'rolled back' ? undefined : add()));
  return undefined;
}
