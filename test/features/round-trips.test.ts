import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  Column,
  CachedForeignKey,
  invalidateTag,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { modelCacheOf } from '../../src/model-cache/model-cache.js';
import { UniqueKeys } from '../../src/model-cache/unique-keys.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import { forEachCombination, type OpenCombination } from '../setup/combinations.js';
import { counted, noCost, type Cost } from '../support/counted.js';

let runs = 0;

@Table('round_trip_writers', { label: 'roundTrips.Writer' })
class Writer extends CachedModel {
  declare static objects: Manager<Writer>;
  declare static cache: CacheManager<Writer>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;

  @moneyclip()
  async pages(): Promise<number> {
    runs += 1;
    return Page.objects.filter({ writer: this }).count();
  }

  @moneyclip()
  async summary(): Promise<string> {
    return `${this.name}: ${await this.pages()}`;
  }
}

@Table('round_trip_pages', { label: 'roundTrips.Page' })
class Page extends CachedModel {
  declare static objects: Manager<Page>;
  declare static cache: CacheManager<Page>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @CachedForeignKey(() => Writer) declare writer: Related<Writer>;
  declare writerId: number;
}

const tagged = cached('roundTrips.tagged', async (number: number) => number, { tag: 'round' });
const halves = cached('roundTrips.halves', async (number: number) => number / 2);

/** Round trips count where the store is a server; in process there are none. */
function cost(combination: OpenCombination, expected: Partial<Cost>): Cost {
  const { sql = 0 } = expected;
  return combination.cache === 'redis' ? { ...noCost, ...expected } : { ...noCost, sql };
}

function storeOnly(spent: Cost): Cost {
  return { ...spent, sql: 0 };
}

