import { expect } from 'chai';
import {
  CachedModel,
  cachedQuery,
  Column,
  count,
  max,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Manager,
  type QuerySet,
} from '../../../src/index.js';
import { FakeClock } from '../../../src/testing/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { counted } from '../../support/counted.js';

@Table('lifetime_notes', { label: 'lifetime.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true }) declare title: string;
  @Column({ type: 'integer', index: true, default: 1 }) declare shelf: number;
}

const minute = 60_000;

/** Every kind of read; what ends a little early or late is `ttl` ± 10 %. */
const reads: readonly (readonly [string, (notes: QuerySet<Note>) => Promise<unknown>])[] = [
  ['all', (notes) => notes.all()],
  ['first', (notes) => notes.first()],
  ['last', (notes) => notes.last()],
  ['get by its key', (notes) => notes.get({ id: 1 })],
  ['get by a unique value', (notes) => notes.get({ title: 'a' })],
  ['get by anything else', (notes) => notes.get({ title__startswith: 'a' })],
  ['count', (notes) => notes.count()],
  ['exists', (notes) => notes.exists()],
  ['values', (notes) => notes.values('title')],
  ['ids', (notes) => notes.ids()],
  ['aggregate', (notes) => notes.aggregate({ last: max('title') })],
  ['groups', (notes) => notes.groupBy('shelf').aggregate({ n: count() })],
  ['pages by key', (notes) => notes.paginate({ after: null, pageSize: 1 })],
];

forEachCombination((combination) => {
  describe('the life of a cached answer', () => {
    const clock = new FakeClock();
    const current = counted(combination, [Note], { clock, ttl: '10m' });
    beforeEach(async () => {
      await Note.objects.bulkCreate([
        { id: 1, title: 'a' },
        { id: 2, title: 'b' },
      ]);
      await Note.cache.find(0); // notices whatever the set-up did
    });

    const statementsOf = async (read: () => Promise<unknown>): Promise<number> => (await current().costOf(read)).sql;

    async function endsAfter(ms: number, read: () => Promise<unknown>, statements = 1): Promise<void> {
      await read();
      clock.advance(ms * 0.85);
      expect(await statementsOf(read), 'before its end').to.equal(0);
      clock.advance(ms * 0.3);
      expect(await statementsOf(read), 'after its end').to.equal(statements);
    }

    for (const [what, read] of reads) {
      it(`of ${what} is the ttl of cache()`, async () => {
        await endsAfter(minute, () => read(Note.objects.cache({ ttl: '1m' })));
      });
    }

    it('may be longer than that of everything else', () =>
      endsAfter(60 * minute, () => Note.objects.cache({ ttl: '1h' }).all()));

    it("is the connection's where nobody says", () => endsAfter(10 * minute, () => Note.objects.cache().all()));

    it('is another for another ttl of one query set', async () => {
      const [short, long] = [Note.objects.cache({ ttl: '1m' }), Note.objects.cache({ ttl: '5m' })];
      await Promise.all([short.all(), long.all()]);
      clock.advance(2 * minute);
      expect(await statementsOf(() => long.all())).to.equal(0);
      expect(await statementsOf(() => short.all())).to.equal(1);
    });

    it("of a get of a named row is the row's own where the ttl does not end before it", async () => {
      await Note.cache.get(1);
      expect(await statementsOf(() => Note.objects.cache({ ttl: '1h' }).get({ id: 1 }))).to.equal(0);
      const byTitle = (): Promise<Note> => Note.objects.cache({ ttl: '1h' }).get({ title: 'b' });
      await endsAfter(10 * minute, byTitle, 2); // which row it is, and that row
    });

    it('of cachedQuery() is its ttl, of rows and of the keys of instances', async () => {
      const { knex } = current().db;
      for (const more of [{}, { as: Note }]) {
        let runs = 0;
        const read = async (): Promise<number> => {
          const query = knex('lifetime_notes')
            .select('id')
            .on('query', () => (runs += 1));
          await cachedQuery(query, { watch: [Note], ttl: '1m', ...more });
          return runs;
        };
        expect(await read()).to.equal(1);
        clock.advance(minute * 0.85);
        expect(await read(), 'before its end').to.equal(1);
        clock.advance(minute * 0.3);
        expect(await read(), 'after its end').to.equal(2);
      }
    });
  });

  describe('cached answers', () => {
    const current = counted(combination, [Note]);
    const notes = (): QuerySet<Note> => Note.objects.filter({ shelf: 1 }).orderBy('title', 'id').cache();
    const statementsOf = async (read: () => Promise<unknown>): Promise<number> => (await current().costOf(read)).sql;

    beforeEach(async () => {
      await Note.objects.bulkCreate(['a', 'c', 'e', 'g'].map((title, index) => ({ id: index + 1, title })));
      await Note.cache.find(0); // notices whatever the set-up did
    });

    it('are neither hit nor filled by forUpdate() and forShare()', async () => {
      for (const locked of [notes().forUpdate(), notes().forShare()]) {
        expect(await statementsOf(() => transaction(() => locked.all())), 'a cold one').to.be.at.least(1);
        expect(await statementsOf(() => notes().all()), 'nothing was stored').to.equal(1);
        const inside = async (): Promise<number> => statementsOf(() => locked.all());
        expect(await transaction(inside), 'what is stored is not used').to.equal(1);
        expect(await statementsOf(() => notes().all()), 'and still there').to.equal(0);
        await current().db.invalidateAll();
      }
    });

    /** The pages by key, the last row and the keys, as one text. */
    async function shown(): Promise<string> {
      const pages: string[] = [];
      for (let after: string | undefined, more = true; more;) {
        const page = await notes().paginate({ after, pageSize: 2 });
        pages.push(page.items.map(({ title }) => title).join(''));
        [after, more] = [page.next, page.hasNext];
      }
      const last = await notes().last();
      return `${pages.join()} ${last?.title} ${(await notes().ids()).join('')}`;
    }

    it('of pages by key, last() and ids() follow inserts, deletes and moves between pages', async () => {
      expect(await shown()).to.equal('ac,eg g 1234');
      expect(await statementsOf(shown)).to.equal(0);
      await Note.create({ id: 5, title: 'b' });
      expect(await shown()).to.equal('ab,ce,g g 15234');
      await Note.objects.filter({ id: 1 }).update({ title: 'f' });
      expect(await shown()).to.equal('bc,ef,g g 52314');
      await Note.objects.filter({ id: 4 }).delete();
      expect(await shown()).to.equal('bc,ef f 5231');
      await Note.objects.filter({ id: 1 }).update({ shelf: 2 });
      expect(await shown()).to.equal('bc,e e 523');
      await Note.objects.filter({ id: 1 }).update({ title: 'a' });
      expect(await statementsOf(shown), 'a row of another shelf').to.equal(0);
    });
  });
});
