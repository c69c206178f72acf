import {
  CachedForeignKey,
  CachedModel,
  Column,
  ForeignKey,
  ManyToMany,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
  type RelatedSet,
} from '../../src/index.js';

/** Shops that sell things with labels, and orders of them: for random queries and random writes. */

@Table('fuzz_shops', { label: 'fuzz.Shop' })
export class Shop extends CachedModel {
  declare static objects: Manager<Shop>;
  declare static cache: CacheManager<Shop>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'integer', index: true, nullable: true }) declare region: number | null;
  declare readonly things: QuerySet<Thing>;
}

@Table('fuzz_labels', { label: 'fuzz.Label' })
export class Label extends CachedModel {
  declare static objects: Manager<Label>;
  declare static cache: CacheManager<Label>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  declare readonly things: RelatedSet<Thing>;
}

@Table('fuzz_things', { label: 'fuzz.Thing' })
export class Thing extends CachedModel {
  declare static objects: Manager<Thing>;
  declare static cache: CacheManager<Thing>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'integer', index: true, nullable: true }) declare kind: number | null;
  @Column({ type: 'decimal', precision: 8, scale: 2, nullable: true }) declare price: string | null;
  @Column({ type: 'boolean', default: false }) declare sold: boolean;
  @Column({ type: 'integer', default: 0, volatile: true }) declare views: number;
  @CachedForeignKey(() => Shop, { relatedName: 'things', onDelete: 'cascade' }) declare shop: Related<Shop>;
  declare shopId: number;
  @ManyToMany(() => Label, { relatedName: 'things' }) declare readonly labels: RelatedSet<Label>;
  declare readonly orders: QuerySet<Order>;
}

@Table('fuzz_orders', { label: 'fuzz.Order' })
export class Order extends CachedModel {
  declare static objects: Manager<Order>;
  declare static cache: CacheManager<Order>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer' }) declare count: number;
  @ForeignKey(() => Thing, { relatedName: 'orders', nullable: true, onDelete: 'set null' })
  declare thing: Related<Thing | null>;
  declare thingId: number | null;
}

export const fuzzModels = [Shop, Label, Thing, Order] as const;
