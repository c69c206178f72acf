import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  connect,
  ForeignKey,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  UsageError,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

@Table('stale_posts', { label: 'stale.Post' })
class Post extends CachedModel {
  declare static objects: Manager<Post>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer' }) declare category: number;
}

@Table('stale_posts', { label: 'stale.IndexedPost' })
class IndexedPost extends CachedModel {
  declare static objects: Manager<IndexedPost>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare category: number;
}

@Table('stale_pages', { label: 'stale.Page' })
class Page extends CachedModel {
  declare static objects: Manager<Page>;
  @PrimaryKey() declare id: number;

  @moneyclip()
  async count(category: number): Promise<number> {
    return IndexedPost.objects.filter({ category }).count();
  }

  @moneyclip('page::links::%s', (page: Page) => [page.id], () => Link, (link: Link) => [link.page])
  async links(): Promise<number> {
    return Link.objects.filter({ page: this }).count();
  }
}

@Table('stale_links', { label: 'stale.Link' })
class Link extends CachedModel {
  declare static objects: Manager<Link>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Page) declare page: Related<Page>;
}

describe('a writer', () => {
  forEachCombination((combination) => {
    const db = connected(combination, [Post, Page, Link]);

    it('whose instance is older than the row corrects what another model of the table depends on', async () => {
      const page = await Page.create({});
      const stale = await Post.create({ category: 1 });
      const other = await IndexedPost.objects.get({ id: stale.id });
      other.category = 2;
      await other.save();
      expect(await page.count(2)).to.equal(1);
      stale.category = 3;
      await stale.save();
      expect(await page.count(2)).to.equal(0);
    });

    it('that deletes a watched row locks it before it looks where its path leads', async () => {
      const link = await Link.create({ page: await Page.create({}) });
      const texts: string[] = [];
      const note = (message: unknown): void => void texts.push((message as { text: string }).text);
      subscribe('moneyclip:query', note);
      try {
        await link.delete();
      } finally {
        unsubscribe('moneyclip:query', note);
      }
      const reads = texts.filter((text) => text.startsWith('SELECT') && text.includes('FROM "stale_links"'));
      expect(reads).to.have.length(1);
      if (combination.database === 'postgres') expect(reads[0]).to.match(/FOR UPDATE$/);
    });

    it('that nobody awaited makes its transaction roll back, also before its savepoint is there', async () => {
      const unawaited: Promise<unknown>[] = [];
      const running = transaction(async () => {
        for (const category of [1, 2]) unawaited.push(Post.create({ category }).catch(() => undefined));
      });
      await rejection(
        running,
        UsageError,
        'A write or a nested transaction is still open at the end of the transaction around it, which is rolled back; await everything inside a transaction.',
      );
      await Promise.all(unawaited);
      expect(await Post.objects.count()).to.equal(0);
      expect(await db().knex('stale_posts')).to.deep.equal([]);
    });
  });
});

describe('a connection that is asked to close inside its own transaction', () => {
  it('refuses, stays usable, and closes later', async () => {
    const db = await connect({ database: 'sqlite::memory:' });
    await db.createTables([Post]);
    await transaction(() =>
      rejection(db.close(), UsageError, 'close() inside a transaction would wait for itself; call it outside.'),
    );
    expect(await Post.objects.count()).to.equal(0);
    await db.close();
    await (await connect({ database: 'sqlite::memory:' })).close();
  });
});
