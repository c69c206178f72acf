import type fc from 'fast-check';
import type { QuerySet } from '../../../src/index.js';
import { conditions, keyed, type Conditions } from './conditions.js';
import { Club, License, Label, Maker, Membership, Order, Shop, Thing } from './fuzz-models.js';

// The models differ; what is asked of them here, by names that are only known at run time, does not.
export type Rows = QuerySet<{ id: number }>;

/** A model, with what may be asked of it. */
export interface Source {
  readonly name: string;
  readonly rows: Rows;
  /** Its queries go through the cache by themselves, by the policy. */
  readonly isAutomatic: boolean;
  readonly condition: fc.Arbitrary<Conditions>;
  /** For `get`. */
  readonly keyed: fc.Arbitrary<Conditions>;
  /** Each of all rows: two that are equal would come in any order. */
  readonly orders: readonly (readonly string[])[];
  /** What can be added up. */
  readonly numbers: readonly string[];
  /** What can be grouped by. */
  readonly columns: readonly string[];
  /** Of which there is a largest value. */
  readonly largest: string;
  readonly related: readonly string[];
  readonly prefetch: readonly string[];
  /** What `prefetch` loads the first rows of, in orders. */
  readonly firstOfEach: readonly (readonly [name: string, rows: Rows])[];
  /** Columns of other queries that a condition compares with. */
  readonly inner: readonly (readonly [condition: string, rows: Rows, column: string])[];
  /** Accessors that answer with rows by the keys in a property. */
  readonly references: readonly (readonly [name: string, keys: string, rows: Rows])[];
}

const licenses = License.objects as unknown as Rows; // its keys are bigints, which nothing here computes with

/** Every model. Made when the models are connected. */
export function sources(): readonly Source[] {
  return [
    ...[things(), things(), makers(), makers()], // most of what there is to ask is asked of these
    ...[orders(), shops(), labels(), licenseSource(), clubs(), memberships()],
  ];
}

function things(): Source {
  return {
    name: 'Thing',
    rows: Thing.objects,
    isAutomatic: true,
    condition: conditions.thing,
    keyed: keyed.byId,
    orders: [
      ...[['id'], ['-name', 'id'], ['price', '-id'], ['shop__name', 'id'], ['-views', 'id'], ['kind', 'id']],
      ...[
        ['-maker__born', 'id'],
        ['maker__boss__weight', 'id'],
      ],
    ],
    numbers: ['views', 'price', 'kind', 'shop__region', 'maker__made'],
    columns: ['name', 'kind', 'views', 'shop__name', 'sold', 'makerId', 'maker__born', 'maker__boss__name'],
    largest: 'price',
    related: ['shop', 'maker', 'maker__boss'],
    prefetch: ['labels', 'orders', 'maker__friends', 'maker__license'],
    firstOfEach: [
      ['labels', Label.objects.orderBy('-name')],
      ['orders', Order.objects.filter({ count__gt: 0 }).orderBy('-count')],
    ],
    inner: [
      ['id__in', Order.objects.filter({ count__gte: 2 }), 'thingId'],
      ['maker__in', Maker.objects.filter({ born__isnull: false }), 'bossId'],
      ['name__in', Shop.objects, 'name'],
      ['maker__in', licenses, 'makerId'],
    ],
    references: [
      ['shop', 'shopId', Shop.objects],
      ['maker', 'makerId', Maker.objects],
    ],
  };
}

function makers(): Source {
  return {
    name: 'Maker',
    rows: Maker.objects,
    isAutomatic: true,
    condition: conditions.maker,
    keyed: keyed.byName,
    orders: [['id'], ['-born', 'id'], ['made', '-id'], ['weight', 'id'], ['boss__name', 'id'], ['-name', 'id']],
    numbers: ['made', 'weight', 'version', 'boss__weight'],
    columns: ['name', 'born', 'made', 'weight', 'bossId', 'boss__name'],
    largest: 'born',
    related: ['boss', 'boss__boss'],
    prefetch: ['staff', 'friends', 'license', 'things__labels', 'clubs', 'friends__license', 'boss__staff'],
    firstOfEach: [
      ['friends', Maker.objects.orderBy('-born')],
      ['clubs', Club.objects.orderBy('-name')],
      ['staff', Maker.objects.filter({ weight__isnull: false }).orderBy('weight')],
    ],
    inner: [
      ['id__in', Thing.objects.filter({ sold: true }), 'makerId'],
      ['id__in', Membership.objects.filter({ role: 'writer' }), 'memberId'],
      ['id__in', Maker.objects, 'bossId'],
      ['name__in', Label.objects.filter({ things__isnull: false }), 'name'],
    ],
    references: [['boss', 'bossId', Maker.objects]],
  };
}

