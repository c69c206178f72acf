import { expect } from 'chai';
import {
  CachedModel,
  Column,
  ForeignKey,
  ManyToMany,
  PrimaryKey,
  Q,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
  type RelatedSet,
} from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { connected } from '../../support/connected.js';
import { statementsOf } from '../../support/recorded-statements.js';

@Table('precision_authors', { label: 'precision.Author' })
class Author extends CachedModel {
  declare static objects: Manager<Author>;
  declare static cache: CacheManager<Author>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare name: string;
  @ForeignKey(() => Author, { nullable: true, onDelete: 'set null' }) declare mentor: Related<Author | null>;
  declare mentorId: number | null;
  declare readonly posts: QuerySet<Post>;
}

@Table('precision_tags', { label: 'precision.Tag' })
class Tag extends CachedModel {
  declare static objects: Manager<Tag>;
  declare static cache: CacheManager<Tag>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', index: true }) declare name: string;
}

@Table('precision_posts', { label: 'precision.Post' })
class Post extends CachedModel {
  declare static objects: Manager<Post>;
  declare static cache: CacheManager<Post>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare title: string;
  @Column({ type: 'integer', index: true }) declare category: number;
  @ForeignKey(() => Author, { relatedName: 'posts' }) declare author: Related<Author>;
  declare authorId: number;
  @ForeignKey(() => Author, { nullable: true }) declare editor: Related<Author | null>;
  declare editorId: number | null;
  @ManyToMany(() => Tag) declare readonly tags: RelatedSet<Tag>;
}

/** Ann, her pupil Bob, and Cem alone; posts 1 and 4 are Ann's, 2 and 3 Bob's; post 1 is red, post 2 is blue. */
async function fill(): Promise<void> {
  await Author.objects.bulkCreate([
    { id: 1, name: 'Ann' },
    { id: 2, name: 'Bob', mentorId: 1 },
    { id: 3, name: 'Cem' },
  ]);
  await Tag.objects.bulkCreate([
    { id: 1, name: 'red' },
    { id: 2, name: 'blue' },
  ]);
  const [first, second] = await Post.objects.bulkCreate([
    { id: 1, title: 'a', category: 1, authorId: 1 },
    { id: 2, title: 'b', category: 2, authorId: 2, editorId: 1 },
    { id: 3, title: 'c', category: 1, authorId: 2, editorId: 2 },
    { id: 4, title: 'd', category: 3, authorId: 1, editorId: 2 },
  ]);
  await first?.tags.add(1);
  await second?.tags.add(2);
}

type Write = () => Promise<unknown>;

const retitle =
  (id: number): Write =>
  () =>
    Post.objects.filter({ id }).update({ title: 'new' });
const rename =
  (id: number): Write =>
  () =>
    Author.objects.filter({ id }).update({ name: 'new' });
const move = (id: number, values: { category?: number; authorId?: number; editorId?: number | null }): Write => {
  return () => Post.objects.filter({ id }).update(values);
};
const tag =
  (id: number, key: number): Write =>
  async () =>
    (await Post.objects.get({ id })).tags.add(key);
const untag =
  (id: number, key: number): Write =>
  async () =>
    (await Post.objects.get({ id })).tags.remove(key);
const teach = (id: number, mentorId: number | null): Write => {
  return () => Author.objects.filter({ id }).update({ mentorId });
};

/** What is asked, what must leave the answer alone, and what must end it. */
type Case = readonly [
  what: string,
  query: () => QuerySet<Post>,
  untouched: readonly Write[],
  touched: readonly Write[],
];

