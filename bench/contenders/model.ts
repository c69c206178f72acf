import { CachedForeignKey, CachedModel, Column, moneyclip, PrimaryKey, Table } from '../../src/index.js';
import type { CacheManager, Manager, Related } from '../../src/index.js';

@Table('users')
export class User extends CachedModel {
  declare static objects: Manager<User>;
  declare static cache: CacheManager<User>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 100, unique: true }) declare username: string;
  @Column({ maxLength: 200 }) declare email: string;
  @Column({ type: 'datetime' }) declare joinedAt: Date;
}

@Table('documents')
export class Document extends CachedModel {
  declare static objects: Manager<Document>;
  declare static cache: CacheManager<Document>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 200 }) declare title: string;
  @Column({ maxLength: 100, unique: true }) declare slug: string;
  @Column({ type: 'text' }) declare body: string;
  @Column({ maxLength: 20 }) declare status: string;
  @Column({ type: 'integer' }) declare views: number;
  @Column({ type: 'float' }) declare rating: number;
  @Column({ type: 'boolean' }) declare published: boolean;
  @Column({ type: 'bigint' }) declare size: bigint;
  @Column({ type: 'json' }) declare meta: Record<string, unknown>;
  @CachedForeignKey(() => User) declare author: Related<User>;
  declare authorId: number;
  @Column({ type: 'datetime' }) declare createdAt: Date;
  @Column({ type: 'datetime' }) declare updatedAt: Date;

  @moneyclip()
  async badge(): Promise<string> {
    return `${this.title} by ${(await this.author).username}`;
  }
}
