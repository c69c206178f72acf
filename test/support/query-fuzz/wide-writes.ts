import { changed, invalidateModel, postponeInvalidation, transaction, type Database } from '../../../src/index.js';
import { RolledBack } from '../refusals.js';
import { Maker, Order, Shop, Thing } from './fuzz-models.js';
import type { RandomValues } from './random-values.js';
import type { Write } from './shop-writes.js';

/** More rows than are invalidated one by one. */
const crowd = 510;
const crowdCount = 100;

/** Several writes in one, of which some are undone. */
export function transactionWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const several = async (): Promise<void> => {
    await Thing.objects.filter({ id }).update({ kind: draw.small() });
    await draw.with(Thing.objects, id, ({ labels }) => labels.set([draw.labelId()]));
    await Maker.objects.filter({ id }).update({ born: draw.moment() });
    await Shop.objects.filter({ id }).update({ region: draw.small() });
  };
  const failing = async (): Promise<never> => {
    await several();
    throw new RolledBack();
  };
  return [
    ['transaction', () => transaction(several)],
    ['transaction that is rolled back', () => transaction(failing)],
    [
      'transaction with a savepoint that is rolled back',
      () =>
        transaction(async () => {
          await several();
          await transaction(failing).catch(() => undefined);
        }),
    ],
    ['several writes that are invalidated at the end', () => postponeInvalidation(several)],
  ];
}

/** Writes past the library, which is told of them. */
export function plainSqlWrites(db: Database, draw: RandomValues): readonly Write[] {
  const id = draw.id();
  return [
    [
      `plain SQL on thing ${id}`,
      async () => {
        await db.knex('fuzz_things').where({ id }).update({ name: draw.word(), kind: draw.small() });
        await changed(Thing, [id]);
      },
    ],
    [
      `plain SQL on maker ${id}`,
      async () => {
        await db.knex('fuzz_makers').where({ id }).update({ weight: draw.small(), born: null });
        await changed(Maker, [id]);
      },
    ],
    [
      'plain SQL on orders',
      async () => {
        await db.knex('fuzz_orders').where({ count: draw.small() }).update({ count: draw.small() });
        await invalidateModel(Order);
      },
    ],
  ];
}

/** So many orders at once that all of their table is invalidated, beside a single write of another. */
export function crowdComes(draw: RandomValues): Write {
  const id = draw.id();
  return [
    `create ${crowd} orders and rename thing ${id}`,
    () =>
      transaction(async () => {
        await Order.objects.bulkCreate(Array.from({ length: crowd }, () => ({ count: crowdCount, thingId: id })));
        await Thing.objects.filter({ id }).update({ name: draw.word() });
      }),
  ];
}

/** Changes them, or deletes them. */
export function crowdWrites(draw: RandomValues): readonly Write[] {
  const orders = Order.objects.filter({ count__gte: crowdCount });
  return [
    [`move ${crowd} orders`, () => orders.update({ thingId: draw.id() })],
    [`delete ${crowd} orders`, () => orders.delete()],
    [`delete ${crowd} orders again`, () => orders.delete()],
  ];
}
