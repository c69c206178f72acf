import { expect } from 'chai';
import { UsageError } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Article, Author, Group, linkedModels, namesOf, Tag } from '../support/linked-models.js';
import { Profile, User, libraryModels } from '../support/library-models.js';
import { statementsOf } from '../support/recorded-statements.js';
import { thrown } from '../support/rejection.js';

/** Authors with articles and tags: ann wrote one (a, b) and two (b), bob wrote three, which ann edited. */
async function populate(): Promise<void> {
  const [ann, bob] = (await Author.objects.bulkCreate([{ name: 'ann' }, { name: 'bob' }, { name: 'cid' }])) as [
    Author,
    Author,
  ];
  const [one, two] = (await Article.objects.bulkCreate([
    { title: 'one', author: ann },
    { title: 'two', author: ann },
    { title: 'three', author: bob, editor: ann },
  ])) as [Article, Article];
  const [a, b] = (await Tag.objects.bulkCreate([{ name: 'a' }, { name: 'b' }])) as [Tag, Tag];
  await one.tags.add(a, b);
  await two.tags.add(b);
  await Group.create({ name: 'all' }).then((group) => group.members.add(ann, bob));
}

forEachCombination((combination) => {
  describe('prefetch', () => {
    connected(combination, linkedModels);
    beforeEach(populate);

    /** What `read` of each row answers, and how many statements the query and all of these took. */
    async function shown<T, R>(
      query: () => Promise<readonly T[]>,
      read: (row: T) => Promise<R>,
    ): Promise<[R[], number]> {
      let results: R[] = [];
      const texts = await statementsOf(async () => {
        results = [];
        for (const row of await query()) results.push(await read(row));
      });
      return [results, texts.length];
    }

    it('loads linked rows of all rows by two statements', async () => {
      const query = Article.objects.orderBy('id').prefetch('tags');
      expect(
        await shown(
          () => query.all(),
          async ({ tags }) => namesOf(await tags.all()),
        ),
      ).to.deep.equal([[['a', 'b'], ['b'], []], 3]);
      const [first] = await query.all();
      expect(await first?.tags.filter({ name: 'a' }).count()).to.equal(1);
      expect(await first?.tags.all()).to.not.equal(await first?.tags.all());
    });

    it('loads the other side, rows that point here, and rows that are pointed at', async () => {
      const tags = Tag.objects.orderBy('id').prefetch('articles');
      expect(
        await shown(
          () => tags.all(),
          async ({ articles }) => namesOf(await articles.all()),
        ),
      ).to.deep.equal([[['one'], ['one', 'two']], 3]);
      const authors = Author.objects.orderBy('id').prefetch('articles', 'edited');
      const both = async ({ articles, edited }: Author): Promise<string[][]> => [
        namesOf(await articles.all()),
        namesOf(await edited.all()),
      ];
      expect(await shown(() => authors.all(), both)).to.deep.equal([
        [
          [['one', 'two'], ['three']],
          [['three'], []],
          [[], []],
        ],
        3,
      ]);
      const editors = Article.objects.orderBy('id').prefetch('editor');
      expect(
        await shown(
          () => editors.all(),
          async ({ editor }) => (await editor)?.name,
        ),
      ).to.deep.equal([[undefined, undefined, 'ann'], 2]);
    });

    it('goes on from row to row', async () => {
      const groups = Group.objects.prefetch('members__articles__tags', 'members__edited');
      const read = async ({ members }: Group): Promise<unknown> =>
        Promise.all(
          (await members.all()).map(async ({ articles, edited }) => [
            await Promise.all((await articles.all()).map(async ({ tags }) => namesOf(await tags.all()))),
            namesOf(await edited.all()),
          ]),
        );
      const [[all], count] = await shown(() => groups.all(), read);
      expect(all).to.have.deep.members([
        [[['a', 'b'], ['b']], ['three']],
        [[[]], []],
      ]);
      expect(count).to.equal(7);
    });

    it('takes the rows of a query, in its order, into a property of its own', async () => {
      const query = Author.objects.orderBy('id').prefetch({
        name: 'articles',
        query: Article.objects
          .filter({ title__in: ['one', 'two'] })
          .orderBy('-title')
          .prefetch('tags'),
        as: 'latest',
      });
      const titles = async (author: Author): Promise<unknown> => {
        const latest = Reflect.get(author, 'latest') as Article[];
        return Promise.all(latest.map(async ({ title, tags }) => [title, namesOf(await tags.all())]));
      };
      expect(await shown(() => query.all(), titles)).to.deep.equal([
        [
          [
            ['two', ['b']],
            ['one', ['a', 'b']],
          ],
          [],
          [],
        ],
        4,
      ]);
      const [ann] = await query.all();
      expect(namesOf((await ann?.articles.all()) ?? [])).to.deep.equal(['one', 'two']);
      expect(ann?.toJSON()).to.have.keys('id', 'name');
    });

    it('takes a query and what comes after it, in any order', async () => {
      const query = Article.objects.orderBy('-title');
      for (const authors of [
        Author.objects.prefetch('articles__tags', { name: 'articles', query }),
        Author.objects.prefetch({ name: 'articles', query }, 'articles__tags'),
      ]) {
        const [ann] = await authors.orderBy('id').all();
        const articles = (await ann?.articles.all()) ?? [];
        expect(articles.map(({ title }) => title)).to.deep.equal(['two', 'one']);
        expect(await statementsOf(async () => articles[0]?.tags.all())).to.deep.equal([]);
      }
    });

    it('holds until the rows are changed through the instance', async () => {
      const [first] = await Article.objects.orderBy('id').prefetch('tags').all();
      if (!first) throw new Error('no article');
      await first.tags.create({ name: 'c' });
      expect(namesOf(await first.tags.all())).to.deep.equal(['a', 'b', 'c']);
      const again = await Article.objects.prefetch('tags').get({ id: first.id });
      const { tags } = again;
      await tags.clear();
      expect(await tags.all()).to.deep.equal([]);
    });

    it('asks nothing where there are no rows, and works for first() and get()', async () => {
      expect(
        await shown(
          () => Article.objects.filter({ id: -1 }).prefetch('tags').all(),
          async () => 0,
        ),
      ).to.deep.equal([[], 1]);
      const first = await Article.objects.orderBy('id').prefetch('tags').first();
      expect(await statementsOf(async () => first?.tags.all())).to.deep.equal([]);
      const got = await Article.objects.prefetch('author').get({ title: 'one' });
      expect(await statementsOf(async () => expect((await got.author).name).to.equal('ann'))).to.deep.equal([]);
    });

    it('loads many rows of many', async () => {
      const author = await Author.objects.get({ name: 'cid' });
      const articles = await Article.objects.bulkCreate(
        Array.from({ length: 3000 }, (_, index) => ({ title: `t${index}`, author })),
      );
      const tag = await Tag.objects.get({ name: 'a' });
      await tag.articles.set(articles);
      const [loaded, count] = await shown(
        () => Article.objects.filter({ author }).prefetch('tags').all(),
        async ({ tags }) => (await tags.all()).length,
      );
      expect([loaded.length, new Set(loaded), count]).to.deep.equal([3000, new Set([1]), 3]);
    });

    it('refuses what it cannot load', () => {
      const { objects } = Article;
      const refused = (request: unknown, message: string): void => {
        thrown(() => Reflect.apply(objects.prefetch, objects, [request]) as unknown, UsageError, message);
      };
      refused('tag', "linked.Article has no relation 'tag'; did you mean 'tags'?");
      refused('tags__author', "linked.Tag has no relation 'author'");
      refused('title', "linked.Article has no relation 'title'");
      refused(5, 'linked.Article: prefetch() takes names of relations or { name, query, as }, got a number');
      refused('', 'linked.Article: prefetch() takes names of relations, got empty text');
      refused({ name: 'tags', limit: 5 }, "linked.Article: prefetch({ name, query, as }): unknown option 'limit'");
      refused({ name: 'tags', query: {} }, 'linked.Article: prefetch({ query }) takes a query set, got an object');
      const of = "linked.Article: prefetch of 'tags'";
      refused({ name: 'tags', query: objects }, `${of} takes a query of linked.Tag, got one of linked.Article`);
      for (const as of ['title', 'author', 'save', 'toJSON', 'isPersisted', 'changes', 'constructor', 'toString']) {
        refused({ name: 'tags', as }, `${of}: as is '${as}', which linked.Article has already; choose another name`);
      }
      refused({ name: 'tags', as: '' }, `${of}: as takes the name of a property, got empty text`);
      refused(
        { name: 'author', query: Author.objects },
        "linked.Article: prefetch of 'author' leads to one row at most, so it takes no query",
      );
      thrown(
        () => objects.prefetch({ name: 'tags', query: Tag.objects }, { name: 'tags', query: Tag.objects }),
        UsageError,
        "linked.Article: prefetch got two queries for 'tags'; give one of them another 'as'",
      );
    });
  });

  describe('prefetch of a one-to-one', () => {
    connected(combination, libraryModels);

    it('loads the one row or null', async () => {
      const ann = await User.create({ username: 'ann' });
      await User.create({ username: 'bob' });
      await Profile.create({ user: ann, bio: 'x' });
      const users = await User.objects.orderBy('id').prefetch('profile').all();
      const texts = await statementsOf(async () => {
        expect((await users[0]?.profile)?.bio).to.equal('x');
        expect(await users[1]?.profile).to.equal(null);
      });
      expect(texts).to.deep.equal([]);
    });
  });
});
