import { expectTypeOf } from 'expect-type';
import {
  CachedModel,
  changed,
  Column,
  F,
  ForeignKey,
  PrimaryKey,
  Table,
  type Manager,
  type Related,
} from '../../src/index.js';

/*
 * What the compiler knows of writes of many rows, without a cast in user code. Compiled with the project, never run.
 */

@Table('types_bulk_posts')
class Post extends CachedModel {
  declare static objects: Manager<Post>;

  @PrimaryKey() declare id: number;
  @Column() declare title: string;
  @Column({ type: 'text', nullable: true }) declare subtitle: string | null;
  @Column({ type: 'integer' }) declare views: number;
  @Column({ type: 'integer', nullable: true }) declare likes: number | null;
  @Column({ type: 'bigint' }) declare hits: bigint;
  @Column({ type: 'datetime' }) declare madeAt: Date;
  @Column({ type: 'datetime', nullable: true }) declare seenAt: Date | null;
  @ForeignKey(() => Post) declare parent: Related<Post>;
  declare parentId: number;
}

export async function updates(): Promise<void> {
  expectTypeOf(Post.objects.update({ views: F('views').plus(1) })).toEqualTypeOf<Promise<number>>();
  await Post.objects.update({
    views: F('likes').plus(F('views')).times(2).minus(1n).dividedBy(3),
    title: F('subtitle'),
  });
  await Post.objects.update({ hits: F('views').times(2), madeAt: F('seenAt'), likes: null, parentId: F('parentId') });
  // @ts-expect-error: there is no such column to set
  await Post.objects.update({ view: F('views') });
  // @ts-expect-error: there is no such column to read
  await Post.objects.update({ views: F('view').plus(1) });
  // @ts-expect-error: a number is not computed from text
  await Post.objects.update({ views: F('title') });
  // @ts-expect-error: nor from a sum with text in it
  await Post.objects.update({ views: F('views').plus(F('title')) });
  // @ts-expect-error: arithmetic makes no dates
  await Post.objects.update({ madeAt: F('madeAt').plus(1) });
  // @ts-expect-error: no column is divided by
  await Post.objects.update({ views: F('views').dividedBy(F('likes')) });
}

export async function manyInstances(posts: Post[]): Promise<void> {
  expectTypeOf(Post.objects.bulkCreate([{ title: 'a' }], { ignoreConflicts: true })).toEqualTypeOf<Promise<Post[]>>();
  expectTypeOf(Post.objects.bulkUpdate(posts, ['views', 'parent'])).toEqualTypeOf<Promise<number>>();
  expectTypeOf(Post.objects.upsertMany([{ title: 'a' }], { onConflict: ['title'], update: ['views'] })).toEqualTypeOf<
    Promise<[Post, boolean][]>
  >();
  expectTypeOf(Post.objects.getOrCreate({ title: 'a' }, { defaults: { views: 1 } })).toEqualTypeOf<
    Promise<[Post, boolean]>
  >();
  expectTypeOf(Post.objects.updateOrCreate({ title: 'a' }, { views: 1 })).toEqualTypeOf<Promise<[Post, boolean]>>();
  await changed(Post, [1, ...posts]);
  // @ts-expect-error: there is no such column
  await Post.objects.bulkUpdate(posts, ['view']);
  // @ts-expect-error: there is no such column
  await Post.objects.upsertMany([{ title: 'a' }], { onConflict: ['name'] });
  // @ts-expect-error: onConflict is needed
  await Post.objects.upsertMany([{ title: 'a' }], { update: ['views'] });
  // @ts-expect-error: views is a number
  await Post.objects.getOrCreate({ title: 'a' }, { defaults: { views: 'many' } });
  // @ts-expect-error: a lookup is no value for a new row
  await Post.objects.updateOrCreate({ views__gt: 1 }, { views: 1 });
}
