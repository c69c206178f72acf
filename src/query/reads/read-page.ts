import { UsageError } from '../../errors.js';
import type { Row } from '../../schema/cell.js';
import type { QueryState } from '../../schema/query-state.js';
import { describeValue } from '../../schema/types/describe-value.js';
import { inFullOrder } from '../order-state.js';
import { wholeNumber } from '../whole-number.js';
import { cursorOf, positionAt } from './cursor.js';
import { readAfter } from './keyset.js';
import { readCount, readRows } from './read-rows.js';

/** Which page, counted from 1. */
export interface NumberedPageOptions {
  /** Default: 1. */
  readonly page?: number | undefined;
  /** Rows on a page. */
  readonly pageSize: number;
}

/** The rows after a place; of the first page it is undefined. */
export interface KeyedPageOptions {
  /** The `next` of the page before. */
  readonly after: string | null | undefined;
  /** Rows on a page. */
  readonly pageSize: number;
}

/** One page of all of a query's rows, by its number. */
export interface NumberedPage<T> {
  readonly items: T[];
  /** How many rows there are on all pages. */
  readonly total: number;
  readonly page: number;
  /** How many pages there are; 0 where there are no rows. */
  readonly pages: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
}

/** The rows after a place. However many there are before it, it is found at once, and rows that come and go move nothing. */
export interface KeyedPage<T> {
  readonly items: T[];
  /** What to give as `after` for the next page; undefined on the last one. */
  readonly next: string | undefined;
  readonly hasNext: boolean;
}

export type PageOptions = NumberedPageOptions | KeyedPageOptions;

export function readPage(state: QueryState, options: unknown): Promise<NumberedPage<Row> | KeyedPage<Row>> {
  const { model, limit, offset } = state;
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(
      `${model.label}: paginate() takes { page, pageSize } or { after, pageSize }; got ${describeValue(options)}`,
    );
  }
  if (limit !== undefined || offset !== undefined) {
    throw new UsageError(`${model.label}: paginate() takes the place of limit() and offset(); leave them out`);
  }
  const { page, pageSize, after } = options as Partial<NumberedPageOptions & KeyedPageOptions>; // each is looked at
  const size = wholeNumber('pageSize', pageSize, 1);
  const ordered = { ...state, order: inFullOrder(state) };
  if (!('after' in options)) return numberedPage(ordered, wholeNumber('page', page ?? 1, 1), size);
  if (page === undefined) return keyedPage(ordered, after, size);
  throw new UsageError(`${model.label}: paginate() takes page or after, not both`);
}

async function numberedPage(state: QueryState, page: number, size: number): Promise<NumberedPage<Row>> {
  const offset = (page - 1) * size;
  wholeNumber('page', offset);
  const items = [...(await readRows({ ...state, limit: size, offset }))];
  // NOTE: a page that is not full is the last one, and tells how many there are
  const isLast = items.length < size && (items.length > 0 || page === 1);
  const total = isLast ? offset + items.length : await readCount(state);
  const pages = Math.ceil(total / size);
  return { items, total, page, pages, hasNext: page < pages, hasPrevious: page > 1 };
}

async function keyedPage(state: QueryState, after: unknown, size: number): Promise<KeyedPage<Row>> {
  const { model, order } = state;
  const position = after === undefined || after === null ? undefined : positionAt(model, order, after);
  const found = await readAfter({ ...state, limit: size + 1 }, position);
  const shown = found.slice(0, size);
  const last = found.length > size ? shown.at(-1) : undefined;
  return {
    items: shown.map(({ row }) => row),
    next: last && cursorOf(model, order, last.position),
    hasNext: last !== undefined,
  };
}
