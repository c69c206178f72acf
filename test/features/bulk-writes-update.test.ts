import { expect } from 'chai';
import {
  CachedModel,
  Column,
  F,
  moneyclip,
  NotNullViolationError,
  PrimaryKey,
  Table,
  UsageError,
  ValidationError,
  Version,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { changesOf, described } from '../support/heard-changes.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

@Table('bulk_update_posts', { label: 'bulkUpdate.Post' })
class Post extends CachedModel {
  declare static objects: Manager<Post>;
  declare static cache: CacheManager<Post>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 5 }) declare title: string;
  @Column({ type: 'text', nullable: true }) declare subtitle: string | null;
  @Column({ type: 'integer', index: true, default: 0 }) declare category: number;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'integer', nullable: true, validate: positive }) declare stars: number | null;
  @Column({ type: 'bigint', nullable: true }) declare hits: bigint | null;
  @Column({ type: 'float', nullable: true }) declare score: number | null;
  @Column({ type: 'decimal', precision: 6, scale: 2, nullable: true }) declare price: string | null;
  @Column({ type: 'datetime', nullable: true }) declare seenAt: Date | null;
  @Column({ type: 'json', nullable: true }) declare meta: unknown;
}

function positive(value: unknown): string | undefined {
  return Number(value) > 0 ? undefined : 'must be more than 0';
}

@Table('bulk_update_drafts', { label: 'bulkUpdate.Draft' })
class Draft extends CachedModel {
  declare static objects: Manager<Draft>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Version() declare version: number;
}

@Table('bulk_update_shelves', { label: 'bulkUpdate.Shelf' })
class Shelf extends CachedModel {
  declare static objects: Manager<Shelf>;
  @PrimaryKey() declare id: number;

  @moneyclip()
  async size(category: number): Promise<number> {
    return Post.objects.filter({ category }).count();
  }
}

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

