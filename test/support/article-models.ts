import { CachedModel, Column, PrimaryKey, Table, type CacheManager, type Manager } from '../../src/index.js';

/** What the tests of computed functions compute from. */
@Table('articles', { label: 'press.Article' })
export class Article extends CachedModel {
  declare static objects: Manager<Article>;
  declare static cache: CacheManager<Article>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'integer', index: true }) declare category: number;
  @Column({ type: 'integer', default: 2020 }) declare year: number;
  @Column({ type: 'boolean', default: true }) declare published: boolean;
}

@Table('topics', { label: 'press.Topic' })
export class Topic extends CachedModel {
  declare static objects: Manager<Topic>;
  declare static cache: CacheManager<Topic>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  /** What a write to a topic invalidates besides what is found by itself. */
  static tags(topic: Topic): string[] {
    return [`topic:${topic.id}`, 'topics'];
  }
}

/** How often things ran since the last reset. */
export class Runs {
  readonly #counts = new Map<string, number>();

  note(name: string): number {
    const count = this.of(name) + 1;
    this.#counts.set(name, count);
    return count;
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  reset(): void {
    this.#counts.clear();
  }
}
