import { expectTypeOf } from 'expect-type';
import {
  CachedForeignKey,
  CachedModel,
  ForeignKey,
  ManyToMany,
  OneToOne,
  PrimaryKey,
  Table,
  type Manager,
  type QuerySet,
  type Related,
  type RelatedSet,
} from '../../src/index.js';

/*
 * What the compiler knows of relations. Compiled with the project, never run.
 */

@Table('types_rel_tags')
class Tag extends CachedModel {
  declare static objects: Manager<Tag>;
  @PrimaryKey() declare id: number;
  declare name: string;
  declare readonly posts: RelatedSet<Post>;
}

@Table('types_rel_people')
class Person extends CachedModel {
  declare static objects: Manager<Person>;
  @PrimaryKey() declare id: number;
  declare name: string;
  @ForeignKey(() => Person, { nullable: true }) declare boss: Related<Person | null>;
  declare bossId: number | null;
  declare readonly posts: RelatedSet<Post>;
  declare readonly card: Promise<Card | null>;
}

@Table('types_rel_cards')
class Card extends CachedModel {
  declare static objects: Manager<Card>;
  @PrimaryKey() declare id: number;
  @OneToOne(() => Person, { relatedName: 'card' }) declare person: Related<Person>;
}

@Table('types_rel_posts')
class Post extends CachedModel {
  declare static objects: Manager<Post>;
  @PrimaryKey() declare id: number;
  declare title: string;
  @CachedForeignKey(() => Person, { relatedName: 'posts' }) declare author: Related<Person>;
  declare authorId: number;
  @ManyToMany(() => Tag, { relatedName: 'posts' }) declare readonly tags: RelatedSet<Tag>;
}

export async function sets(post: Post, tag: Tag, person: Person, card: Card): Promise<void> {
  expectTypeOf(await post.tags.all()).toEqualTypeOf<Tag[]>();
  expectTypeOf(post.tags.filter({ name: 'x' })).toEqualTypeOf<QuerySet<Tag>>();
  expectTypeOf(await post.tags.add(tag, 2, tag)).toEqualTypeOf<number>();
  expectTypeOf(await post.tags.remove(tag)).toEqualTypeOf<number>();
  expectTypeOf(await post.tags.set([tag, 1])).toEqualTypeOf<void>();
  expectTypeOf(await post.tags.clear()).toEqualTypeOf<number>();
  expectTypeOf(await post.tags.create({ name: 'x' })).toEqualTypeOf<Tag>();
  expectTypeOf(await person.posts.create({ title: 'x' })).toEqualTypeOf<Post>();
  await post.tags.add(tag, { through: { role: 'x' } });
  // @ts-expect-error: a card is no tag
  await post.tags.add(card);
  // @ts-expect-error: a key is no boolean
  await post.tags.add(true);
  // @ts-expect-error: a list is needed
  await post.tags.set(tag);
  // @ts-expect-error: no such column
  await post.tags.create({ nam: 'x' });
  // @ts-expect-error: no such column of the linked rows
  post.tags.filter({ title: 'x' });
  // @ts-expect-error: a set is changed by its verbs
  post.tags = new Post().tags;
  // @ts-expect-error: a set is no column
  await Post.create({ tags: [tag] });
}

export function loads(): void {
  expectTypeOf(Post.objects.related('author')).toEqualTypeOf<QuerySet<Post>>();
  Post.objects.related('author', 'author__boss', 'author__boss__boss');
  Post.objects.prefetch('tags', 'author', 'author__posts', 'tags__posts__author', 'author__card');
  Card.objects.related('person__boss').prefetch('person__posts__tags');
  Post.objects.prefetch({ name: 'tags', query: Tag.objects.filter({ name: 'x' }).orderBy('name'), as: 'some' });
  // @ts-expect-error: a set is not joined
  Post.objects.related('tags');
  // @ts-expect-error: a column is no relation
  Post.objects.related('title');
  // @ts-expect-error: the bare key is no relation
  Post.objects.related('authorId');
  // @ts-expect-error: no such relation there
  Post.objects.related('author__tags');
  // @ts-expect-error: a column is no relation
  Post.objects.prefetch('title');
  // @ts-expect-error: a method is no relation
  Post.objects.prefetch('save');
  // @ts-expect-error: no such relation there
  Post.objects.prefetch('tags__author');
  // @ts-expect-error: no such relation
  Post.objects.prefetch({ name: 'tag' });
}
