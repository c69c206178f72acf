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
  type RelatedSet,
  type Related,
} from '../../src/index.js';

/** Every kind of many-to-many: a link table, a through model, and a model with itself. */

@Table('linked_tags', { label: 'linked.Tag' })
export class Tag extends CachedModel {
  declare static objects: Manager<Tag>;
  declare static cache: CacheManager<Tag>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  declare readonly articles: RelatedSet<Article>;
}

@Table('linked_authors', { label: 'linked.Author' })
export class Author extends CachedModel {
  declare static objects: Manager<Author>;
  declare static cache: CacheManager<Author>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @ManyToMany('linked.Author') declare readonly friends: RelatedSet<Author>;
  @ManyToMany(() => Author, { relatedName: 'followers' }) declare readonly follows: RelatedSet<Author>;
  declare readonly followers: RelatedSet<Author>;
  declare readonly articles: RelatedSet<Article>;
  declare readonly edited: RelatedSet<Article>;
  declare readonly groups: RelatedSet<Group>;
}

@Table('linked_articles', { label: 'linked.Article' })
export class Article extends CachedModel {
  declare static objects: Manager<Article>;
  declare static cache: CacheManager<Article>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @CachedForeignKey(() => Author, { relatedName: 'articles', onDelete: 'cascade' }) declare author: Related<Author>;
  declare authorId: number;
  @ForeignKey(() => Author, { relatedName: 'edited', nullable: true, onDelete: 'set null' })
  declare editor: Related<Author | null>;
  declare editorId: number | null;
  @ManyToMany(() => Tag, { relatedName: 'articles' }) declare readonly tags: RelatedSet<Tag>;
}

@Table('linked_groups', { label: 'linked.Group' })
export class Group extends CachedModel {
  declare static objects: Manager<Group>;
  declare static cache: CacheManager<Group>;

  @PrimaryKey({ type: 'string', maxLength: 20 }) declare name: string;
  @ManyToMany(() => Author, { through: () => Membership, to: 'member', relatedName: 'groups' })
  declare readonly members: RelatedSet<Author>;
}

@Table('linked_memberships', { label: 'linked.Membership' })
export class Membership extends CachedModel {
  declare static objects: Manager<Membership>;
  declare static cache: CacheManager<Membership>;

  @PrimaryKey() declare id: number;
  @ForeignKey(() => Group, { onDelete: 'cascade' }) declare group: Related<Group>;
  declare groupId: string;
  @ForeignKey(() => Author, { onDelete: 'cascade' }) declare member: Related<Author>;
  declare memberId: number;
  @ForeignKey(() => Author, { nullable: true, onDelete: 'set null' }) declare invitedBy: Related<Author | null>;
  declare invitedById: number | null;
  @Column({ type: 'string', maxLength: 10, default: 'reader' }) declare role: string;
}

export const linkedModels = [Tag, Author, Article, Group, Membership] as const;

/** The names or titles of rows, sorted. */
export function namesOf(rows: readonly { readonly name?: string; readonly title?: string }[]): string[] {
  return rows.map((row) => row.name ?? row.title ?? '').toSorted();
}
