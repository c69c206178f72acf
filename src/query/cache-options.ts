import { UsageError } from '../errors.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { CacheRequest, ReadOperation, RowsKept } from '../schema/query-state.js';
import { durationMs, type Duration } from '../support/duration.js';
import { nearest } from '../support/nearest.js';

const operations: readonly ReadOperation[] = ['get', 'fetch', 'count', 'exists', 'aggregate'];
const optionNames = ['ttl', 'ops', 'lock', 'rows'];

/** What `.cache({ … })` takes. */
export interface CacheOptions {
  /** The life of the answer at most; default: what the model's policy says. */
  readonly ttl?: Duration;
  /** The kinds of read that go through the cache; default: all. */
  readonly ops?: readonly ReadOperation[] | 'all';
  /** Among all processes one at a time asks the database; default: one in each. */
  readonly lock?: boolean;
  /**
   * How a list of whole rows is kept: `whole`, in one entry, which a change of any row ends; or by `reference`, as keys of
   * rows that have entries of their own, where the list outlives their changes (else whole all the same). Default: by
   * reference where the model has volatile columns. A hit by reference takes about twice as long.
   */
  readonly rows?: RowsKept;
}

/** Checks what `.cache()` was called with. Throws UsageError. */
export function toCacheRequest(model: ModelSchema, options: CacheOptions): CacheRequest {
  const where = `${model.label}: cache()`;
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(`${where} takes { ttl, ops, lock, rows }, got ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    throw new UsageError(
      `${where} has no option '${name}'; ${hint ? `did you mean '${hint}'?` : `use ${optionNames.join(', ')}`}`,
    );
  }
  return {
    ttlMs: options.ttl === undefined ? undefined : durationMs(options.ttl, `${where}: ttl`),
    ops: toOperations(where, options.ops),
    lock: toLock(where, options.lock),
    rows: toRows(where, options.rows),
  };
}

function toLock(where: string, lock: unknown): boolean | undefined {
  if (lock === undefined || typeof lock === 'boolean') return lock;
  throw new UsageError(`${where}: lock is true or false, got ${typeof lock}`);
}

function toRows(where: string, rows: unknown): RowsKept | undefined {
  if (rows === undefined || rows === 'whole' || rows === 'reference') return rows;
  const got = typeof rows === 'string' ? `'${rows}'` : typeof rows;
  throw new UsageError(`${where}: rows is 'whole' or 'reference', got ${got}`);
}

function toOperations(where: string, ops: CacheOptions['ops']): readonly ReadOperation[] | undefined {
  if (ops === undefined || ops === 'all') return undefined;
  const list: readonly unknown[] = Array.isArray(ops) ? ops : [ops];
  const known = list.filter(isOperation);
  if (known.length === list.length) return known;
  const unknown = list.find((one) => !isOperation(one));
  throw new UsageError(
    `${where}: ops takes 'all' or a list of ${operations.join(', ')}; got ${typeof unknown === 'string' ? `'${unknown}'` : typeof unknown}`,
  );
}

function isOperation(value: unknown): value is ReadOperation {
  return operations.some((operation) => operation === value);
}
