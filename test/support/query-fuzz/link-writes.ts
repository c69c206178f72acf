import { Club, Label, Maker, Shop, Thing } from './fuzz-models.js';
import type { RandomValues } from './random-values.js';
import type { Write } from './shop-writes.js';

/** Writes of the sets of things and labels, from both sides. */
export function labelWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const label = draw.labelId();
  const thing = (write: (thing: Thing) => unknown): Promise<void> => draw.with(Thing.objects, id, write);
  return [
    [`label thing ${id}`, () => thing(({ labels }) => labels.add(label))],
    [`take label off thing ${id}`, () => thing(({ labels }) => labels.remove(label))],
    [`set labels of thing ${id}`, () => thing(({ labels }) => labels.set([label, draw.labelId()]))],
    [`clear labels of thing ${id}`, () => thing(({ labels }) => labels.clear())],
    [`make a label for thing ${id}`, () => thing(({ labels }) => labels.create({ name: draw.word() }))],
    [
      `set things of label ${label}`,
      () => draw.with(Label.objects, label, ({ things }) => things.set([id, draw.id()])),
    ],
    [`delete label ${label}`, () => Label.objects.filter({ id: label }).delete()],
    [`create label ${label}`, () => Label.create({ id: label, name: draw.word() })],
  ];
}

/** Writes of the rows that point at one row. */
export function reverseWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const { shopId: _shop, ...values } = draw.thing();
  const maker = (write: (maker: Maker) => unknown): Promise<void> => draw.with(Maker.objects, id, write);
  return [
    [`add thing to shop ${id}`, () => draw.with(Shop.objects, id, ({ things }) => things.add(draw.id()))],
    [`make a thing in shop ${id}`, () => draw.with(Shop.objects, id, ({ things }) => things.create(values))],
    [`add things to maker ${id}`, () => maker(({ things }) => things.add(draw.id(), draw.id()))],
    [`remove thing from maker ${id}`, () => maker(({ things }) => things.remove(draw.id()))],
    [`set things of maker ${id}`, () => maker(({ things }) => things.set([draw.id(), draw.id()]))],
    [`clear things of maker ${id}`, () => maker(({ things }) => things.clear())],
    [`set orders of thing ${id}`, () => draw.with(Thing.objects, id, ({ orders }) => orders.set([draw.id()]))],
    [`make an order of thing ${id}`, () => draw.with(Thing.objects, id, ({ orders }) => orders.create({ count: 1 }))],
    [`add staff of maker ${id}`, () => maker(({ staff }) => staff.add(draw.id()))],
    [`set staff of maker ${id}`, () => maker(({ staff }) => staff.set([draw.id(), draw.id()]))],
    [`clear staff of maker ${id}`, () => maker(({ staff }) => staff.clear())],
  ];
}

/** Writes of friends, who are so both ways, and of the members of clubs, whose links have values. */
export function memberWrites(draw: RandomValues): readonly Write[] {
  const id = draw.id();
  const through = { role: draw.role(), since: draw.moment() };
  const maker = (write: (maker: Maker) => unknown): Promise<void> => draw.with(Maker.objects, id, write);
  const club = (write: (club: Club) => unknown): Promise<void> => draw.with(Club.objects, id, write);
  return [
    [`add friends of maker ${id}`, () => maker(({ friends }) => friends.add(draw.id(), draw.id()))],
    [`remove friend of maker ${id}`, () => maker(({ friends }) => friends.remove(draw.id()))],
    [`set friends of maker ${id}`, () => maker(({ friends }) => friends.set([draw.id(), draw.id()]))],
    [`clear friends of maker ${id}`, () => maker(({ friends }) => friends.clear())],
    [`add member of club ${id}`, () => club(({ members }) => members.add(draw.id(), { through }))],
    [`remove member of club ${id}`, () => club(({ members }) => members.remove(draw.id()))],
    [`set members of club ${id}`, () => club(({ members }) => members.set([draw.id(), draw.id()], { through }))],
    [`clear members of club ${id}`, () => club(({ members }) => members.clear())],
    [`make a member of club ${id}`, () => club(({ members }) => members.create(draw.maker(), { through }))],
    [`add clubs of maker ${id}`, () => maker(({ clubs }) => clubs.add(draw.id()))],
    [`set clubs of maker ${id}`, () => maker(({ clubs }) => clubs.set([draw.id()]))],
  ];
}
