import fc from 'fast-check';
import { big, code, day, grade, id, moment, pattern, price, role, small, weight, word } from './fuzz-values.js';

/** Conditions of one `filter`, by names that are only known at run time. */
export type Conditions = Readonly<Record<string, unknown>>;

const some = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(values, { maxLength: 4 });
const bigId = id.map(BigInt);

const thing: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ kind: small }),
  fc.record({ id }),
  fc.record({ id__in: some(id) }),
  fc.record({ kind__in: some(small) }),
  fc.record({ kind__isnull: fc.boolean() }),
  fc.record({ kind__gte: small, sold: fc.boolean() }),
  fc.record({ kind__exact: small, views__lte: small }),
  fc.record({ name: word, kind: small }),
  fc.record({ name__icontains: word }),
  fc.record({ name__contains: word }),
  fc.record({ name__startswith: word }),
  fc.record({ name__istartswith: word }),
  fc.record({ name__endswith: word, kind__isnull: fc.boolean() }),
  fc.record({ name__iendswith: word }),
  fc.record({ name__regex: pattern }),
  fc.record({ price__range: fc.tuple(price, price) }),
  fc.record({ price__lt: price }),
  fc.record({ price__in: some(price) }),
  fc.record({ views__gt: small }),
  fc.record({ shop: id }),
  fc.record({ shop__name: word }),
  fc.record({ shop__region: small }),
  fc.record({ shop__region__isnull: fc.boolean(), kind: small }),
  fc.record({ labels__name: word }),
  fc.record({ labels: id }),
  fc.record({ labels__isnull: fc.boolean() }),
  fc.record({ orders__count__gte: small }),
  fc.record({ orders__isnull: fc.boolean() }),
  fc.record({ labels__name__in: some(word), kind__isnull: fc.constant(false) }),
  fc.record({ maker: id }),
  fc.record({ maker__isnull: fc.boolean(), kind: small }),
  fc.record({ maker__born__gte: moment }),
  fc.record({ maker__boss__name: word }),
  fc.record({ maker__friends: id }),
  fc.record({ maker__license__grade: grade }),
  fc.record({ maker__data__size__lte: small }),
);

const order: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ thing: id }),
  fc.record({ thing__isnull: fc.boolean() }),
  fc.record({ thing__kind: small }),
  fc.record({ thing__shop__region: small }),
  fc.record({ thing__labels__name: word }),
  fc.record({ thing__maker__clubs__name: word }),
  fc.record({ thing__maker__made__in: some(big) }),
  fc.record({ count: small }),
  fc.record({ count__lte: small, thing: id }),
);

const shop: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ region: small }),
  fc.record({ things__kind: small }),
  fc.record({ things__labels__name: word }),
  fc.record({ things__orders__count: small, region__isnull: fc.boolean() }),
  fc.record({ things__maker: id }),
  fc.record({ name__iexact: word }),
  fc.record({ name__exact: word, region__lte: small }),
);

const label: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ things: id }),
  fc.record({ things__shop: id }),
  fc.record({ name: word }),
  fc.record({ name__iexact: word }),
  fc.record({ name__lte: word }),
  fc.record({ things__kind__in: some(small) }),
  fc.record({ things__maker__name: word }),
);

const maker: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ id__in: some(id) }),
  fc.record({ name: fc.option(word) }),
  fc.record({ name__in: some(word) }),
  fc.record({ name__iexact: word }),
  fc.record({ born: moment }),
  fc.record({ born__in: some(moment) }),
  fc.record({ born__lt: moment, bossId: id }),
  fc.record({ born__range: fc.tuple(moment, moment) }),
  fc.record({ born__isnull: fc.boolean() }),
  fc.record({ made: big }),
  fc.record({ made__gt: big }),
  fc.record({ weight__lte: weight }),
  fc.record({ weight__exact: weight }),
  fc.record({ weight__isnull: fc.boolean(), born: moment }),
  fc.record({ data__size: small }),
  fc.record({ data__size__gte: small }),
  fc.record({ data__tag__in: some(word) }),
  fc.record({ data__inner__ok: fc.boolean() }),
  fc.record({ data__tag__isnull: fc.boolean() }),
  fc.record({ data__isnull: fc.boolean() }),
  fc.record({ boss: id }),
  fc.record({ boss__isnull: fc.boolean() }),
  fc.record({ boss__boss__name: word }),
  fc.record({ staff: id }),
  fc.record({ staff__born__gte: moment }),
  fc.record({ friends: id }),
  fc.record({ friends__name__in: some(word), boss__isnull: fc.boolean() }),
  fc.record({ friends__friends__made: big }),
  fc.record({ license__grade: grade }),
  fc.record({ license__isnull: fc.boolean() }),
  fc.record({ things__kind: small }),
  fc.record({ clubs: id }),
  fc.record({ clubs__name: word }),
  fc.record({ owned__isnull: fc.boolean() }),
);

const license: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ id: bigId }),
  fc.record({ id__in: some(bigId) }),
  fc.record({ grade }),
  fc.record({ day__gte: day, grade }),
  fc.record({ day: fc.option(day) }),
  fc.record({ code }),
  fc.record({ seal__isnull: fc.boolean() }),
  fc.record({ maker: id }),
  fc.record({ maker__name: word }),
  fc.record({ maker__things__kind: small }),
);

const club: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ name__in: some(word) }),
  fc.record({ name__endswith: word }),
  fc.record({ owner: id }),
  fc.record({ owner__isnull: fc.boolean() }),
  fc.record({ owner__boss: id }),
  fc.record({ members: id }),
  fc.record({ members__born__lt: moment }),
  fc.record({ members__license__grade: grade }),
  fc.record({ members__isnull: fc.boolean() }),
);

const membership: fc.Arbitrary<Conditions> = fc.oneof(
  fc.record({ role }),
  fc.record({ role__iexact: role }),
  fc.record({ club: id }),
  fc.record({ member: id, role }),
  fc.record({ member__name__contains: word }),
  fc.record({ since__gte: moment }),
  fc.record({ since__isnull: fc.boolean(), club: id }),
);

/** What may be asked of the rows of each model. */
export const conditions = { thing, order, shop, label, maker, license, club, membership };

/** Conditions for `get`: by the key, by a unique value, and by more than that. */
export const keyed = {
  byId: fc.oneof<fc.Arbitrary<Conditions>[]>(fc.record({ id }), fc.record({ id, id__lte: id })),
  byName: fc.oneof<fc.Arbitrary<Conditions>[]>(
    fc.record({ id }),
    fc.record({ name: word }),
    fc.record({ name: word, id__lte: id }),
    fc.record({ name__iexact: word }),
  ),
  byCode: fc.oneof<fc.Arbitrary<Conditions>[]>(
    fc.record({ id: bigId }),
    fc.record({ maker: id }),
    fc.record({ code }),
    fc.record({ code, grade }),
  ),
};
