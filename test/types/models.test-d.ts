import { expectTypeOf } from 'expect-type';
import {
  CachedForeignKey,
  CachedModel,
  CacheMixin,
  Column,
  ForeignKey,
  Model,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
} from '../../src/index.js';

/*
 * What the compiler knows of models, without a cast in user code. Compiled with the project, never run.
 */

@Table('types_users')
class User extends CachedModel {
  declare static objects: Manager<User>;
  declare static cache: CacheManager<User>;

  @PrimaryKey() declare id: number;
  @Column({ unique: true }) declare username: string;
  declare readonly documents: QuerySet<Document>;
  declare readonly profile: Promise<Profile | null>;
}

@Table('types_profiles')
class Profile extends CacheMixin(Model) {
  declare static objects: Manager<Profile>;
  declare static cache: CacheManager<Profile>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
}

@Table('types_documents')
class Document extends CachedModel {
  declare static objects: Manager<Document>;
  declare static cache: CacheManager<Document>;

  @PrimaryKey() declare id: number;
  @Column({ maxLength: 200 }) declare title: string;
  @Column({ type: 'enum', values: ['draft', 'published'] }) declare state: 'draft' | 'published';
  @Column({ type: 'json', nullable: true }) declare meta: Record<string, unknown> | null;
  @Column({ type: 'datetime', nullable: true }) declare publishedAt: Date | null;
  @CachedForeignKey('types.User') declare createdBy: Related<User>;
  declare createdById: number;
  @ForeignKey(() => User, { nullable: true }) declare reviewer: Related<User | null>;
  declare reviewerId: number | null;

  get shout(): string {
    return this.title.toUpperCase();
  }
}

export async function reads(): Promise<void> {
  expectTypeOf(Document.cache.get(1)).toEqualTypeOf<Promise<Document>>();
  expectTypeOf(Document.cache.find(1)).toEqualTypeOf<Promise<Document | undefined>>();
  expectTypeOf(Document.cache.peek(1)).toEqualTypeOf<Document | undefined>();
  expectTypeOf(Document.cache.getMany([1, 2])).toEqualTypeOf<Promise<(Document | undefined)[]>>();
  expectTypeOf(User.cache.get({ username: 'ann' })).toEqualTypeOf<Promise<User>>();
  expectTypeOf(Profile.cache.get(1n)).toEqualTypeOf<Promise<Profile>>();
  expectTypeOf(Document.objects.all()).toEqualTypeOf<Promise<Document[]>>();
  expectTypeOf(Document.objects.filter({}).first()).toEqualTypeOf<Promise<Document | undefined>>();
  expectTypeOf(Document.objects.get({ id: 1 })).toEqualTypeOf<Promise<Document>>();
  expectTypeOf(Document.objects.count()).toEqualTypeOf<Promise<number>>();

  const document = await Document.cache.get(1);
  expectTypeOf(await document.createdBy).toEqualTypeOf<User>();
  expectTypeOf(await document.reviewer).toEqualTypeOf<User | null>();
  expectTypeOf((await document.createdBy).documents).toEqualTypeOf<QuerySet<Document>>();
  expectTypeOf(await (await document.createdBy).profile).toEqualTypeOf<Profile | null>();
  expectTypeOf(await document.save()).toEqualTypeOf<Document>();
  expectTypeOf(await document.reload()).toEqualTypeOf<Document>();
  expectTypeOf(await transaction(() => Document.cache.get(1))).toEqualTypeOf<Document>();
  // @ts-expect-error: there is no key that is a boolean
  void Document.cache.get(true);
  // @ts-expect-error: no such column
  void User.cache.get({ name: 'ann' });
}

export async function writes(user: User, document: Document): Promise<void> {
  expectTypeOf(await Document.create({ title: 'x', createdBy: user })).toEqualTypeOf<Document>();
  expectTypeOf(await Document.objects.create({ title: 'x', createdById: 1, reviewer: null })).toEqualTypeOf<Document>();
  expectTypeOf(await Document.objects.bulkCreate([{ title: 'x' }])).toEqualTypeOf<Document[]>();
  document.createdBy = user;
  document.reviewer = null;
  document.createdBy = await document.createdBy;
  // @ts-expect-error: takes no null
  document.createdBy = null;
  // @ts-expect-error: a bare key goes into createdById
  document.createdBy = 1;
  // @ts-expect-error: a document is no user
  document.createdBy = document;
  // @ts-expect-error: no such column
  await Document.create({ titel: 'x' });
  // @ts-expect-error: a title is text
  await Document.create({ title: 1 });
  // @ts-expect-error: a bare key goes into createdById
  await Document.create({ title: 'x', createdBy: 1 });
  // @ts-expect-error: not one of the values
  await Document.objects.create({ state: 'lost' });
  // @ts-expect-error: a method is no column
  await Document.create({ save: 1 });
  // @ts-expect-error: a reverse accessor is no column
  await User.create({ documents: user.documents });
  // @ts-expect-error: no such column
  await Document.objects.filter({ id: 1 }).update({ titel: 'x' });
  // @ts-expect-error: a title is text
  await Document.objects.filter({ id: 1 }).update({ title: 1 });
  await Document.objects.filter({ id: 1 }).update({ title: 'x', reviewer: user, meta: null });
}

export function filters(user: User): void {
  const { objects } = Document;
  expectTypeOf(objects.filter({ title: 'x' })).toEqualTypeOf<QuerySet<Document>>();
  objects.filter({ title: 'x', state__in: ['draft'], id__gte: 1, publishedAt__lt: new Date(), meta__isnull: true });
  objects.filter({ createdBy: user }).filter({ createdBy: 1 }).filter({ createdById: 1, reviewer: null });
  objects.exclude({ createdBy__in: [user, 2], id__range: [1, 2], title__exact: 'x' });
  objects.orderBy('-publishedAt', 'id').limit(20).offset(1);
  user.documents.filter({ title: 'x' }).orderBy('title');

  // @ts-expect-error: no such column
  objects.filter({ titel: 'x' });
  // @ts-expect-error: a title is text
  objects.filter({ title: 1 });
  // @ts-expect-error: no such lookup
  objects.filter({ title__like: 'x' });
  // @ts-expect-error: a list is needed
  objects.filter({ id__in: 1 });
  // @ts-expect-error: text among numbers
  objects.filter({ id__in: [1, 'x'] });
  // @ts-expect-error: null equals nothing
  objects.filter({ reviewerId__in: [null] });
  // @ts-expect-error: two values
  objects.filter({ id__range: [1] });
  // @ts-expect-error: a boolean
  objects.filter({ meta__isnull: 'yes' });
  // @ts-expect-error: undefined is no value
  objects.filter({ title: undefined });
  // @ts-expect-error: a document is no user
  objects.filter({ createdBy: new Document() });
  // @ts-expect-error: a method is no column
  objects.filter({ save: 1 });
  // @ts-expect-error: no such column
  objects.orderBy('titel');
  // @ts-expect-error: no such column of the rows that point here
  user.documents.filter({ username: 'x' });
}

export function signals(): void {
  const stop = Document.on('saved', ({ instance, created }) => {
    expectTypeOf(instance).toEqualTypeOf<Document>();
    expectTypeOf(created).toEqualTypeOf<boolean>();
  });
  expectTypeOf(stop).toEqualTypeOf<() => void>();
  // @ts-expect-error: no such signal
  Document.on('loaded', () => undefined);
}

class Plain extends Model {}
// @ts-expect-error: only what extends CachedModel or CacheMixin has a cache
export const noCache: unknown = Plain.cache;