const cases: readonly Case[] = [
  [
    'a foreign key',
    () => Post.objects.filter({ author: 1 }),
    [retitle(2), rename(1)],
    [retitle(1), move(2, { authorId: 1 })],
  ],
  [
    'the key over there',
    () => Post.objects.filter({ author__id: 1 }),
    [retitle(2), rename(1)],
    [retitle(4), move(1, { authorId: 2 })],
  ],
  [
    'foreign keys',
    () => Post.objects.filter({ author__in: [1, 3] }),
    [retitle(3)],
    [retitle(1), move(3, { authorId: 3 })],
  ],
  [
    'no row at a foreign key',
    () => Post.objects.filter({ editor__isnull: true }),
    [retitle(2)],
    [retitle(1), move(2, { editorId: null })],
  ],
  [
    'the key of a row two relations away',
    () => Post.objects.filter({ author__mentor: 1 }),
    [retitle(1), rename(3), rename(1)],
    [retitle(2), teach(1, 1), teach(2, null)],
  ],
  [
    'the key of a many-to-many',
    () => Post.objects.filter({ tags: 1 }),
    [retitle(2), untag(2, 2)],
    [retitle(1), tag(3, 1), untag(1, 1)],
  ],
  [
    'a value of a many-to-many',
    () => Post.objects.filter({ tags__name: 'red' }),
    [retitle(2), () => Tag.create({ id: 3, name: 'green' })],
    [retitle(1), tag(3, 1), () => Tag.objects.filter({ id: 2 }).update({ name: 'red' })],
  ],
  [
    'another query set',
    () => Post.objects.filter({ author__in: Author.objects.filter({ mentor: 1 }) }),
    [retitle(1), rename(3)],
    [retitle(2), teach(3, 1)],
  ],
  [
    'one of two columns',
    () => Post.objects.filter(Q.or({ category: 1 }, { editor: 1 })),
    [retitle(4), rename(1)],
    [retitle(2), retitle(3), move(4, { category: 1 }), move(4, { editorId: 1 })],
  ],
  [
    'an exclusion beside an equality',
    () => Post.objects.filter({ category: 1 }).exclude({ title: 'x' }),
    [retitle(2), move(2, { category: 3 })],
    [retitle(1), move(2, { category: 1 })],
  ],
  [
    'an exclusion across a relation beside an equality',
    () => Post.objects.filter({ category: 2 }).exclude({ tags: 1 }),
    [retitle(1), tag(1, 2)],
    [retitle(2), tag(2, 1)],
  ],
];

forEachCombination((combination) => {
  describe('a cached list is ended by what can change it, and by nothing else: by', () => {
    connected(combination, [Author, Tag, Post]);
    beforeEach(async () => {
      await fill();
      await Author.cache.find(0); // notices whatever the set-up did
    });

    for (const [what, query, untouched, touched] of cases) {
      it(what, async () => {
        const read = (): Promise<unknown> => query().orderBy('id').cache().all();
        const fresh = (): Promise<unknown> => query().orderBy('id').noCache().all();
        for (const [index, write] of untouched.entries()) {
          await read();
          await write();
          expect(await statementsOf(read), `untouched by write ${index}`).to.deep.equal([]);
        }
        for (const [index, write] of touched.entries()) {
          await read();
          await write();
          const texts = await statementsOf(async () => expect(await read()).to.deep.equal(await fresh()));
          const runs = texts.filter((text) => text.includes('ORDER BY')).length;
          expect(runs, `once again after write ${index}, and once to compare`).to.equal(2);
        }
      });
    }

    /** The statements of a second read after a write, and what it gives. */
    async function after(write: Write, read: () => Promise<unknown>): Promise<readonly [number, unknown]> {
      await read();
      await write();
      let found: unknown;
      const texts = await statementsOf(async () => (found = await read()));
      return [texts.length, found];
    }

    it('rows of related(), each by itself', async () => {
      const read = async (): Promise<string[]> => {
        const posts = await Post.objects.filter({ category: 2 }).related('author', 'editor').cache().all();
        return Promise.all(posts.map(async ({ author, editor }) => `${(await author).name} ${(await editor)?.name}`));
      };
      expect(await after(rename(3), read), 'of another author').to.deep.equal([0, ['Bob Ann']]);
      expect(await after(rename(2), read), 'its author alone is read again').to.deep.equal([1, ['new Ann']]);
      expect(await after(rename(1), read)).to.deep.equal([1, ['new new']]);
      expect(await after(move(2, { authorId: 3 }), read), 'the list, and an author').to.deep.equal([2, ['new new']]);
    });

    it('rows of prefetch(), by those that belong to them', async () => {
      const read = async (): Promise<string[]> => {
        const authors = await Author.objects.filter({ id: 2 }).prefetch('posts', 'posts__tags').cache().all();
        const posts = (await authors[0]?.posts.all()) ?? [];
        const tagged = posts.map(
          async ({ title, tags }) => `${title}:${(await tags.all()).map(({ name }) => name).join()}`,
        );
        return (await Promise.all(tagged)).toSorted();
      };
      expect(await after(rename(3), read), 'another author').to.deep.equal([0, ['b:blue', 'c:']]);
      expect(await after(retitle(1), read), "another author's post").to.deep.equal([0, ['b:blue', 'c:']]);
      expect(await after(tag(1, 2), read), "another author's tags").to.deep.equal([0, ['b:blue', 'c:']]);
      expect((await after(tag(3, 1), read))[1]).to.deep.equal(['b:blue', 'c:red']);
      expect((await after(retitle(2), read))[1]).to.deep.equal(['c:red', 'new:blue']);
      expect((await after(move(1, { authorId: 2 }), read))[1]).to.deep.equal(['c:red', 'new:blue', 'new:red,blue']);
      expect((await after(rename(2), read))[1]).to.deep.equal(['c:red', 'new:blue', 'new:red,blue']);
    });
  });
});
