import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  CacheDriftError,
  Column,
  connect,
  MemoryStore,
  moneyclip,
  PrimaryKey,
  Table,
  withoutInvalidation,
  type CacheManager,
  type ConnectOptions,
  type Database,
  type Manager,
} from '../../src/index.js';
import { AnswerCheck } from '../../src/cache/answer-check.js';
import { DriftCheck } from '../../src/cache/drift-check.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { ScriptedStore } from '../concurrency/support/scripted-store.js';
import { forEachCombination } from '../setup/combinations.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { rejection } from '../support/rejection.js';

@Table('drifting_prices', { label: 'drifting.Price' })
class Price extends CachedModel {
  declare static objects: Manager<Price>;
  declare static cache: CacheManager<Price>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare shop: number;
  @Column({ type: 'integer' }) declare cents: number;

  @moneyclip({ driftCheck: true })
  async doubled(): Promise<number> {
    return this.cents * 2;
  }

  @moneyclip()
  async unchecked(): Promise<number> {
    return this.cents * 3;
  }
}

const total = cached(
  'drifting-total',
  async (shop: number) => {
    const prices = await Price.objects.filter({ shop }).all();
    return prices.reduce((sum, { cents }) => sum + cents, 0);
  },
  { driftCheck: true },
);

const ofShop = () => Price.objects.filter({ shop: 1 }).orderBy('id').cache();

/** Every way to read what a price is part of that is checked. */
const reads: Readonly<Record<string, () => Promise<unknown>>> = {
  'a row': () => Price.cache.get(1),
  'a row among others': () => Price.cache.getMany([1, 2]),
  'a list': () => ofShop().all(),
  'a list without an order': () => Price.objects.filter({ shop: 1 }).cache().all(),
  'an aggregate': () => ofShop().values('id', 'cents'),
  'a computed method that may be computed again': async () => (await Price.objects.get({ id: 1 })).doubled(),
  'a cached function that may be computed again': () => total(1),
};

/** Changes the first price so that the cache does not hear of it. */
function change(cents: number): Promise<unknown> {
  return withoutInvalidation(() => Price.objects.filter({ id: 1 }).update({ cents }));
}

