import {
  AfterCommit,
  AfterSave,
  BeforeSave,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  Version,
  type CacheManager,
  type Manager,
} from '../../src/index.js';

/** A model with every kind of column, one with a version and hooks, and who counts the first one's rows. */

@Table('bulk_items', { label: 'bulk.Item' })
export class Item extends CachedModel {
  declare static objects: Manager<Item>;
  declare static cache: CacheManager<Item>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', maxLength: 20, unique: true, nullable: true }) declare slug: string | null;
  @Column({ type: 'text', default: '' }) declare title: string;
  @Column({ type: 'integer', index: true, default: 0 }) declare category: number;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'bigint', nullable: true }) declare big: bigint | null;
  @Column({ type: 'float', nullable: true }) declare weight: number | null;
  @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true }) declare price: string | null;
  @Column({ type: 'boolean', nullable: true }) declare used: boolean | null;
  @Column({ type: 'datetime', nullable: true }) declare soldAt: Date | null;
  @Column({ type: 'date', nullable: true }) declare day: string | null;
  @Column({ type: 'time', nullable: true }) declare hour: string | null;
  @Column({ type: 'uuid', nullable: true }) declare code: string | null;
  @Column({ type: 'binary', nullable: true }) declare bytes: Buffer | null;
  @Column({ type: 'enum', values: ['a', 'b'], nullable: true }) declare kind: 'a' | 'b' | null;
  @Column({ type: 'json', nullable: true }) declare data: unknown;
  @Column({ type: 'array', of: 'text', nullable: true }) declare tags: string[] | null;
}

/** What the hooks of `Hooked` noted, in order. */
export const heard: string[] = [];

@Table('bulk_hooked', { label: 'bulk.Hooked' })
export class Hooked extends CachedModel {
  declare static objects: Manager<Hooked>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true }) declare slug: string;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Version() declare version: number;

  @BeforeSave() before(): void {
    heard.push(`before ${this.slug}`);
  }
  @AfterSave() after(): void {
    heard.push(`after ${this.slug}`);
  }
  @AfterCommit() commit(): void {
    heard.push(`commit ${this.slug}`);
  }
}

@Table('bulk_versioned', { label: 'bulk.Versioned' })
export class Versioned extends CachedModel {
  declare static objects: Manager<Versioned>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'text', default: '' }) declare title: string;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Version() declare version: number;
}

@Table('bulk_counters', { label: 'bulk.Counter' })
export class Counter extends CachedModel {
  declare static objects: Manager<Counter>;
  @PrimaryKey() declare id: number;

  @moneyclip()
  async items(category: number): Promise<number> {
    return Item.objects.filter({ category }).count();
  }
}

export const bulkModels = [Item, Hooked, Versioned, Counter];

/** A value of every column, of which no two rows with different `n` share one. */
export function everyColumn(n: number): Partial<Item> {
  return {
    title: `title "${n}", {x}`,
    category: n % 3,
    views: n,
    big: 2n ** 62n + BigInt(n),
    weight: n + 0.1,
    price: `${n}.50`,
    used: n % 2 === 0,
    soldAt: new Date(n * 1001),
    day: `2024-01-${String(1 + (n % 28)).padStart(2, '0')}`,
    hour: '01:02:03',
    code: `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`,
    bytes: Buffer.from([0, 92, n % 256]),
    kind: n % 2 === 0 ? 'a' : 'b',
    data: { n, text: 'a"b\\c', list: [null, 1.5], inner: null },
    tags: ['a,b', '"', 'null', `${n}`],
  };
}