function orders(): Source {
  return {
    name: 'Order',
    rows: Order.objects,
    isAutomatic: false,
    condition: conditions.order,
    keyed: keyed.byId,
    orders: [['id'], ['-count', 'id'], ['thing__name', 'id']],
    numbers: ['count', 'thing__views', 'thing__maker__weight'],
    columns: ['count', 'thing__name', 'thing__shop__name', 'thing__maker__boss__name'],
    largest: 'thing__price',
    related: ['thing', 'thing__shop', 'thing__maker__boss'],
    prefetch: ['thing__labels'],
    firstOfEach: [],
    inner: [['thing__in', Thing.objects.filter({ kind: 1 }), 'id']],
    references: [['thing', 'thingId', Thing.objects]],
  };
}

function shops(): Source {
  return {
    name: 'Shop',
    rows: Shop.objects,
    isAutomatic: false,
    condition: conditions.shop,
    keyed: keyed.byId,
    orders: [['id'], ['name', 'id'], ['-region', 'id']],
    numbers: ['region'],
    columns: ['name', 'region'],
    largest: 'name',
    related: [],
    prefetch: ['things', 'things__labels', 'things__maker'],
    firstOfEach: [
      ['things', Thing.objects.orderBy('-views')],
      ['things', Thing.objects.filter({ labels__isnull: false }).orderBy('kind', '-name')],
    ],
    inner: [['id__in', Thing.objects.filter({ views__gt: 0 }), 'shopId']],
    references: [],
  };
}

function labels(): Source {
  return {
    name: 'Label',
    rows: Label.objects,
    isAutomatic: false,
    condition: conditions.label,
    keyed: keyed.byName,
    orders: [['id'], ['-name']],
    numbers: ['id'],
    columns: ['name'],
    largest: 'name',
    related: [],
    prefetch: ['things', 'things__shop', 'things__maker__license'],
    firstOfEach: [
      ['things', Thing.objects.orderBy('shop__name', 'price')],
      ['things', Thing.objects.filter({ kind__gte: 1 }).orderBy('-id')],
    ],
    inner: [['name__in', Thing.objects.filter({ sold: false }), 'name']],
    references: [],
  };
}

function licenseSource(): Source {
  return {
    name: 'License',
    rows: licenses,
    isAutomatic: false,
    condition: conditions.license,
    keyed: keyed.byCode,
    orders: [['id'], ['-day', 'id'], ['maker__born', 'id']],
    numbers: ['id', 'maker__weight'],
    columns: ['grade', 'day', 'code', 'maker__name'],
    largest: 'day',
    related: ['maker', 'maker__boss'],
    prefetch: ['maker__friends', 'maker__things'],
    firstOfEach: [],
    inner: [['maker__in', Thing.objects.filter({ kind__isnull: false }), 'makerId']],
    references: [['maker', 'makerId', Maker.objects]],
  };
}

function clubs(): Source {
  return {
    name: 'Club',
    rows: Club.objects,
    isAutomatic: true,
    condition: conditions.club,
    keyed: keyed.byName,
    orders: [['id'], ['name'], ['-owner__born', 'id']],
    numbers: ['id', 'owner__made'],
    columns: ['name', 'ownerId', 'owner__name'],
    largest: 'owner__born',
    related: ['owner', 'owner__boss'],
    prefetch: ['members', 'members__license', 'owner__friends', 'members__things'],
    firstOfEach: [['members', Maker.objects.orderBy('-weight', 'name')]],
    inner: [['id__in', Membership.objects.filter({ since__isnull: true }), 'clubId']],
    references: [
      ['guests', 'guestIds', Maker.objects],
      ['owner', 'ownerId', Maker.objects],
    ],
  };
}

function memberships(): Source {
  return {
    name: 'Membership',
    rows: Membership.objects,
    isAutomatic: false,
    condition: conditions.membership,
    keyed: keyed.byId,
    orders: [['id'], ['-since', 'id'], ['member__name', 'role', 'id']],
    numbers: ['id', 'member__made'],
    columns: ['role', 'clubId', 'member__name', 'since', 'club__owner__name'],
    largest: 'since',
    related: ['club', 'member', 'member__boss'],
    prefetch: ['member__staff', 'club__members'],
    firstOfEach: [],
    inner: [['member__in', Club.objects.filter({ owner__isnull: false }), 'ownerId']],
    references: [['member', 'memberId', Maker.objects]],
  };
}
