import { UsageError } from '../errors.js';
import { keepingNames, rejectUnknownOptions, type KeepingOptions } from '../compute/keeping.js';
import type { WatchSource } from '../compute/function-options.js';

/** What may be said of a handler whose answers are kept. */
export interface PageOptions<Req> extends Omit<KeepingOptions, 'errorTtl' | 'instances' | 'driftCheck' | 'sweep'> {
  /** The query parameters that tell pages apart; default: all. Their order is no difference. */
  readonly query?: readonly string[];
  /** What tells pages apart besides host, path and query: plain data. */
  readonly key?: (request: Req) => unknown;
  /** Who the page is for: each such key has entries of its own, also with cookies and `Authorization`. Undefined or null: for nobody in particular. */
  readonly private?: (request: Req) => unknown;
  /** The request headers that tell pages apart; they are named in `Vary`. */
  readonly vary?: readonly string[];
  /** The statuses that are kept; default: 200, 203, 204, 300, 301, 404, 410. */
  readonly statuses?: readonly number[];
  /** A longer body is not kept; default: 1 MiB. */
  readonly maxBytes?: number;
  /** Models and query sets of which any change drops every page, besides what the handler is found to read. */
  readonly watch?: readonly WatchSource[];
  /** What `invalidateTag` drops the pages by. */
  readonly tag?: string | readonly string[] | ((request: Req) => string | readonly string[]);
  /** Another version reads nothing that this one stored: change it with what the handler makes. */
  readonly version?: string | number;
  /** The name of the connection that keeps the pages; default: `default`. */
  readonly connection?: string;
}

/** What decides which answers are kept, and under which keys. */
export interface PageRules<Req> {
  readonly query: readonly string[] | undefined;
  readonly key: ((request: Req) => unknown) | undefined;
  readonly private: ((request: Req) => unknown) | undefined;
  /** In lower case. */
  readonly vary: readonly string[];
  readonly statuses: readonly number[];
  readonly maxBytes: number;
}

const ruleNames = ['query', 'key', 'private', 'vary', 'statuses', 'maxBytes'];
/** Of values alone; a page is told by its request, which nobody else can make. */
const ofValues = ['errorTtl', 'instances', 'driftCheck', 'sweep'];
const optionNames = [
  ...new Set([
    ...ruleNames,
    'watch',
    'tag',
    'version',
    'connection',
    ...keepingNames.filter((name) => !ofValues.includes(name)),
  ]),
];
const usualStatuses = [200, 203, 204, 300, 301, 404, 410];
const usualMaxBytes = 2 ** 20;

/** Checks and completes. Throws UsageError, beginning with `where`, for wrong options. */
export function toPageRules<Req>(where: string, options: PageOptions<Req>): PageRules<Req> {
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(`${where}: the options must be an object, got ${options === null ? 'null' : typeof options}`);
  }
  rejectUnknownOptions(where, options, optionNames);
  const { query, key, vary = [], statuses = usualStatuses, maxBytes = usualMaxBytes } = options;
  for (const name of ['key', 'private'] as const) assertFunction(`${where}: ${name}`, options[name]);
  assertNames(`${where}: query must be a list of names of parameters, such as ['page']`, query ?? []);
  assertNames(`${where}: vary must be a list of names of headers, such as ['accept-language']`, vary);
  if (vary.includes('*')) throw new UsageError(`${where}: vary must name headers; with '*' no page could be kept`);
  assertStatuses(where, statuses);
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1) {
    throw new UsageError(`${where}: maxBytes must be a whole number of bytes above 0, got ${shown(maxBytes)}`);
  }
  return {
    query,
    key,
    private: options.private,
    vary: vary.map((name) => name.toLowerCase()),
    statuses,
    maxBytes,
  };
}

/** The options without those that are about pages only. */
export function withoutRules<Req>(options: PageOptions<Req>): Omit<PageOptions<Req>, keyof PageRules<Req>> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !ruleNames.includes(name)));
}

function assertFunction(what: string, value: unknown): void {
  if (value === undefined || typeof value === 'function') return;
  throw new UsageError(`${what} must be a function of the request, got ${typeof value}`);
}

function assertNames(message: string, names: unknown): void {
  if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) return;
  throw new UsageError(`${message}; got ${Array.isArray(names) ? 'a list with something else' : shown(names)}`);
}

/** NOTE: a part of a body (206), “not modified” (304) and what comes before an answer (1xx) are no pages. */
function assertStatuses(where: string, statuses: unknown): void {
  const isStatus = (one: unknown): boolean => Number.isInteger(one) && Number(one) >= 200 && Number(one) <= 599;
  if (Array.isArray(statuses) && statuses.every((one) => isStatus(one) && one !== 206 && one !== 304)) return;
  throw new UsageError(
    `${where}: statuses must be a list of numbers from 200 to 599 without 206 and 304, such as [200, 404]`,
  );
}

function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : value === null ? 'null' : typeof value;
}
