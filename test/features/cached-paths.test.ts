import { expect } from 'chai';
import {
  CachedModel,
  changed,
  Column,
  count,
  ForeignKey,
  max,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
} from '../../src/index.js';
import type { CacheManager, Manager, QuerySet, Related } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';

@Table('path_houses', { label: 'path.House' })
class House extends CachedModel {
  declare static objects: Manager<House>;
  declare static cache: CacheManager<House>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('path_authors', { label: 'path.Author' })
class Author extends CachedModel {
  declare static objects: Manager<Author>;
  declare static cache: CacheManager<Author>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'integer', default: 0, volatile: true }) declare seen: number;
  @ForeignKey(() => House, { nullable: true, onDelete: 'set null' }) declare house: Related<House | null>;
  declare houseId: number | null;
}

@Table('path_posts', { label: 'path.Post' })
class Post extends CachedModel {
  declare static objects: Manager<Post>;
  declare static cache: CacheManager<Post>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', index: true, default: 1 }) declare kind: number;
  @ForeignKey(() => Author, { onDelete: 'cascade' }) declare author: Related<Author>;
  declare authorId: number;
  @ForeignKey(() => Author, { nullable: true, onDelete: 'set null' }) declare editor: Related<Author | null>;
  declare editorId: number | null;

  @moneyclip()
  async authorOfAll(): Promise<string> {
    return JSON.stringify(await Post.objects.filter({ kind: this.kind }).orderBy('id').values('author__name'));
  }
}

/** What points at authors without a constraint in the database. */
@Table('path_loose', { label: 'path.Loose' })
class Loose extends CachedModel {
  declare static objects: Manager<Loose>;
  declare static cache: CacheManager<Loose>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Author, { onDelete: 'restrict' }) declare author: Related<Author>;
  declare authorId: number;
}

type Posts = QuerySet<Post>;

/** Questions that show or order by columns along a path. */
const questions: Readonly<Record<string, (posts: Posts) => Promise<unknown>>> = {
  values: (posts) => posts.orderBy('id').values('title', 'author__name'),
  'values along two paths': (posts) => posts.orderBy('id').values('author__name', 'editor__name'),
  'values along two steps': (posts) => posts.orderBy('id').values('id', 'author__house__name'),
  'a list in an order': async (posts) => (await posts.orderBy('author__name', 'id').all()).map(({ id }) => id),
  'values in an order': (posts) => posts.orderBy('-author__name', 'id').values('title'),
  'a limited list': (posts) => posts.orderBy('id').limit(2).values('id', 'author__name'),
  'a limited list in an order': (posts) => posts.orderBy('author__name', 'id').limit(2).values('id'),
  'distinct values': (posts) => posts.orderBy('author__name').distinct().values('author__name'),
  aggregates: (posts) => posts.aggregate({ last: max('author__name') }),
  groups: (posts) => posts.groupBy('author__name').aggregate({ n: count() }, { orderBy: ['author__name'] }),
};

