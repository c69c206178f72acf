import {
  CachedForeignKey,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type Related,
} from '../../../src/index.js';

type Script = (author: Author, ...args: unknown[]) => Promise<unknown>;

/** What the computed methods of `Author` do; a test says it anew. */
export const scripts: { outer: Script; inner: Script; short: Script } = {
  outer: async () => undefined,
  inner: async () => undefined,
  short: async () => undefined,
};

@Table('coherence_authors', { label: 'coherence.Author' })
export class Author extends CachedModel {
  declare static objects: Manager<Author>;
  declare static cache: CacheManager<Author>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'string', unique: true, nullable: true }) declare slug: string | null;

  @moneyclip()
  async outer(...args: unknown[]): Promise<unknown> {
    return scripts.outer(this, ...args);
  }

  @moneyclip()
  async inner(...args: unknown[]): Promise<unknown> {
    return scripts.inner(this, ...args);
  }

  @moneyclip({ ttl: '1m' })
  async short(...args: unknown[]): Promise<unknown> {
    return scripts.short(this, ...args);
  }
}

@Table('coherence_articles', { label: 'coherence.Article' })
export class Article extends CachedModel {
  declare static objects: Manager<Article>;
  declare static cache: CacheManager<Article>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', index: true }) declare category: number;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'decimal', precision: 10, scale: 2, nullable: true, unique: true }) declare price: string | null;
  @CachedForeignKey(() => Author, { onDelete: 'cascade', nullable: true }) declare author: Related<Author> | null;
  declare authorId: number | null;
}

@Table('coherence_comments', { label: 'coherence.Comment' })
export class Comment extends CachedModel {
  declare static objects: Manager<Comment>;
  declare static cache: CacheManager<Comment>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
  @CachedForeignKey(() => Article, { onDelete: 'cascade' }) declare article: Related<Article>;
  declare articleId: number;
}

/** Its lists are kept by reference, since it has a volatile column. */
@Table('coherence_counters', { label: 'coherence.Counter' })
export class Counter extends CachedModel {
  declare static objects: Manager<Counter>;
  declare static cache: CacheManager<Counter>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare kind: number;
  @Column({ type: 'integer', default: 0, volatile: true }) declare hits: number;
}

export const models = [Author, Article, Comment, Counter];