describe('round trips', () => {
  forEachCombination((combination) => {
    const current = counted(combination, [Writer, Page]);
    const costs = (expected: Partial<Cost>): Cost => cost(combination, expected);
    const costOf = (task: () => Promise<unknown>): Promise<Cost> => current().costOf(task);

    async function hundredPages(): Promise<number[]> {
      const writers = await Writer.objects.bulkCreate(
        Array.from({ length: 10 }, (_, index) => ({ name: `writer ${index}` })),
      );
      const values = Array.from({ length: 100 }, (_, index) => ({
        title: `page ${index}`,
        writerId: writers[index % 10]?.id ?? 0,
      }));
      const pages = await Page.objects.bulkCreate(values);
      await Writer.cache.find(0); // notices whatever the set-up did
      return pages.map(({ id }) => id);
    }

    it('a warm get is 1 command and no SQL', async () => {
      const { id } = await Writer.create({ name: 'ann' });
      await Writer.cache.get(id);
      expect(await costOf(() => Writer.cache.get(id))).to.deep.equal(costs({ read: 1 }));
    });

    it('a warm answer "there is none" is 1 command and no SQL', async () => {
      await Writer.cache.find(4711);
      expect(await costOf(() => Writer.cache.find(4711))).to.deep.equal(costs({ read: 1 }));
    });

    it('a cold get is 1 SELECT and 3 commands, of which nobody waits for the last', async () => {
      const { id } = await Writer.create({ name: 'ann' });
      await Writer.cache.find(0);
      expect(await costOf(() => Writer.cache.get(id))).to.deep.equal(costs({ sql: 1, read: 1, acquire: 1, write: 1 }));
    });

    it('a get of what a write outdated is 1 SELECT and 3 commands', async () => {
      const writer = await Writer.create({ name: 'ann' });
      await Writer.cache.get(writer.id);
      writer.name = 'anna';
      await writer.save();
      expect(await costOf(() => Writer.cache.get(writer.id))).to.deep.equal(
        costs({ sql: 1, read: 1, acquire: 1, write: 1 }),
      );
    });

    it('a warm get by a unique value is 1 command and no SQL', async () => {
      await Writer.create({ name: 'ann' });
      await Writer.cache.get({ name: 'ann' });
      expect(await costOf(() => Writer.cache.get({ name: 'ann' }))).to.deep.equal(costs({ read: 1 }));
    });

    it('a get by a unique value that another process has loaded is 2 commands, and then 1', async () => {
      await Writer.create({ name: 'ann' });
      await Writer.cache.get({ name: 'ann' });
      const schema = schemaOf(Writer);
      const elsewhere = new UniqueKeys(modelCacheOf(schema), schema); // as another process has its own
      for (const read of [2, 1]) {
        expect(await costOf(() => elsewhere.read({ name: 'ann' }))).to.deep.equal(costs({ read }));
      }
    });

    it('a get by a unique value stays 1 command, however many values are asked for meanwhile that nobody has', async () => {
      await Writer.create({ name: 'ann' });
      const schema = schemaOf(Writer);
      const keys = new UniqueKeys(modelCacheOf(schema), schema, 3);
      await keys.read({ name: 'ann' });
      for (let number = 0; number < 12; number += 1) await keys.read({ name: `nobody ${number}` });
      expect(await costOf(() => keys.read({ name: 'ann' }))).to.deep.equal(costs({ read: 1 }));
    });

    it('getMany of 100 cold rows is 1 SELECT and 3 commands', async () => {
      const ids = await hundredPages();
      expect(await costOf(() => Page.cache.getMany(ids))).to.deep.equal(
        costs({ sql: 1, read: 1, acquire: 1, write: 1 }),
      );
    });

    it('100 warm rows with their foreign keys, asked for one by one, are 2 commands and no SQL', async () => {
      const ids = await hundredPages();
      const read = async (): Promise<unknown> => {
        const pages = await Promise.all(ids.map((id) => Page.cache.get(id)));
        return Promise.all(pages.map(async (page) => (await page.writer).name));
      };
      await read();
      expect(await costOf(read)).to.deep.equal(costs({ read: 2 }));
    });

    it('100 warm rows whose foreign keys each reader awaits by itself are 2 commands too', async () => {
      const ids = await hundredPages();
      const read = async (): Promise<unknown> =>
        Promise.all(
          ids.map(async (id) => {
            const page = await Page.cache.get(id);
            return (await page.writer).name;
          }),
        );
      await read();
      expect(await costOf(read)).to.deep.equal(costs({ read: 2 }));
    });

    it('100 cold rows with their foreign keys are 2 SELECTs', async () => {
      const ids = await hundredPages();
      const read = async (): Promise<unknown> =>
        Promise.all(ids.map(async (id) => (await (await Page.cache.get(id)).writer).name));
      const { sql } = await costOf(read);
      expect(sql).to.equal(2);
    });

    it('a save adds 1 round trip', async () => {
      const writer = await Writer.create({ name: 'ann' });
      await Writer.cache.get(writer.id);
      writer.name = 'anna';
      expect(await costOf(() => writer.save())).to.deep.equal(costs({ sql: 1, drop: 1 }));
      expect(await costOf(() => Writer.create({ name: 'bob' }))).to.deep.equal(costs({ sql: 1, drop: 1 }));
      expect(await costOf(() => writer.delete())).to.deep.equal(costs({ sql: 1, drop: 1 }));
      expect(await costOf(() => writer.delete())).to.deep.equal(noCost);
    });

    it('a save that changes nothing adds none', async () => {
      const writer = await Writer.create({ name: 'ann' });
      expect(await costOf(() => writer.save())).to.deep.equal(noCost);
    });

    it('a transaction of 10 saves adds 1 round trip', async () => {
      const writers = await Writer.objects.bulkCreate(
        Array.from({ length: 10 }, (_, index) => ({ name: `writer ${index}` })),
      );
      const save = () =>
        transaction(async () => {
          for (const writer of writers) {
            writer.name += '!';
            await writer.save();
          }
        });
      expect(storeOnly(await costOf(save))).to.deep.equal(costs({ drop: 1 }));
    });

    it('a transaction that is rolled back adds none', async () => {
      const writer = await Writer.create({ name: 'ann' });
      const save = () =>
        transaction(async () => {
          writer.name += '!';
          await writer.save();
          throw new Error('roll back');
        }).catch(() => undefined);
      expect(storeOnly(await costOf(save))).to.deep.equal(noCost);
    });

    it('an update of many rows adds 1 round trip', async () => {
      await hundredPages();
      const { drop } = await costOf(() => Page.objects.filter({ id__gt: 0 }).update({ title: 'new' }));
      expect(drop).to.equal(combination.cache === 'redis' ? 1 : 0);
    });

    it('a warm computed method is 1 command and no SQL, also one that is made of others', async () => {
      const writer = await Writer.create({ name: 'ann' });
      await Promise.all([writer.pages(), writer.summary()]);
      expect(await costOf(() => writer.pages())).to.deep.equal(costs({ read: 1 }));
      expect(await costOf(() => writer.summary())).to.deep.equal(costs({ read: 1 }));
      expect(
        await costOf(() => Promise.all([writer.pages(), writer.summary(), Writer.cache.get(writer.id)])),
      ).to.deep.equal(costs({ read: 1 }));
    });

    it('100 warm results of a cached function in bulk are 1 command and no SQL', async () => {
      const calls = Array.from({ length: 100 }, (_, index) => [index] as [number]);
      await halves.getMany(calls);
      expect(await costOf(() => halves.getMany(calls))).to.deep.equal(costs({ read: 1 }));
    });

    it('invalidateTag is 1 round trip that drops 1 key, for 1 value and for 1,000', async () => {
      const { store } = current();
      for (const many of [1, 1_000]) {
        await tagged.getMany(Array.from({ length: many }, (_, index) => [index] as [number]));
        expect(await tagged.peek(many - 1)).to.equal(many - 1);
        expect(await costOf(() => invalidateTag('round'))).to.deep.equal(costs({ drop: 1 }));
        expect([store.calls.drop, store.keys.drop]).to.deep.equal([1, 1]);
        expect([await tagged.peek(0), await tagged.peek(many - 1)]).to.deep.equal([undefined, undefined]);
      }
    });

    it('a thousand readers of one cold key cause one SELECT', async () => {
      const { id } = await Writer.create({ name: 'ann' });
      await Writer.cache.find(0);
      const read = async (): Promise<unknown> => Promise.all(Array.from({ length: 1000 }, () => Writer.cache.get(id)));
      expect(await costOf(read)).to.deep.equal(costs({ sql: 1, read: 1, acquire: 1, write: 1 }));
    });

    it('a thousand readers of one cold unique value cause two SELECTs: one for the key, one for the row', async () => {
      await Writer.create({ name: 'nobody asked for her yet' });
      await Writer.cache.find(0);
      const read = async (): Promise<unknown> =>
        Promise.all(Array.from({ length: 1000 }, () => Writer.cache.get({ name: 'nobody asked for her yet' })));
      const { sql } = await costOf(read);
      expect(sql).to.equal(2);
    });

    it('a thousand callers of one cold computed method cause one run', async () => {
      const writer = await Writer.create({ name: 'ann' });
      runs = 0;
      const { sql } = await costOf(async () => Promise.all(Array.from({ length: 1000 }, () => writer.pages())));
      expect(runs).to.equal(1);
      expect(sql).to.equal(2); // its own row, and the count
    });

    if (combination.cache === 'redis') {
      it('a warm get is 1 MGET for the server too', async () => {
        const { redis } = current();
        const { id } = await Writer.create({ name: 'ann' });
        await costOf(() => Writer.cache.get(id)); // with the storing that nobody waits for
        await redis?.config('RESETSTAT');
        await Writer.cache.get(id);
        const statistics = String(await redis?.info('commandstats'));
        const commands = [...statistics.matchAll(/cmdstat_([a-z|]+):calls=(\d+)/g)].map(
          (match) => `${match[1]} ${match[2]}`,
        );
        expect(
          commands.filter((command) => !command.startsWith('config') && !command.startsWith('info')),
        ).to.deep.equal(['mget 1']);
      });
    }
  });
});