forEachCombination((combination) => {
  describe('answers that show or order by columns along foreign keys', () => {
    const current = counted(combination, [House, Author, Post]);
    let houses: [House, House, House];
    let ann: Author;
    let bob: Author;
    let eve: Author;
    let first: Post;
    let second: Post;

    before(async () => {
      const { knex } = current().db;
      await knex.schema.createTable('path_loose', (table) => {
        table.increments('id');
        table.integer('author_id');
      });
    });

    beforeEach(async () => {
      await current().db.knex('path_loose').delete();
      houses = (await House.objects.bulkCreate(['h', 'i', 'j'].map((name) => ({ name })))) as typeof houses;
      const names = ['ann', 'bob', 'eve'];
      const authors = names.map((name, index) => ({ name, house: houses[index] ?? null }));
      [ann, bob, eve] = (await Author.objects.bulkCreate(authors)) as [Author, Author, Author];
      first = await Post.create({ title: 'one', author: ann });
      second = await Post.create({ title: 'two', author: bob, editor: ann });
      await Post.create({ title: 'three', author: ann });
      await Post.create({ title: 'of others', kind: 2, author: eve, editor: eve });
    });

    const posts = (): Posts => Post.objects.filter({ kind: 1 });
    const ask = (name: string): Promise<unknown> =>
      questions[name]?.(posts().cache()) ?? Promise.reject(new Error(name));
    const askPast = (name: string): Promise<unknown> =>
      questions[name]?.(posts().noCache()) ?? Promise.reject(new Error(name));

    const isHit = async (name: string): Promise<boolean> => (await current().costOf(() => ask(name))).sql === 0;

    /** The questions that a write ended; each is right after it. */
    async function endedBy(write: () => Promise<unknown>): Promise<string[]> {
      for (const name of Object.keys(questions)) await ask(name);
      await write();
      const ended: string[] = [];
      for (const name of Object.keys(questions)) {
        if (!(await isHit(name))) ended.push(name);
        expect(await ask(name), name).to.deep.equal(await askPast(name));
        expect(await isHit(name), name).to.equal(true);
      }
      return ended;
    }

    const rename = (author: Author): Promise<number> =>
      Author.objects.filter({ id: author.id }).update({ name: 'zoe' });
    const all = Object.keys(questions);

    it('are left alone by other rows, whatever changes in them', async () => {
      expect(await endedBy(() => rename(eve))).to.deep.equal([]);
      expect(await endedBy(() => Author.create({ name: 'new' }))).to.deep.equal([]);
      expect(await endedBy(() => House.objects.filter({ id: houses[2].id }).update({ name: 'z' }))).to.deep.equal([]);
      expect(await endedBy(() => eve.delete())).to.deep.equal([]);
    });

    it('end with a change of what they show', async () => {
      expect(await endedBy(() => rename(ann))).to.deep.equal(all);
      expect(await endedBy(() => rename(bob))).to.deep.equal(all);
      const house = House.objects.filter({ id: houses[0].id });
      expect(await endedBy(() => house.update({ name: 'z' }))).to.deep.equal(['values along two steps']);
      const moved = Author.objects.filter({ id: ann.id });
      expect(await endedBy(() => moved.update({ house: houses[2] }))).to.include('values along two steps');
    });

    it('are left alone by volatile columns', async () => {
      expect(await endedBy(() => Author.objects.filter({ id: ann.id }).update({ seen: 5 }))).to.deep.equal([]);
    });

    it('end where a foreign key leads elsewhere, and follow that row from then on', async () => {
      expect(await endedBy(() => Post.objects.filter({ id: second.id }).update({ author: eve }))).to.deep.equal(all);
      expect(await endedBy(() => rename(bob))).to.deep.equal([]);
      expect(await endedBy(() => rename(eve))).to.deep.equal(all);
      const editor = Post.objects.filter({ id: first.id });
      expect(await endedBy(() => editor.update({ editor: bob }))).to.include('values along two paths');
      expect(await endedBy(() => Author.objects.filter({ id: bob.id }).update({ name: 'yan' }))).to.deep.equal([
        'values along two paths',
      ]);
    });

    it('end where a row is deleted, with those that it takes along or leaves without a key', async () => {
      expect(await endedBy(() => houses[0].delete())).to.include('values along two steps'); // set null
      await Post.objects.filter({ author: ann }).update({ author: eve });
      expect(await endedBy(() => ann.delete())).to.include('values along two paths'); // set null
      expect(await endedBy(() => Author.objects.filter({ id: bob.id }).delete())).to.deep.equal(all); // cascade
    });

    it('end with bulk writes, and with what is said to have changed', async () => {
      expect(await endedBy(() => Author.objects.update({ name: 'all' }))).to.deep.equal(all);
      await current().db.knex('path_authors').where({ id: bob.id }).update({ name: 'raw' });
      expect(await endedBy(() => changed(Author, [bob.id]))).to.deep.equal(all);
      const many = Array.from({ length: 501 }, (_, index) => ({ name: `n${index}` }));
      await Author.objects.bulkCreate(many);
      expect(await endedBy(() => Author.objects.update({ name: 'many' }))).to.deep.equal(all);
    });

    it('end at the commit, and not by what is rolled back', async () => {
      const undone = (): Promise<unknown> =>
        transaction(async () => {
          await rename(ann);
          expect(await ask('values')).to.deep.equal(await askPast('values'));
          throw new Error('undo');
        });
      expect(await endedBy(() => undone().catch(() => undefined))).to.deep.equal([]);
      expect(await endedBy(() => transaction(() => rename(ann)))).to.deep.equal(all);
    });

    it('end where a row comes that a key led to in vain', async () => {
      const loose = Loose.objects.orderBy('id').cache();
      const [id] = [eve.id + 1000];
      await current().db.knex('path_loose').insert({ author_id: id });
      await current().db.invalidateAll();
      const names = async (): Promise<unknown[]> => (await loose.values('author__name')).map((row) => row.author__name);
      expect(await names()).to.deep.equal([null]);
      await rename(eve);
      expect((await current().costOf(names)).sql).to.equal(0);
      await Author.objects.bulkCreate([{ id, name: 'late' }]);
      expect(await names()).to.deep.equal(['late']);
    });

    it('depend on the whole table where they lead to more than 100 rows', async () => {
      const many = Array.from({ length: 101 }, (_, index) => ({ name: `n${index}` }));
      const authors = await Author.objects.bulkCreate(many);
      await Post.objects.bulkCreate(authors.map((author) => ({ title: 'x', author })));
      expect(await endedBy(() => rename(eve))).to.include.members(['values', 'a list in an order', 'groups']);
      expect(await endedBy(() => Author.objects.filter({ id: eve.id }).update({ name: 'eva' }))).not.to.include(
        'a limited list',
      );
    });

    it('depend on the whole table where the rows are not the same each time', async () => {
      const some = (): Promise<unknown> => posts().cache().limit(2).values('author__name');
      await some();
      await rename(eve);
      expect((await current().costOf(some)).sql).to.equal(1);
    });

    it('ask for the keys in one statement for each step, or none where the condition tells them', async () => {
      const { costOf } = current();
      const cost = async (verb: (rows: Posts) => Promise<unknown>, rows = posts()): Promise<number> =>
        (await costOf(() => verb(rows.cache()))).sql;
      expect(await cost((rows) => rows.values('author__name'))).to.equal(2);
      expect(await cost((rows) => rows.values('author__house__name', 'author__name'))).to.equal(3);
      expect(await cost((rows) => rows.values('author__name', 'editor__name'))).to.equal(3);
      const ofAnn = Post.objects.filter({ author: ann });
      expect(await cost((rows) => rows.values('title', 'author__name'), ofAnn)).to.equal(1);
      expect(await cost((rows) => rows.orderBy('author__name').count())).to.equal(1);
      await rename(bob);
      expect(await cost((rows) => rows.values('title', 'author__name'), ofAnn)).to.equal(0);
      await rename(ann);
      expect(await cost((rows) => rows.values('title', 'author__name'), ofAnn)).to.equal(1);
    });

    it('are tracked so in computed values', async () => {
      await first.authorOfAll();
      await rename(eve);
      expect((await current().costOf(() => first.authorOfAll())).sql).to.equal(0);
      await rename(ann);
      expect(await first.authorOfAll()).to.contain('zoe');
    });
  });
});