forEachCombination((combination) => {
  const isSqlite = combination.database !== 'postgres';

  describe('update of a query set', () => {
    const opened = counted(combination, [Post, Draft, Shelf]);

    function posts(count: number): Promise<Post[]> {
      return Post.objects.bulkCreate(
        Array.from({ length: count }, (_, index) => ({ title: `p${index}`, category: index % 3, views: index })),
      );
    }

    async function viewsOf(): Promise<number[]> {
      return (await Post.objects.orderBy('id').all()).map(({ views }) => views);
    }

    it('is one statement on PostgreSQL, and two in a transaction on SQLite', async () => {
      await posts(3);
      const { sql } = await opened().costOf(() => Post.objects.filter({ category: 1 }).update({ title: 'new' }));
      expect(sql).to.equal(isSqlite ? 4 : 1);
    });

    it('announces each row as it was and as it is, and drops what is kept of them in one command', async () => {
      await posts(3);
      const changes = await changesOf(() => Post.objects.filter({ category__gte: 1 }).update({ category: 0 }));
      expect(described(changes, 'category', 'title')).to.deep.equal([
        'bulkUpdate.Post 1,p1 -> 0,p1',
        'bulkUpdate.Post 2,p2 -> 0,p2',
      ]);
      const { drop } = await opened().costOf(() => Post.objects.update({ category: 1 }));
      expect(drop).to.equal(combination.cache === 'redis' ? 1 : 0);
    });

    it('corrects rows and lists of the conditions before and after, and keeps the others', async () => {
      const shelf = await new Shelf({}).save();
      const all = await posts(6);
      const [first, second] = all;
      const sizes = async (): Promise<number[]> => [await shelf.size(0), await shelf.size(1), await shelf.size(2)];
      await Post.cache.getMany(all.map(({ id }) => id));
      expect(await sizes()).to.deep.equal([2, 2, 2]);
      await Post.objects.filter({ id: first?.id ?? 0 }).update({ category: 1 });
      expect((await opened().costOf(() => shelf.size(2))).sql).to.equal(0);
      expect(await sizes()).to.deep.equal([1, 3, 2]);
      expect((await Post.cache.explain(second?.id ?? 0)).state).to.equal('hit');
      expect((await Post.cache.get(first?.id ?? 0)).category).to.equal(1);
    });

    it('of more than 500 rows announces the table, and answers all of them', async () => {
      await posts(501);
      let count = 0;
      const changes = await changesOf(async () => (count = await Post.objects.update({ category: 7 })));
      expect([count, described(changes)]).to.deep.equal([501, ['bulkUpdate.Post *']]);
      expect(await Post.objects.filter({ category: 7 }).count()).to.equal(501);
      const few = await changesOf(() => Post.objects.orderBy('id').limit(500).update({ category: 8 }));
      expect(few).to.have.length(500);
    });

    it('holds an order, a limit and keys that are read as text', async () => {
      await posts(4);
      expect(await Post.objects.orderBy('-views').limit(2).update({ title: 'top' })).to.equal(2);
      expect(await Post.objects.filter({ title: 'top', views__gte: 2 }).count()).to.equal(2);
      await Draft.objects.bulkCreate([{}, {}]);
      expect(await Draft.objects.orderBy('id').offset(1).limit(1).update({ views: 5 })).to.equal(1);
      const drafts = await Draft.objects.orderBy('id').all();
      expect(drafts.map(({ views, version }) => [views, version])).to.deep.equal([
        [0, 1],
        [5, 2],
      ]);
    });

    it('of nothing answers 0 and announces nothing', async () => {
      expect(await changesOf(() => Post.objects.filter({ views: 99 }).update({ views: 1 }))).to.deep.equal([]);
      expect(await Post.objects.update({ views: 1 })).to.equal(0);
    });

    it('computes with what the row holds: numbers, other columns, and all of it together', async () => {
      await posts(3);
      await Post.objects.update({ views: F('views').plus(1) });
      expect(await viewsOf()).to.deep.equal([1, 2, 3]);
      await Post.objects.update({ views: F('views').plus(F('category')).times(3).minus(1).dividedBy(2) });
      expect(await viewsOf()).to.deep.equal([1, 4, 7]);
      await Post.objects.update({ views: F('category'), category: F('views') });
      expect(await viewsOf()).to.deep.equal([0, 1, 2]);
      expect((await Post.objects.orderBy('id').all()).map(({ category }) => category)).to.deep.equal([1, 4, 7]);
    });

    it('computes in each numeric type exactly, and with null gives null', async () => {
      const big = 2n ** 62n;
      const [post] = await Post.objects.bulkCreate([{ title: 'a', hits: big, score: 0.5, views: 7 }]);
      await Post.objects.update({
        hits: F('hits').plus(big - 1n),
        score: F('score').times(F('views')).plus(0.25),
        stars: F('stars').plus(1),
        views: F('views').dividedBy(-2),
      });
      await post?.reload();
      expect(post).to.include({ hits: 2n ** 63n - 1n, score: 3.75, stars: null, views: -3 });
      await Post.objects.update({ hits: F('views').times(2), score: F('views') });
      expect(await post?.reload()).to.include({ hits: -6n, score: -3 });
    });

    it('copies a column of the same type', async () => {
      const seenAt = new Date(0);
      const [post] = await Post.objects.bulkCreate([{ title: 'a', subtitle: 'b', seenAt }]);
      await Post.objects.update({ subtitle: F('title'), seenAt: F('seenAt') });
      expect(await post?.reload()).to.deep.include({ subtitle: 'a', seenAt });
      await Post.objects.update({ subtitle: 'longer', seenAt: null });
      await rejection(Post.objects.update({ title: F('subtitle') }), ValidationError);
      expect(await post?.reload()).to.deep.include({ title: 'a', seenAt: null });
    });

    it('computes with decimals on PostgreSQL, and refuses to on SQLite', async () => {
      const [post] = await Post.objects.bulkCreate([{ title: 'a', price: '10.10' }]);
      const update = Post.objects.update({ price: F('price').times('1.5').plus(1) });
      if (!isSqlite) {
        await update;
        expect((await post?.reload())?.price).to.equal('16.15');
        return;
      }
      await rejection(
        update,
        UsageError,
        "bulkUpdate.Post: 'price' is a decimal column, which SQLite cannot compute with exactly; read the rows and save them",
      );
    });

    it('refuses a result that its column does not hold, and changes nothing', async () => {
      const [post] = await Post.objects.bulkCreate([
        { title: 'a', views: 2 ** 31 - 2, hits: 2n ** 62n, score: 1e308, stars: 2 },
      ]);
      const message = 'would get a result that its type does not hold';
      for (const [values, property] of [
        [{ views: F('views').plus(2) }, 'views'],
        [{ hits: F('hits').times(2) }, 'hits'],
        [{ score: F('score').times(10) }, 'score'],
      ] as const) {
        const error = await rejection(Post.objects.update(values), ValidationError);
        expect(error.issues).to.deep.equal([{ property, message }]);
      }
      await rejection(
        Post.objects.update({ stars: F('stars').minus(2) }),
        ValidationError,
        'bulkUpdate.Post: stars must be more than 0',
      );
      await Post.objects.update({ views: F('views').plus(1) });
      expect(await post?.reload()).to.include({ views: 2 ** 31 - 1, stars: 2 });
    });

    it('refuses null where the column takes none, also as a result', async () => {
      await posts(1);
      await rejection(
        Post.objects.update({ views: untyped(null) }),
        ValidationError,
        'bulkUpdate.Post: views is required',
      );
      await rejection(Post.objects.update({ views: F('stars').plus(1) }), NotNullViolationError);
      await rejection(Post.objects.update({ stars: 0 }), ValidationError, 'bulkUpdate.Post: stars must be more than 0');
    });

    it('names the model and the verb where the database refuses', async () => {
      await posts(1);
      const error = await rejection(Post.objects.update({ views: F('stars') }), NotNullViolationError);
      expect(error.message).to.match(/^bulkUpdate.Post: UPDATE failed: /);
    });
  });

  describe('updates at the same time', () => {
    counted(combination, [Post]);

    it('lose none of what each adds', async () => {
      await Post.create({ title: 'a' });
      const texts = await statementsOf(() => Post.objects.update({ views: F('views').plus(1) }));
      if (!isSqlite) expect(texts).to.have.length(1);
      await Promise.all(Array.from({ length: 20 }, () => Post.objects.update({ views: F('views').plus(1) })));
      expect((await Post.objects.get({ title: 'a' })).views).to.equal(21);
    });
  });
});
