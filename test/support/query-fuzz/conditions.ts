import fc from 'fast-check';
import { big, code, day, grade, id, moment, pattern, price, role, small, weight, word } from './fuzz-values.js';

/** Conditions of one `filter`, by names that are only known at run time. */
export type Conditions = Readonly<Record<string, unknown>>;

function given(values: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<Conditions> {
  return fc.record(values, { noNullPrototype: true });
}

const some = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(values, { maxLength: 4 });
const bigId = id.map(BigInt);

const thing: fc.Arbitrary<Conditions> = fc.oneof(
  given({ kind: small }),
  given({ id }),
  given({ id__in: some(id) }),
  given({ kind__in: some(small) }),
  given({ kind__isnull: fc.boolean() }),
  given({ kind__gte: small, sold: fc.boolean() }),
  given({ kind__exact: small, views__lte: small }),
  given({ name: word, kind: small }),
  given({ name__icontains: word }),
  given({ name__contains: word }),
  given({ name__startswith: word }),
  given({ name__istartswith: word }),
  given({ name__endswith: word, kind__isnull: fc.boolean() }),
  given({ name__iendswith: word }),
  given({ name__regex: pattern }),
  given({ price__range: fc.tuple(price, price) }),
  given({ price__lt: price }),
  given({ price__in: some(price) }),
  given({ views__gt: small }),
  given({ shop: id }),
  given({ shop__name: word }),
  given({ shop__region: small }),
  given({ shop__region__isnull: fc.boolean(), kind: small }),
  given({ labels__name: word }),
  given({ labels: id }),
  given({ labels__isnull: fc.boolean() }),
  given({ orders__count__gte: small }),
  given({ orders__isnull: fc.boolean() }),
  given({ labels__name__in: some(word), kind__isnull: fc.constant(false) }),
  given({ maker: id }),
  given({ maker__isnull: fc.boolean(), kind: small }),
  given({ maker__born__gte: moment }),
  given({ maker__boss__name: word }),
  given({ maker__friends: id }),
  given({ maker__license__grade: grade }),
  given({ maker__data__size__lte: small }),
);

const order: fc.Arbitrary<Conditions> = fc.oneof(
  given({ thing: id }),
  given({ thing__isnull: fc.boolean() }),
  given({ thing__kind: small }),
  given({ thing__shop__region: small }),
  given({ thing__labels__name: word }),
  given({ thing__maker__clubs__name: word }),
  given({ thing__maker__made__in: some(big) }),
  given({ count: small }),
  given({ count__lte: small, thing: id }),
);

const shop: fc.Arbitrary<Conditions> = fc.oneof(
  given({ region: small }),
  given({ things__kind: small }),
  given({ things__labels__name: word }),
  given({ things__orders__count: small, region__isnull: fc.boolean() }),
  given({ things__maker: id }),
  given({ name__iexact: word }),
  given({ name__exact: word, region__lte: small }),
);

const label: fc.Arbitrary<Conditions> = fc.oneof(
  given({ things: id }),
  given({ things__shop: id }),
  given({ name: word }),
  given({ name__iexact: word }),
  given({ name__lte: word }),
  given({ things__kind__in: some(small) }),
  given({ things__maker__name: word }),
);

const maker: fc.Arbitrary<Conditions> = fc.oneof(
  given({ id__in: some(id) }),
  given({ name: fc.option(word) }),
  given({ name__in: some(word) }),
  given({ name__iexact: word }),
  given({ born: moment }),
  given({ born__in: some(moment) }),
  given({ born__lt: moment, bossId: id }),
  given({ born__range: fc.tuple(moment, moment) }),
  given({ born__isnull: fc.boolean() }),
  given({ made: big }),
  given({ made__gt: big }),
  given({ weight__lte: weight }),
  given({ weight__exact: weight }),
  given({ weight__isnull: fc.boolean(), born: moment }),
  given({ data__size: small }),
  given({ data__size__gte: small }),
  given({ data__tag__in: some(word) }),
  given({ data__inner__ok: fc.boolean() }),
  given({ data__tag__isnull: fc.boolean() }),
  given({ data__isnull: fc.boolean() }),
  given({ boss: id }),
  given({ boss__isnull: fc.boolean() }),
  given({ boss__boss__name: word }),
  given({ staff: id }),
  given({ staff__born__gte: moment }),
  given({ friends: id }),
  given({ friends__name__in: some(word), boss__isnull: fc.boolean() }),
  given({ friends__friends__made: big }),
  given({ license__grade: grade }),
  given({ license__isnull: fc.boolean() }),
  given({ things__kind: small }),
  given({ clubs: id }),
  given({ clubs__name: word }),
  given({ owned__isnull: fc.boolean() }),
);

const license: fc.Arbitrary<Conditions> = fc.oneof(
  given({ id: bigId }),
  given({ id__in: some(bigId) }),
  given({ grade }),
  given({ day__gte: day, grade }),
  given({ day: fc.option(day) }),
  given({ code }),
  given({ seal__isnull: fc.boolean() }),
  given({ maker: id }),
  given({ maker__name: word }),
  given({ maker__things__kind: small }),
);

const club: fc.Arbitrary<Conditions> = fc.oneof(
  given({ name__in: some(word) }),
  given({ name__endswith: word }),
  given({ owner: id }),
  given({ owner__isnull: fc.boolean() }),
  given({ owner__boss: id }),
  given({ members: id }),
  given({ members__born__lt: moment }),
  given({ members__license__grade: grade }),
  given({ members__isnull: fc.boolean() }),
);

const membership: fc.Arbitrary<Conditions> = fc.oneof(
  given({ role }),
  given({ role__iexact: role }),
  given({ club: id }),
  given({ member: id, role }),
  given({ member__name__contains: word }),
  given({ since__gte: moment }),
  given({ since__isnull: fc.boolean(), club: id }),
);

/** What may be asked of the rows of each model. */
export const conditions = { thing, order, shop, label, maker, license, club, membership };

/** Conditions for `get`: by the key, by a unique value, and by more than that. */
export const keyed = {
  byId: fc.oneof(given({ id }), given({ id, id__lte: id })),
  byName: fc.oneof(
    given({ id }),
    given({ name: word }),
    given({ name: word, id__lte: id }),
    given({ name__iexact: word }),
  ),
  byCode: fc.oneof(given({ id: bigId }), given({ maker: id }), given({ code }), given({ code, grade })),
};
