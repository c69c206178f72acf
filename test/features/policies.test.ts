import { expect } from 'chai';
import {
  CachedForeignKey,
  CachedList,
  CachedModel,
  Column,
  count,
  ForeignKey,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type Operation,
  type PolicySettings,
  type Related,
} from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';

@Table('policy_authors', { label: 'policies.Author' })
class Author extends CachedModel {
  declare static objects: Manager<Author>;
  declare static cache: CacheManager<Author>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('policy_notes', { label: 'policies.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Author) declare author: Related<Author>;
  declare authorId: number;
  @CachedForeignKey(() => Author) declare editor: Related<Author>;
  declare editorId: number;
  @CachedList(() => Author) declare readers: Related<Author[]>;
  declare readerIds: number[];
}

/** What each operation of a policy is about, as a read of authors; a note keeps what it has loaded, so each is a new one. */
const reads: Readonly<Record<Operation, () => Promise<unknown>>> = {
  get: () => Author.objects.get({ id: 1 }),
  fetch: () => Author.objects.orderBy('id').all(),
  count: () => Author.objects.count(),
  exists: () => Author.objects.exists(),
  aggregate: () => Author.objects.aggregate({ n: count() }),
  reference: async () => noteOf(2).author,
  listReference: async () => noteOf(3).readers,
};

function noteOf(id: number): Note {
  return new Note({ authorId: id, editorId: id, readerIds: [id] });
}

describe('policies', () => {
  forEachCombination((combination) => {
    function connectedWith(policies: PolicySettings, clock?: FakeClock): () => Promise<Record<Operation, number>> {
      const current = counted(combination, [Author, Note], { policies, ...(clock && { clock }) });
      beforeEach(() => Author.objects.bulkCreate([1, 2, 3].map((id) => ({ id, name: `a${id}` }))));
      return async () => {
        const costs: Partial<Record<Operation, number>> = {};
        for (const [operation, read] of Object.entries(reads)) {
          costs[operation as Operation] = (await current().costOf(read)).sql; // the keys of `reads`
        }
        return costs as Record<Operation, number>; // one for each
      };
    }

    const all = Object.keys(reads) as Operation[];
    const asked = Object.fromEntries(all.map((operation) => [operation, 1])) as Record<Operation, number>;
    const byItself = { ...asked, listReference: 0 }; // a list that is called cached is

    for (const operation of all) {
      describe(`of ${operation} alone`, () => {
        const costs = connectedWith({ 'policies.Author': { ops: [operation] } });

        it('cache that by itself and nothing else', async () => {
          expect(await costs()).to.deep.equal(asked);
          expect(await costs()).to.deep.equal({ ...byItself, [operation]: 0 });
        });
      });
    }

    describe('of all', () => {
      const costs = connectedWith({ 'other.*': false, 'policies.A*': { ops: 'all' }, '*': false });

      it('cache everything; the first pattern that matches holds, and * is any text', async () => {
        await costs();
        expect(Object.values(await costs())).to.deep.equal(all.map(() => 0));
      });
    });

    describe('of false', () => {
      const costs = connectedWith({ '*.Author': false, 'policies.*': { ops: 'all' } });

      it('forbid everything, lists and cached foreign keys too', async () => {
        await costs();
        expect(await costs()).to.deep.equal(asked);
      });
    });

    describe('with a ttl for each operation', () => {
      const clock = new FakeClock();
      const ttl = { get: '1h', fetch: '10m', count: '1m', reference: '5s', listReference: '30s' } as const;
      const costs = connectedWith({ 'policies.Author': { ops: 'all', ttl } }, clock);

      it('keep each for its own time; what is not named, for the usual one', async () => {
        await costs();
        const due = async (seconds: number): Promise<string[]> => {
          clock.advance(seconds * 1000);
          const now = await costs();
          return all.filter((operation) => now[operation] > 0);
        };
        expect(await due(4)).to.deep.equal([]);
        expect(await due(2)).to.deep.equal(['reference']);
        expect(await due(34 - 6)).to.deep.equal(['reference', 'listReference']);
        expect(await due(67 - 34)).to.deep.equal(['count', 'reference', 'listReference']);
        expect(await due(670 - 67)).to.deep.equal(['fetch', 'count', 'reference', 'listReference']);
        expect(await due(3961 - 670)).to.include.members(['get', 'exists', 'aggregate']);
      });

      it('are those of the last load where one row is read for several', async () => {
        await noteOf(1).editor; // five seconds
        expect((await costs()).get, 'its entry serves a get too').to.equal(0);
        clock.advance(6000);
        expect((await costs()).get, 'and ends').to.equal(1);
        clock.advance(600_000);
        expect((await costs()).get, 'a get made it again, for an hour').to.equal(0);
      });
    });
  });
});
