import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { transaction, type GuaranteeStats } from '../../src/index.js';
import type { CacheEvent } from '../../src/telemetry/channels.js';
import { calmGuarantee, type CalmGuarantee } from '../support/calm-guarantee.js';
import { Book, Shelf, shelfModels } from '../support/captured-models.js';
import { releaseAll } from '../support/holds.js';
import { until } from '../support/until.js';

describe('what a guarantee tells about itself', function () {
  this.timeout(20_000);
  let current: CalmGuarantee;
  let atFirst: GuaranteeStats;

  const open = async (level: 'guarded' | 'verify'): Promise<void> => {
    current = await calmGuarantee(level, shelfModels);
    atFirst = stats();
    await current.other.query(
      `INSERT INTO captured_shelves VALUES (1, 'a');
       INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1)`,
    );
    await current.calm();
  };
  const stats = (): GuaranteeStats => {
    const { guarantee } = current.db.stats();
    if (!guarantee) throw new TypeError('the connection has a guarantee');
    return guarantee;
  };
  const rename = (title: string): Promise<unknown> =>
    current.other.query('UPDATE captured_books SET title = $1 WHERE id = 1', [title]);

  describe('at the level guarded', () => {
    before(() => open('guarded'));
    beforeEach(() => current.calm());
    after(() => current.close());

    it('is the share of reads that went past the cache', async () => {
      expect(atFirst.bypassShare, 'nothing was read').to.equal(0);
      const earlier = current.db.stats();
      for (let read = 0; read < 3; read += 1) await Book.cache.get(1);
      await transaction(() => Book.cache.get(1));
      const { hits, misses, bypasses, guarantee } = current.db.stats();
      expect(hits + misses - earlier.hits - earlier.misses).to.equal(3);
      expect(bypasses - earlier.bypasses).to.equal(1);
      expect(guarantee?.bypassShare).to.equal(bypasses / (hits + misses + bypasses));
    });

    it('is whether the gate is open, how often it was found closed, and why a read went past the cache', async () => {
      await Book.cache.get(1);
      const { open: wasOpen, lapses } = stats();
      expect(wasOpen).to.equal(true);
      await current.closeGate();
      const reasons: (string | undefined)[] = [];
      const note = (event: unknown): void => void reasons.push((event as CacheEvent).reason); // what this channel carries
      subscribe('moneyclip:cache', note);
      for (let read = 0; read < 3; read += 1) await Book.cache.get(1);
      unsubscribe('moneyclip:cache', note);
      expect(stats(), 'one lapse, whatever number of reads').to.include({ open: false, lapses: lapses + 1 });
      expect(new Set(reasons)).to.deep.equal(
        new Set(['it is not known whether this cache has heard of all changes (the gate is closed)']),
      );
      await current.calm();
      await Book.cache.get(1);
      expect(stats()).to.include({ open: true, lapses: lapses + 1 });
    });

    it('is how often this process took the gate over', async () => {
      expect(atFirst.takeOvers, 'the first gate under a prefix is taken from nobody').to.equal(0);
      releaseAll();
      await current.other.query("UPDATE moneyclip_capture.gate SET inst = 'another', token = 'another'");
      await until(() => stats().takeOvers === 1);
      await current.calm();
      expect(stats().takeOvers).to.equal(1);
    });

    it('is how many writes waited, and for how long together', async () => {
      await Shelf.create({ id: 2, name: 'not waited for' });
      expect(stats(), 'the gate was open').to.include({ waits: 0, waitedMs: 0 });
      await current.closeGate();
      const startedAt = performance.now();
      const writes = [3, 4].map((id) => Shelf.create({ id, name: 'waited for' }));
      await until(() => stats().waits === 2);
      const bothWaitAt = performance.now();
      await until(() => performance.now() > bothWaitAt + 20);
      releaseAll();
      await Promise.all(writes);
      expect(stats().waits).to.equal(2);
      expect(stats().waitedMs).to.be.within(40, 2 * (performance.now() - startedAt) + 1);
    });

    it('is how old the oldest change is that some cache has not heard of', async () => {
      const age = async (): Promise<readonly unknown[]> => {
        const { waiting, oldestMs } = await current.db.capture.status();
        return [waiting, oldestMs];
      };
      expect(await age()).to.deep.equal([0, 0]);
      await rename('second');
      const [waiting, firstAge] = await age();
      expect(waiting).to.equal(1);
      await rename('third');
      const [both, laterAge] = await age();
      expect(both).to.equal(2);
      expect(Number(laterAge)).to.be.greaterThan(Number(firstAge));
      await current.calm();
      expect(await age()).to.deep.equal([0, 0]);
    });
  });

  describe('at the level verify', () => {
    before(() => open('verify'));
    after(() => current.close());

    it('is how often the database was asked before hits, and how many reads that kept from the cache', async () => {
      const change = async (work: () => Promise<unknown>): Promise<readonly [number, number]> => {
        const earlier = stats();
        await work();
        return [stats().questions - earlier.questions, stats().refusals - earlier.refusals];
      };
      const bothBooks = (): Promise<unknown> => Promise.all([Book.cache.get(1), Book.cache.find(2)]);
      await bothBooks();
      expect(await change(bothBooks), 'once for all reads of a tick').to.deep.equal([1, 0]);
      await rename('second');
      expect(await change(bothBooks), 'the relay is held up').to.deep.equal([1, 2]);
      await current.calm();
      expect(await change(bothBooks)).to.deep.equal([1, 0]);
    });
  });
});
