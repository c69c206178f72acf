import {
  CachedForeignKey,
  CachedList,
  CachedModel,
  CachedOneToOne,
  Column,
  ForeignKey,
  ManyToMany,
  PrimaryKey,
  Table,
  Version,
  type CacheManager,
  type Manager,
  type PolicySettings,
  type Related,
  type RelatedSet,
} from '../../../src/index.js';

/**
 * Shops that sell things with labels, orders of them, and who makes them, with a license, friends and clubs: every kind
 * of relation and most types of columns, for random queries and random writes.
 */

@Table('fuzz_shops', { label: 'fuzz.Shop' })
export class Shop extends CachedModel {
  declare static objects: Manager<Shop>;
  declare static cache: CacheManager<Shop>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'integer', index: true, nullable: true }) declare region: number | null;
  declare readonly things: RelatedSet<Thing>;
}

@Table('fuzz_labels', { label: 'fuzz.Label' })
export class Label extends CachedModel {
  declare static objects: Manager<Label>;
  declare static cache: CacheManager<Label>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  declare readonly things: RelatedSet<Thing>;
}

@Table('fuzz_makers', { label: 'fuzz.Maker' })
export class Maker extends CachedModel {
  declare static objects: Manager<Maker>;
  declare static cache: CacheManager<Maker>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true, nullable: true }) declare name: string | null;
  @Column({ type: 'datetime', index: true, nullable: true }) declare born: Date | null;
  @Column({ type: 'bigint', default: 0n }) declare made: bigint;
  @Column({ type: 'float', nullable: true }) declare weight: number | null;
  @Column({ type: 'json', nullable: true }) declare data: unknown;
  @Version() declare version: number;
  @ForeignKey('fuzz.Maker', { relatedName: 'staff', nullable: true, onDelete: 'set null' })
  declare boss: Related<Maker | null>;
  declare bossId: number | null;
  @ManyToMany('fuzz.Maker') declare readonly friends: RelatedSet<Maker>;
  declare readonly staff: RelatedSet<Maker>;
  declare readonly things: RelatedSet<Thing>;
  declare readonly clubs: RelatedSet<Club>;
  declare readonly owned: RelatedSet<Club>;
  declare readonly license: Related<License | null>;
}

@Table('fuzz_licenses', { label: 'fuzz.License' })
export class License extends CachedModel {
  declare static objects: Manager<License>;
  declare static cache: CacheManager<License>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'date', index: true, nullable: true }) declare day: string | null;
  @Column({ type: 'enum', values: ['a', 'b'], index: true }) declare grade: 'a' | 'b';
  @Column({ type: 'uuid', unique: true, nullable: true }) declare code: string | null;
  @Column({ type: 'binary', nullable: true }) declare seal: Buffer | null;
  @Column({ type: 'array', of: 'integer', nullable: true }) declare marks: (number | null)[] | null;
  @CachedOneToOne(() => Maker, { relatedName: 'license', onDelete: 'cascade' }) declare maker: Related<Maker>;
  declare makerId: number;
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
  @ForeignKey(() => Maker, { relatedName: 'things', nullable: true, onDelete: 'set null' })
  declare maker: Related<Maker | null>;
  declare makerId: number | null;
  @ManyToMany(() => Label, { relatedName: 'things' }) declare readonly labels: RelatedSet<Label>;
  declare readonly orders: RelatedSet<Order>;
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

@Table('fuzz_clubs', { label: 'fuzz.Club' })
export class Club extends CachedModel {
  declare static objects: Manager<Club>;
  declare static cache: CacheManager<Club>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  @CachedForeignKey(() => Maker, { relatedName: 'owned', nullable: true, onDelete: 'restrict' })
  declare owner: Related<Maker | null>;
  declare ownerId: number | null;
  @ManyToMany(() => Maker, { through: () => Membership, to: 'member', relatedName: 'clubs' })
  declare readonly members: RelatedSet<Maker>;
  @CachedList(() => Maker) declare guests: Related<Maker[]>;
  declare guestIds: number[];
}

@Table('fuzz_memberships', { label: 'fuzz.Membership' })
export class Membership extends CachedModel {
  declare static objects: Manager<Membership>;
  declare static cache: CacheManager<Membership>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Club, { onDelete: 'cascade' }) declare club: Related<Club>;
  declare clubId: number;
  @ForeignKey(() => Maker, { onDelete: 'cascade' }) declare member: Related<Maker>;
  declare memberId: number;
  @Column({ type: 'string', default: 'reader', index: true }) declare role: string;
  @Column({ type: 'datetime', nullable: true }) declare since: Date | null;
}

/** In an order in which their tables can be made. */
export const fuzzModels = [Shop, Label, Maker, License, Thing, Order, Club, Membership] as const;

/** Queries of these models go through the cache by themselves; those of the others where `.cache()` says so. */
export const fuzzPolicies: PolicySettings = {
  'fuzz.Thing': { ops: 'all', ttl: { get: '1h', count: '1m' } },
  'fuzz.Maker': { ops: 'all' },
  'fuzz.Club': { ops: 'all', ttl: '5m' },
};
