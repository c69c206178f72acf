import { expect } from 'chai';
import { CachedModel, Column, PrimaryKey, Table, type CacheManager, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';

/** An amount in hundredths; a type that only this application knows. */
class Money {
  readonly cents: number;

  constructor(cents: number) {
    this.cents = cents;
  }
}

const moneyType = {
  storedAs: 'integer',
  toDatabase: (value: unknown) => (value instanceof Money ? value.cents : Number.NaN),
  fromDatabase: (stored: unknown) => new Money(Number(stored)),
} as const;

@Table('columns_values', { label: 'columns.Values' })
class Values extends CachedModel {
  declare static objects: Manager<Values>;
  declare static cache: CacheManager<Values>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', nullable: true }) declare whole: number | null;
  @Column({ type: 'bigint', nullable: true }) declare big: bigint | null;
  @Column({ type: 'float', nullable: true }) declare real: number | null;
  @Column({ type: 'decimal', precision: 30, scale: 10, nullable: true }) declare price: string | null;
  @Column({ type: 'decimal', nullable: true }) declare exact: string | null;
  @Column({ type: 'boolean', nullable: true }) declare flag: boolean | null;
  @Column({ type: 'string', maxLength: 20, nullable: true }) declare line: string | null;
  @Column({ type: 'text', nullable: true }) declare body: string | null;
  @Column({ type: 'date', nullable: true }) declare day: string | null;
  @Column({ type: 'datetime', nullable: true }) declare moment: Date | null;
  @Column({ type: 'time', nullable: true }) declare clock: string | null;
  @Column({ type: 'uuid', nullable: true }) declare token: string | null;
  @Column({ type: 'json', nullable: true }) declare data: unknown;
  @Column({ type: 'binary', nullable: true }) declare bytes: Buffer | null;
  @Column({ type: 'enum', values: ['draft', 'published'], nullable: true }) declare state: 'draft' | 'published' | null;
  @Column({ type: 'array', of: 'integer', nullable: true }) declare numbers: (number | null)[] | null;
  @Column({ type: 'array', of: 'bigint', nullable: true }) declare bigs: bigint[] | null;
  @Column({ type: 'array', of: 'datetime', nullable: true }) declare moments: Date[] | null;
  @Column({ type: moneyType, nullable: true }) declare money: Money | null;
}

type ColumnValues = Omit<Values, keyof CachedModel | 'id'>;

/** What is stored and must come back, with the same value and type. */
const samples = {
  'small values': {
    whole: 0,
    big: 0n,
    real: 0.1,
    price: '0.0000000000',
    exact: '0',
    flag: false,
    line: '',
    body: ' ',
    day: '0001-01-01',
    moment: new Date('1969-12-31T23:59:59.999Z'),
    clock: '00:00:00',
    token: '00000000-0000-0000-0000-000000000000',
    data: {},
    bytes: Buffer.alloc(0),
    state: 'draft',
    numbers: [],
    bigs: [],
    moments: [],
    money: new Money(0),
  },
  'large values': {
    whole: -2147483648,
    big: -(2n ** 63n),
    real: 5e-324,
    price: '-99999999999999999999.9999999999',
    exact: '123456789012345678901234567890.000000000000000000000000000001',
    flag: true,
    line: '💸'.repeat(20),
    body: 'x'.repeat(50_000),
    day: '9999-12-31',
    moment: new Date('9999-12-31T23:59:59.999Z'),
    clock: '23:59:59.999999',
    token: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
    data: { list: [1, null, 'x', { deep: [true] }], text: '"\\\u2028', number: 1e21 },
    bytes: Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
    state: 'published',
    numbers: [1, null, -2147483648],
    bigs: [2n ** 63n - 1n, 2n ** 53n + 1n],
    moments: [new Date('2024-03-31T00:59:59.999Z')],
    money: new Money(1999),
  },
  'infinities and JSON that is no object': {
    ...{ real: Infinity, data: 'null', day: '2024-02-29', moment: new Date(0), big: 2n ** 53n + 1n, numbers: [null] },
    ...{ whole: 2147483647, price: null, exact: '-0.1', flag: null, line: null, body: null, clock: '24:00:00' },
    ...{ token: null, bytes: null, state: null, bigs: null, moments: null, money: null },
  },
  nulls: {
    ...{ whole: null, big: null, real: null, price: null, exact: null, flag: null, line: null, body: null, day: null },
    ...{ moment: null, clock: null, token: null, data: null, bytes: null, state: null, numbers: null, bigs: null },
    ...{ moments: null, money: null },
  },
} satisfies Record<string, ColumnValues>;

/** Values that are taken and stored in another form. */
const accepted = {
  big: { given: 7, stored: 7n },
  real: { given: -0, stored: 0 },
  price: { given: 1.5, stored: '1.5000000000' },
  exact: { given: '+001.50', stored: '1.5' },
  clock: { given: '09:30', stored: '09:30:00' },
  token: { given: 'ABCDEF00-0000-0000-0000-00000000000F', stored: 'abcdef00-0000-0000-0000-00000000000f' },
  data: { given: { kept: 1, dropped: undefined }, stored: { kept: 1 } },
  bytes: { given: new Uint8Array([1, 2]), stored: Buffer.from([1, 2]) },
  numbers: { given: [-0], stored: [0] },
} as const;

function columnsOf(values: Values): object {
  return Object.fromEntries(Object.entries(values).filter(([property]) => property !== 'id'));
}

async function everyReadOf(id: number): Promise<Record<string, Values>> {
  return {
    'objects.get': await Values.objects.get({ id }),
    'objects.all': (await Values.objects.filter({ id }).all())[0]!,
    'cache.get, cold': await Values.cache.get(id),
    'cache.get, warm': await Values.cache.get(id),
    'cache.refresh': (await Values.cache.refresh(id))!,
  };
}

forEachCombination((combination) => {
  describe('columns', () => {
    connected(combination, [Values]);

    for (const [name, sample] of Object.entries(samples)) {
      it(`have the same value and type after create, reload and every read: ${name}`, async () => {
        const created = await Values.create(sample);
        expect(columnsOf(created), 'create').to.deep.equal(sample);
        for (const [read, values] of Object.entries(await everyReadOf(created.id))) {
          expect(columnsOf(values), read).to.deep.equal(sample);
          expect(Object.getPrototypeOf(values), read).to.equal(Values.prototype);
        }
        expect(columnsOf(await created.reload()), 'reload').to.deep.equal(sample);
      });
    }

    it('have the form after a save in which they are read', async () => {
      const values = new Values();
      for (const [property, { given }] of Object.entries(accepted)) Reflect.set(values, property, given);
      await values.save();
      for (const [property, { stored }] of Object.entries(accepted)) {
        expect(Reflect.get(values, property), property).to.deep.equal(stored);
      }
      expect(columnsOf(values)).to.deep.equal(columnsOf(await Values.objects.get({ id: values.id })));
      expect(values.changes()).to.deep.equal({});
    });

    it('keep an object that needs no other form, so that whoever holds it still changes the instance', async () => {
      const data = { a: 1 };
      const values = await Values.create({ data });
      expect(values.data).to.equal(data);
    });

    it('are fresh objects in every instance', async () => {
      const { id } = await Values.create(samples['large values']);
      const [first, second] = [await Values.cache.get(id), await Values.cache.get(id)];
      for (const property of ['data', 'bytes', 'moment', 'numbers', 'moments', 'money'] as const) {
        expect(first[property], property).not.to.equal(second[property]);
      }
      (first.data as { list: unknown[] }).list.push('mine');
      expect((await Values.cache.get(id)).data).to.deep.equal(samples['large values'].data);
    });

    it('are updated to every value and to null', async () => {
      const values = await Values.create(samples['small values']);
      for (const sample of [samples['large values'], samples.nulls, samples['small values']]) {
        await Object.assign(values, sample).save();
        expect(columnsOf(await Values.objects.get({ id: values.id }))).to.deep.equal(sample);
        expect(columnsOf(await Values.cache.get(values.id))).to.deep.equal(sample);
      }
    });

    it('are null where a new instance does not name them', async () => {
      const values = await Values.create({});
      expect(columnsOf(values)).to.deep.equal(samples.nulls);
    });
  });
});
