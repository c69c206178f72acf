import fc from 'fast-check';
import { MultipleRecordsError, Q, RecordNotFoundError, type CacheOptions, type Database } from '../../../src/index.js';
import { asks, chosen, type Verb } from './asks.js';
import type { Caching, Drawn, Shape } from './drawn.js';
import { shown } from '../plain.js';
import { sources, type Rows, type Source } from './sources.js';

/** A question about the models: asked with and without the cache it must be answered the same. */
export interface Question {
  readonly text: string;
  readonly isByKnex: boolean;
  ask(isCached: boolean): Promise<unknown>;
}

const shapes: readonly Shape[] = [
  ...(['filter', 'filter', 'filter', 'exclude', 'or', 'not', 'nested', 'two filters', 'all'] as const),
];
const verbs = [...(Object.keys(asks) as Verb[]), 'all', 'all', 'count', 'get'] as const;

/**
 * Random questions. Of every model: conditions with every lookup (`conditions.ts`), put together in several ways, across
 * every kind of relation (`sources.ts`); and every verb that reads through the cache, with `cachedQuery` (`asks.ts`).
 * Rows that are streamed or locked, and `raw`, are never cached; `Model.cache` and computed values are compared by the
 * differential test.
 */
export function questions(db: Database): fc.Arbitrary<Question> {
  const all = sources();
  return fc
    .constantFrom(...all)
    .chain((source) => fc.tuple(fc.constant(source), drawnFor(source)))
    .map(([source, drawn]) => ({
      text: `${source.name} ${shown(drawn)}`,
      isByKnex: drawn.verb === 'knex',
      ask: (isCached) => ask({ db, source, drawn, isCached }),
    }));
}

type DrawnQuestion = Drawn & { readonly verb: Verb };

function drawnFor({ condition, keyed }: Source): fc.Arbitrary<DrawnQuestion> {
  const parts = {
    shape: fc.constantFrom(...shapes),
    first: condition,
    second: condition,
    third: condition,
    keyed,
    order: fc.nat({ max: 7 }),
    verb: fc.constantFrom(...verbs),
    number: fc.nat({ max: 11 }),
    limit: fc.integer({ min: 1, max: 4 }),
    caching: fc.constantFrom(...(Object.keys(options) as Caching[])),
  };
  return fc.record(parts, { noNullPrototype: true });
}

interface ToAsk {
  readonly db: Database;
  readonly source: Source;
  readonly drawn: DrawnQuestion;
  readonly isCached: boolean;
}

/** The answer, or which error says that there is none. */
async function ask({ db, source, drawn, isCached }: ToAsk): Promise<unknown> {
  const how = (rows: Rows): Rows => (isCached ? cached(rows, source, drawn.caching) : rows.noCache());
  const rows = how(narrowed(source.rows, drawn));
  const order = chosen(source.orders, drawn.order) ?? ['id'];
  const ordered = rows.orderBy(...(order as ['id']));
  const number = chosen(source.numbers, drawn.number) ?? 'id';
  const column = chosen(source.columns, drawn.number) ?? 'id';
  try {
    return await asks[drawn.verb]({ db, isCached, source, drawn, rows, ordered, how, number, column });
  } catch (error) {
    if (error instanceof RecordNotFoundError || error instanceof MultipleRecordsError) return { threw: error.name };
    throw error;
  }
}

const options: Readonly<Record<Caching, CacheOptions>> = {
  'by hand': {},
  'by policy': {},
  'with a lock': { ttl: '10m', lock: true },
  whole: { rows: 'whole' },
  'by reference': { rows: 'reference' },
};

function cached(rows: Rows, { isAutomatic }: Source, caching: Caching): Rows {
  return caching === 'by policy' && isAutomatic ? rows : rows.cache(options[caching]);
}

function narrowed(rows: Rows, { shape, first, second, third }: Drawn): Rows {
  switch (shape) {
    case 'all':
      return rows;
    case 'filter':
      return rows.filter(first);
    case 'exclude':
      return rows.exclude(first);
    case 'or':
      return rows.filter(Q.or(first, second) as never);
    case 'not':
      return rows.filter(Q.and(first, Q.not(second)) as never);
    case 'nested':
      return rows.filter(Q.or(Q.and(first, Q.not(Q.or(second, third))), Q.and(second, third)) as never);
    case 'two filters':
      return rows.filter(first).filter(second);
  }
}
