import { UsageError } from '../errors.js';
import { durationMs, type Duration } from '../support/duration.js';
import { nearest } from '../support/nearest.js';

/** What can be cached of a model. */
export type Operation = 'get' | 'fetch' | 'count' | 'exists' | 'aggregate' | 'reference' | 'listReference';

const operations: readonly Operation[] = ['get', 'fetch', 'count', 'exists', 'aggregate', 'reference', 'listReference'];

/** What `policies` says for models whose label matches; `false` forbids all caching, also by hand. */
export type PolicySetting =
  | false
  | {
      /** What is cached by itself; default: nothing. `Model.cache` works all the same. */
      readonly ops?: readonly Operation[] | 'all';
      /** The life of what is cached, for all or for each operation; default: the connection's `ttl`. */
      readonly ttl?: Duration | Partial<Record<Operation, Duration>>;
    };

export type PolicySettings = Readonly<Record<string, PolicySetting>>;

/** What holds for one model. */
export interface Policy {
  /** False where nothing of it may ever be cached. */
  readonly allowed: boolean;
  /** Whether an operation goes through the cache without being asked to. */
  automatic(operation: Operation): boolean;
  /** The life of an entry. */
  ttlMs(operation: Operation): number;
}

/** The policies of a connection: the first pattern that matches a label holds. `*` stands for any text. */
export class Policies {
  readonly #rules: readonly { readonly pattern: RegExp; readonly policy: Policy }[];
  readonly #otherwise: Policy;
  #longestTtlMs: number;

  constructor(settings: PolicySettings, defaultTtlMs: number) {
    const ttls = [defaultTtlMs];
    this.#rules = Object.entries(settings).map(([pattern, setting]) => ({
      pattern: toPattern(pattern),
      policy: toPolicy(pattern, setting, (ttl) => (ttl === undefined ? defaultTtlMs : collect(ttls, ttl))),
    }));
    this.#otherwise = { allowed: true, automatic: () => false, ttlMs: () => defaultTtlMs };
    this.#longestTtlMs = Math.max(...ttls);
  }

  /** The longest life of any entry: stamps must outlive it. */
  get longestTtlMs(): number {
    return this.#longestTtlMs;
  }

  /** Makes room for entries that live so long, whatever the settings say. */
  expectTtl(ttlMs: number): void {
    this.#longestTtlMs = Math.max(this.#longestTtlMs, ttlMs);
  }

  of(label: string): Policy {
    return this.#rules.find(({ pattern }) => pattern.test(label))?.policy ?? this.#otherwise;
  }
}

function collect(ttls: number[], ttlMs: number): number {
  ttls.push(ttlMs);
  return ttlMs;
}

function toPattern(text: string): RegExp {
  const literal = text.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`).replaceAll('*', '.*');
  return new RegExp(`^${literal}$`, 'su');
}

function toPolicy(pattern: string, setting: PolicySetting, ttl: (ttlMs: number | undefined) => number): Policy {
  if (setting === false) return { allowed: false, automatic: () => false, ttlMs: () => ttl(undefined) };
  const where = `policies['${pattern}']`;
  if (typeof setting !== 'object' || setting === null) {
    throw new UsageError(`${where}: expected { ops, ttl } or false, got ${String(setting)}`);
  }
  assertKnown(where, setting, ['ops', 'ttl']);
  const ops = toOperations(where, setting.ops);
  if (typeof setting.ttl === 'object') assertKnown(`${where}.ttl`, setting.ttl, operations);
  const lives = new Map(operations.map((operation) => [operation, ttl(ttlOf(where, setting.ttl, operation))]));
  return {
    allowed: true,
    automatic: (operation) => ops.includes(operation),
    ttlMs: (operation) => lives.get(operation) ?? ttl(undefined),
  };
}

function assertKnown(where: string, given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new UsageError(
    `${where}: unknown option '${unknown}'; ${meant ? `did you mean '${meant}'?` : `use ${known.join(', ')}`}`,
  );
}

function toOperations(where: string, ops: readonly Operation[] | 'all' | undefined): readonly Operation[] {
  if (ops === 'all') return operations;
  const list: readonly unknown[] = Array.isArray(ops) ? ops : ops === undefined ? [] : [ops];
  const known = list.filter(isOperation);
  if (known.length === list.length) return known;
  const unknown = list.find((operation) => !isOperation(operation));
  throw new UsageError(
    `${where}.ops: '${typeof unknown === 'string' ? unknown : typeof unknown}' is unknown; use 'all' or a list of ${operations.join(', ')}`,
  );
}

function isOperation(value: unknown): value is Operation {
  return operations.some((operation) => operation === value);
}

function ttlOf(
  where: string,
  ttl: Duration | Partial<Record<Operation, Duration>> | undefined,
  operation: Operation,
): number | undefined {
  const own = typeof ttl === 'object' ? ttl[operation] : ttl;
  return own === undefined ? undefined : durationMs(own, `${where}.ttl`);
}
