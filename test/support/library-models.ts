import {
  CachedForeignKey,
  CachedModel,
  CachedOneToOne,
  Column,
  ForeignKey,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
} from '../../src/index.js';

/** People with documents: every kind of reference, each with another `onDelete`. */

@Table('library_users', { label: 'library.User' })
export class User extends CachedModel {
  declare static objects: Manager<User>;
  declare static cache: CacheManager<User>;

  @PrimaryKey() declare id: number;
  @Column({ maxLength: 50, unique: true }) declare username: string;
  @Column({ maxLength: 100, nullable: true }) declare email: string | null;

  declare readonly documents: QuerySet<Document>;
  declare readonly reviews: QuerySet<Document>;
  declare readonly profile: Promise<Profile | null>;
}

@Table('library_profiles', { label: 'library.Profile' })
export class Profile extends CachedModel {
  declare static objects: Manager<Profile>;
  declare static cache: CacheManager<Profile>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare bio: string;
  @CachedOneToOne(() => User, { relatedName: 'profile', onDelete: 'cascade' }) declare user: Related<User>;
  declare userId: number;
}

@Table('library_documents', { label: 'library.Document' })
export class Document extends CachedModel {
  declare static objects: Manager<Document>;
  declare static cache: CacheManager<Document>;

  @PrimaryKey() declare id: number;
  @Column({ maxLength: 200 }) declare title: string;
  @Column({ type: 'string', unique: true, nullable: true }) declare slug: string | null;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'json', nullable: true }) declare meta: Record<string, unknown> | null;
  @Column({ type: 'datetime', nullable: true }) declare publishedAt: Date | null;

  @CachedForeignKey('library.User', { relatedName: 'documents' }) declare author: Related<User>;
  declare authorId: number;
  @ForeignKey(() => User, { relatedName: 'reviews', nullable: true, onDelete: 'set null' })
  declare reviewer: Related<User | null>;
  declare reviewerId: number | null;
}

export const libraryModels = [User, Profile, Document] as const;
