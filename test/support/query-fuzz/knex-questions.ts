import { cachedQuery, type Database } from '../../../src/index.js';
import { Maker, Shop, Thing } from './fuzz-models.js';
import { plain } from '../plain.js';

interface KnexAsking {
  readonly db: Database;
  readonly isCached: boolean;
  readonly drawn: { readonly limit: number };
}

/** Questions that are asked by knex: `cachedQuery`, beside the same without it. */
export const knexQuestions: readonly ((asking: KnexAsking) => Promise<unknown>)[] = [
  async ({ db, isCached, drawn: { limit: kind } }) => {
    const query = db.knex('fuzz_things').where({ kind }).orderBy('id').select('id', 'name', 'price', 'views');
    return isCached ? cachedQuery(query, { watch: [Thing.objects.filter({ kind })], ttl: '5m' }) : query;
  },
  async ({ db, isCached, drawn: { limit } }) => {
    const wanted = Thing.objects.orderBy('-views', 'id').limit(limit);
    const query = db.knex('fuzz_things').orderBy('views', 'desc').orderBy('id').limit(limit).select('id');
    const rows = isCached ? await cachedQuery(query, { watch: [Thing], as: Thing }) : await wanted.noCache().all();
    return rows.map(plain);
  },
  async ({ db, isCached }) => {
    const query = db
      .knex('fuzz_things as thing')
      .join('fuzz_shops as shop', 'shop.id', 'thing.shop_id')
      .groupBy('shop.name')
      .orderBy('shop.name')
      .select('shop.name')
      .count('* as things');
    return isCached ? cachedQuery(query, { watch: [Thing, Shop], lock: true }) : query;
  },
  async ({ db, isCached, drawn: { limit: boss } }) => {
    const query = db.knex('fuzz_makers').where({ boss_id: boss }).orderBy('id').select('id', 'born', 'made', 'data');
    return isCached ? cachedQuery(query, { watch: [Maker.objects.filter({ boss })] }) : query;
  },
];
