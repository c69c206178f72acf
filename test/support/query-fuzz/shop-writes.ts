import { F } from '../../../src/index.js';
import { Label, Order, Shop, Thing } from './fuzz-models.js';
import type { RandomValues } from './random-values.js';

/** A write, with what the log says of it. */
export type Write = readonly [name: string, write: () => Promise<unknown>];

/** Writes of single shops, things, orders and labels. */
export function shopWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const change = (values: object): Promise<void> =>
    draw.with(Thing.objects, id, (thing) => Object.assign(thing, values).save());
  return [
    [`create thing ${id}`, () => Thing.create({ id, ...draw.thing() })],
    [`create order ${id}`, () => Order.create({ id, count: draw.small(), thingId: draw.id() })],
    [`create shop ${id}`, () => Shop.create({ id, name: draw.word(), region: draw.small() })],
    [`save thing ${id}`, () => change(draw.thing())],
    [`look at thing ${id}`, () => change({ views: draw.small() })],
    [`rename thing ${id}`, () => change({ name: draw.word() })],
    [`move thing ${id}`, () => change({ kind: draw.small() })],
    [`delete thing ${id}`, () => draw.with(Thing.objects, id, (thing) => thing.delete())],
    [`delete shop ${id}`, () => Shop.objects.filter({ id, things__isnull: true }).delete()],
    [`update or create shop ${id}`, () => Shop.objects.updateOrCreate({ id }, { name: draw.word() })],
    [`get or create label`, () => Label.objects.getOrCreate({ name: draw.word() })],
  ];
}

/** Writes of many of them at once. */
export function manyShopWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const kind = draw.small();
  const things = Thing.objects.filter({ kind });
  const some = things.orderBy('-views', 'id').limit(2);
  const labels = [draw.word(), draw.word()].map((name) => ({ name }));
  const several = [...new Set([id, draw.id(), draw.id()])];
  return [
    [`update things of kind ${kind}`, () => things.update({ name: draw.word(), sold: true })],
    [`count views of kind ${kind}`, () => things.update({ views: F('views').plus(1) })],
    [`update the first two things of kind ${kind}`, () => some.update({ name: draw.word(), kind: draw.small() })],
    [`delete the second thing of kind ${kind}`, () => some.offset(1).limit(1).delete()],
    [`move orders`, () => Order.objects.filter({ count: kind }).update({ thingId: id })],
    [`delete things of kind ${kind}`, () => things.filter({ shop: id }).delete()],
    [`delete orders`, () => Order.objects.filter({ thing__kind: kind, count__gt: 2 }).delete()],
    [`delete shop ${id} with all of its things`, () => Shop.objects.filter({ id }).delete()],
    [`create orders`, () => Order.objects.bulkCreate([{ count: kind, thingId: id }, { count: draw.small() }])],
    [`create shops, ignoring conflicts`, () => createShops(draw, several)],
    [`create things, ignoring conflicts`, () => createThings(draw, several)],
    [`create labels, ignoring conflicts`, () => Label.objects.bulkCreate(labels, { ignoreConflicts: true })],
    [`bulkUpdate things`, () => bulkUpdateThings(draw)],
    [`upsert shops`, () => upsertShops(draw)],
    [`upsert label by name`, () => Label.objects.upsertMany(labels.slice(1), { onConflict: ['name'] })],
  ];
}

async function createShops(draw: RandomValues, keys: readonly number[]): Promise<void> {
  const shops = keys.map((id) => ({ id, name: draw.word(), region: draw.small() }));
  await Shop.objects.bulkCreate(shops, { ignoreConflicts: true });
}

async function createThings(draw: RandomValues, keys: readonly number[]): Promise<void> {
  const shops = await Shop.objects.ids();
  if (shops.length === 0) return;
  const things = keys.map((id) => ({ id, ...draw.thing(), shopId: draw.random.oneOf(shops), makerId: null }));
  await Thing.objects.bulkCreate(things, { ignoreConflicts: true });
}

async function bulkUpdateThings(draw: RandomValues): Promise<void> {
  const things = await Thing.objects.noCache().filter({ kind: draw.small() }).all();
  for (const thing of things) Object.assign(thing, { name: draw.word(), kind: draw.small() });
  await Thing.objects.bulkUpdate(things, ['name', 'kind']);
}

async function upsertShops(draw: RandomValues): Promise<void> {
  const keys = [...new Set([draw.id(), draw.id()])];
  await Shop.objects.upsertMany(
    keys.map((id) => ({ id, name: draw.word(), region: draw.small() })),
    { onConflict: ['id'], update: ['name', 'region'] },
  );
}