describe('the drift check', () => {
  forEachCombination((combination) => {
    let db: Database;
    const heard: Record<string, unknown>[] = [];
    const hear = (message: unknown): void => void heard.push(message as Record<string, unknown>);

    before(() => subscribe('moneyclip:drift', hear));
    after(() => unsubscribe('moneyclip:drift', hear));

    const open = async (options: Partial<ConnectOptions>): Promise<void> => {
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      db = await connect({ database, cache, prefix: combination.freshPrefix(), ...options });
      await db.createTables([Price]);
      await Price.objects.bulkCreate([1, 2, 3].map((id) => new Price({ id, shop: 1, cents: id * 100 })));
    };

    beforeEach(() => void heard.splice(0));
    afterEach(() => db.close());

    it('lets every read through that is right, and says that it looked', async () => {
      await open({ driftCheck: { share: 1, onMismatch: 'throw', graceMs: 0 } });
      for (const read of Object.values(reads)) {
        const first = await read();
        for (let again = 0; again < 3; again += 1) expect(plain(await read())).to.deep.equal(plain(first));
      }
      await Price.objects.filter({ id: 1 }).update({ cents: 7 });
      for (const read of Object.values(reads)) expect(plain(await read())).to.deep.equal(plain(await read()));
      const { checks = 0, ...others } = db.stats().drift ?? {};
      expect(checks).to.be.at.least(3 * Object.keys(reads).length);
      expect(others).to.deep.equal({ mismatches: 0, overtaken: 0, skipped: 0, failed: 0 });
    });

    for (const [what, read] of Object.entries(reads)) {
      it(`throws for ${what} that is not as in the database, before anybody gets it`, async () => {
        await open({ driftCheck: { share: 1, onMismatch: 'throw', graceMs: 0 } });
        await read();
        await change(101);
        const { code, message } = await rejection(read(), CacheDriftError);
        expect(code).to.equal('CACHE_DRIFT');
        expect(message).to.contain('differs from the database').and.contain('drifting_prices');
        expect(message).not.to.contain('101');
      });
    }

    it('reports what differs, with its key, dependencies and stamps, and no values', async () => {
      await open({ driftCheck: { share: 1, most: 5, graceMs: 0 }, keys: 'readable' });
      await Price.cache.get(1);
      await change(12_345);
      expect((await Price.cache.get(1)).cents).to.equal(100);
      await db.close();
      const { drift } = db.stats();
      expect(drift).to.deep.equal({ checks: 1, mismatches: 1, overtaken: 0, skipped: 0, failed: 0 });
      const [{ stamps, ageMs, key, ...told } = {}] = heard;
      expect(told).to.deep.equal({
        connection: 'default',
        label: 'drifting.Price',
        dependencies: ['r:drifting_prices:1', 'b:drifting_prices'],
      });
      expect(key).to.match(/row:drifting\.Price:.*:1$/);
      expect(stamps).to.have.length(3);
      expect(ageMs).to.be.a('number');
      expect(JSON.stringify(heard)).not.to.contain('12345');
    });

    it('leaves alone what does not say that it may be computed at any time', async () => {
      await open({ driftCheck: { share: 1, onMismatch: 'throw', graceMs: 0 } });
      const price = await Price.objects.get({ id: 1 });
      await price.unchecked();
      await change(101);
      expect(await price.unchecked()).to.equal(300);
    });

    for (const driftCheck of [undefined, { share: 0 }]) {
      it(`is not on the way of any read with ${JSON.stringify(driftCheck) ?? 'no option'}`, async () => {
        const called: string[] = [];
        const stops = [spy(DriftCheck.prototype, 'isDue', called), spy(AnswerCheck.prototype, 'check', called)];
        try {
          await open(driftCheck === undefined ? {} : { driftCheck });
          for (const read of [...Object.values(reads), ...Object.values(reads)]) await read();
          expect(called).to.deep.equal([]);
          await db.close();
          await open({ driftCheck: { share: 0.5 } });
          for (const read of [...Object.values(reads), ...Object.values(reads)]) await read();
          expect(new Set(called)).to.deep.equal(new Set(['isDue', 'check']));
        } finally {
          for (const stop of stops) stop();
        }
      });
    }

    it('is off by default', async () => {
      await open({});
      await Price.cache.get(1);
      await change(101);
      expect((await Price.cache.get(1)).cents).to.equal(100);
      expect(db.stats().drift).to.equal(undefined);
    });
  });

  it('reports plain SQL behind the back of the cache on PostgreSQL', async () => {
    const database = await freshDatabase('postgres');
    const db = await connect({ database, driftCheck: { share: 1, graceMs: 0 } });
    await db.createTables([Price]);
    await Price.create({ shop: 1, cents: 100 });
    await Price.cache.get(1);
    await db.knex('drifting_prices').update({ cents: 5 });
    await Price.cache.get(1);
    await db.close();
    expect(db.stats().drift).to.include({ checks: 1, mismatches: 1 });
  });

  for (const database of ['sqlite', 'postgres'] as const) {
    it(`does not report a row whose writer is about to tell the cache (${database})`, async () => {
      const store = new ScriptedStore(new MemoryStore());
      const clock = new FakeClock();
      const db = await connect({
        database: await freshDatabase(database),
        cache: store,
        prefix: freshPrefix(),
        clock,
        driftCheck: { share: 1 },
      });
      await db.createTables([Price]);
      const price = await Price.create({ shop: 1, cents: 100 });
      await Price.cache.get(price.id);
      const dropping = store.hold('drop', 'before');
      price.cents = 200;
      const saving = price.save();
      await dropping.reached;
      expect((await Price.cache.get(price.id)).cents).to.equal(100); // it is not acknowledged yet
      while (clock.scheduled === 0) await new Promise((resolve) => setImmediate(resolve));
      dropping.release();
      await saving;
      clock.advance(3000);
      await db.close();
      expect(db.stats().drift).to.deep.equal({ checks: 1, mismatches: 0, overtaken: 1, skipped: 0, failed: 0 });
    });
  }

  it('compares no more at a time than it may, and no more than its share', async () => {
    const clock = new FakeClock();
    const db = await connect({ database: 'sqlite::memory:', clock, driftCheck: { share: 1, most: 2 } });
    await db.createTables([Price]);
    await Price.objects.bulkCreate([1, 2, 3, 4].map((id) => new Price({ id, shop: 1, cents: 1 })));
    await Price.cache.getMany([1, 2, 3, 4]);
    await withoutInvalidation(() => Price.objects.update({ cents: 2 }));
    await Price.cache.getMany([1, 2, 3, 4]);
    expect(db.stats().drift).to.include({ checks: 2, skipped: 2 });
    await db.close();
    const some = await connect({ database: 'sqlite::memory:', driftCheck: { share: 0.5, most: 1_000_000 } });
    await some.createTables([Price]);
    await Price.create({ shop: 1, cents: 1 });
    await Price.cache.get(1);
    for (let read = 0; read < 1000; read += 1) await Price.cache.get(1);
    expect(some.stats().drift?.checks).to.be.within(400, 600);
    await some.close();
  });

  it('goes on where the database cannot be asked', async () => {
    const db = await connect({ database: await freshDatabase('postgres'), driftCheck: { share: 1 } });
    await db.createTables([Price]);
    await Price.create({ shop: 1, cents: 100 });
    await Price.cache.get(1);
    await db.knex.schema.dropTable('drifting_prices');
    expect((await Price.cache.get(1)).cents).to.equal(100);
    await db.close();
    expect(db.stats().drift).to.include({ checks: 1, failed: 1, mismatches: 0 });
  });
});

/** Notes the calls of a method; the returned function ends that. */
function spy<Name extends string>(
  prototype: Readonly<Record<Name, (...values: never[]) => unknown>>,
  name: Name,
  called: string[],
): () => void {
  const method = prototype[name];
  const noting = function (this: unknown, ...values: never[]): unknown {
    called.push(name);
    return method.apply(this, values);
  };
  Reflect.set(prototype, name, noting);
  return () => void Reflect.set(prototype, name, method);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
