import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { cached, postponeInvalidation, transaction, withoutInvalidation, type RowPathResult } from '../../src/index.js';
import { NamedArguments } from '../../src/compute/named-arguments.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs, Topic } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

const runs = new Runs();

/* None of these reads through the library: that their values follow rows is `watch`'s doing alone. */
const ofModel = cached('watch.model', async (_: number) => runs.note('ofModel'), { watch: [Article, 'press.Topic'] });
const ofRows = cached('watch.rows', async () => runs.note('ofRows'), {
  watch: [Article.objects.filter({ category: 1 })],
});
const ofOwnRows = cached('watch.own-rows', async (_: number) => runs.note('ofOwnRows'), {
  watch: (category) => [Article.objects.filter({ category })],
});
const byList = cached('watch.list', async (_category: number, _year: number) => runs.note('byList'), {
  watch: [[() => Article, (article: Article) => [article.category, Promise.resolve(article.year)]]],
});
const byName = cached(
  'watch.names',
  async ({ category, year }: { category?: number; year?: number }) => runs.note(`byName ${category} ${year}`),
  { watch: [[Article, ({ category, year }: Article) => ({ category, year })]] },
);
const bySome = cached('watch.some', async (category: number, page: number) => runs.note(`bySome ${category} ${page}`), {
  watch: [[Article, (article: Article) => ({ category: Promise.resolve(article.category) })]],
});
const when = cached('watch.when', async (category: number) => runs.note(`when ${category}`), {
  watch: [
    [Article, (article: Article) => [article.category], { when: (article: Article) => article.published }],
    [Topic, { when: (topic: Topic) => topic.name === 'all' }],
  ],
});
const renewed = cached(
  'watch.renewed',
  async ({ category }: { category: number }) => runs.note(`renewed ${category}`),
  {
    watch: [[Article, ({ category }: Article) => ({ category })]],
    repopulate: true,
  },
);
const renewedByList = cached('watch.renewed-list', async (category: number) => runs.note(`list ${category}`), {
  watch: [[Article, ({ category }: Article) => [category]]],
  repopulate: true,
});
const matched = cached('watch.matched', async (a: number, b: string) => runs.note(`${a} ${b}`), { args: ['a', 'b'] });
let path: (article: Article) => RowPathResult = () => undefined;
const scripted = cached('watch.scripted', async (category: number) => runs.note(`scripted ${category}`), {
  watch: [[Article, (article: Article) => path(article)]],
});
const all = [ofModel, ofRows, ofOwnRows, byList, byName, bySome, when, renewed, renewedByList, matched, scripted];

/** What calls give now: which of them were computed again is seen by their numbers. */
async function values(...calls: readonly Promise<number>[]): Promise<number[]> {
  return Promise.all(calls);
}

describe('a cached function that watches', () => {
  after(() => all.forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    connected(combination, [Article, Topic]);

    beforeEach(() => {
      runs.reset();
      path = () => undefined;
    });

    it('a model is dropped by any write to its table', async () => {
      await ofModel(1);
      await Topic.create({ name: 'music' });
      expect(await ofModel(1)).to.equal(2);
      const article = await Article.create({ title: 'a', category: 1 });
      expect(await ofModel(1)).to.equal(3);
      await article.delete();
      expect(await ofModel(1)).to.equal(4);
      expect(await ofModel(1)).to.equal(4);
    });

    it('a query set is dropped by writes to the rows that it means', async () => {
      await ofRows();
      const other = await Article.create({ title: 'a', category: 2 });
      expect(await ofRows()).to.equal(1);
      other.category = 1;
      await other.save();
      expect(await ofRows()).to.equal(2);
      await Article.objects.filter({ category: 1 }).update({ title: 'b' });
      expect(await ofRows()).to.equal(3);
    });

    it('query sets of its arguments is dropped by those of each call', async () => {
      expect(await values(ofOwnRows(1), ofOwnRows(2))).to.deep.equal([1, 2]);
      await Article.create({ title: 'a', category: 2 });
      expect([await ofOwnRows(1), await ofOwnRows(2)]).to.deep.equal([1, 3]);
    });

    it('by a path that gives a list is dropped for these arguments, as the row was and as it is', async () => {
      const article = await Article.create({ title: 'a', category: 1, year: 2020 });
      expect([await byList(1, 2020), await byList(1, 2021), await byList(2, 2021)]).to.deep.equal([1, 2, 3]);
      article.category = 2;
      article.year = 2021;
      await article.save();
      expect([await byList(1, 2020), await byList(1, 2021), await byList(2, 2021)]).to.deep.equal([4, 2, 5]);
    });

    it('by a path that gives names is dropped where all arguments agree that both have', async () => {
      const calls = [
        { category: 1, year: 2020 },
        { category: 1, year: 2021 },
        { category: 2, year: 2020 },
        { category: 1 },
        { year: 2020 },
        { year: 2022 },
        {},
      ];
      const read = (): Promise<number[]> => values(...calls.map((call) => byName(call)));
      expect(await read()).to.deep.equal([1, 1, 1, 1, 1, 1, 1]);
      const article = await Article.create({ title: 'a', category: 1, year: 2020 });
      expect(await read(), 'an argument that a call was not given agrees with any').to.deep.equal([
        2, 1, 1, 2, 2, 1, 2,
      ]);
      article.year = 2021;
      await article.save();
      expect(await read(), 'as it was and as it is').to.deep.equal([3, 2, 1, 3, 3, 1, 3]);
      await article.delete();
      expect(await read()).to.deep.equal([3, 3, 1, 4, 3, 1, 4]);
    });

    it('by a path that gives some names is dropped whatever the other arguments are', async () => {
      expect(await values(bySome(1, 1), bySome(1, 2), bySome(2, 1))).to.deep.equal([1, 1, 1]);
      await Article.create({ title: 'a', category: 1 });
      expect(await values(bySome(1, 1), bySome(1, 2), bySome(2, 1))).to.deep.equal([2, 2, 1]);
    });

    it('under a condition is dropped by rows that meet it before or after', async () => {
      const article = await Article.create({ title: 'a', category: 1, published: false });
      expect([await when(1), await when(2)]).to.deep.equal([1, 1]);
      article.title = 'b';
      await article.save();
      expect([await when(1), await when(2)]).to.deep.equal([1, 1]);
      article.published = true;
      await article.save();
      expect([await when(1), await when(2)]).to.deep.equal([2, 1]);
      await Article.objects.filter({ id: article.id }).update({ published: false, category: 2 });
      expect([await when(1), await when(2)]).to.deep.equal([3, 1]);
      await Topic.create({ name: 'one' });
      expect([await when(1), await when(2)]).to.deep.equal([3, 1]);
      await Topic.create({ name: 'all' });
      expect([await when(1), await when(2)]).to.deep.equal([4, 2]);
    });

    it('follows bulk writes row by row, and what it cannot follow as a whole', async () => {
      expect(await values(bySome(1, 1), bySome(2, 1), bySome(3, 1))).to.deep.equal([1, 1, 1]);
      await Article.objects.bulkCreate([1, 2].map((category) => ({ title: 'a', category })));
      expect(await values(bySome(1, 1), bySome(2, 1), bySome(3, 1))).to.deep.equal([2, 2, 1]);
      await Article.objects.filter({ category__in: [1, 2] }).delete();
      expect(await values(bySome(1, 1), bySome(2, 1), bySome(3, 1))).to.deep.equal([3, 3, 1]);
    });

    it('is dropped at the commit, not by what is rolled back, once at the end of what is postponed, and not where that is off', async () => {
      await transaction(async () => {
        await Article.create({ title: 'a', category: 1 });
        throw new RangeError('back');
      }).catch(() => bySome(1, 1));
      expect(await bySome(1, 1)).to.equal(1);
      await transaction(() => Article.create({ title: 'a', category: 1 }));
      expect(await bySome(1, 1)).to.equal(2);
      await postponeInvalidation(async () => {
        await Article.create({ title: 'b', category: 1 });
        expect(await bySome(1, 1)).to.equal(2);
      });
      expect(await bySome(1, 1)).to.equal(3);
      await withoutInvalidation(() => Article.create({ title: 'c', category: 1 }));
      expect(await bySome(1, 1)).to.equal(3);
    });

    it('and repopulates is computed anew by the writer, where the path says all arguments', async () => {
      await values(renewed({ category: 1 }), renewedByList(1));
      await Article.create({ title: 'a', category: 1 });
      expect([runs.of('renewed 1'), runs.of('list 1')]).to.deep.equal([2, 2]);
      expect(await values(renewed({ category: 1 }), renewedByList(1))).to.deep.equal([2, 2]);
      await Article.create({ title: 'a', category: 2 });
      expect([runs.of('renewed 2'), runs.of('list 2')]).to.deep.equal([1, 1]);
    });

    it('is dropped by hand for some of its arguments', async () => {
      expect(await values(matched(1, 'x'), matched(1, 'y'), matched(2, 'x'))).to.deep.equal([1, 1, 1]);
      await matched.invalidateMatching({ a: 1 });
      expect(await values(matched(1, 'x'), matched(1, 'y'), matched(2, 'x'))).to.deep.equal([2, 2, 1]);
      await matched.invalidateMatching({ b: 'x' });
      expect(await values(matched(1, 'x'), matched(1, 'y'), matched(2, 'x'))).to.deep.equal([3, 2, 2]);
      await matched.invalidateMatching({ a: 1, b: 'y' });
      expect(await values(matched(1, 'x'), matched(1, 'y'), matched(2, 'x'))).to.deep.equal([3, 3, 2]);
      await matched.invalidateMatching({});
      expect(await values(matched(1, 'x'), matched(1, 'y'), matched(2, 'x'))).to.deep.equal([4, 4, 3]);
      await rejection(
        matched.invalidateMatching({ c: 1 }),
        Error,
        "cached('watch.matched'): 'c' is none of its arguments, which are a, b; declare others by args: ['…']",
      );
    });

    const wrongPaths: readonly (readonly [string, (article: Article) => RowPathResult])[] = [
      ['throws', () => expectNothing()],
      ['rejects', () => Promise.reject(new RangeError('later')) as unknown as RowPathResult],
      ['gives a text', () => 'category' as unknown as RowPathResult],
      ['gives a name that is no argument', () => ({ kategory: 1 })],
      ['gives an argument without a canonical form', () => [() => 1]],
    ];
    for (const [what, wrong] of wrongPaths) {
      it(`by a path that ${what} loses all of its values, and the write is committed`, async () => {
        expect(await values(scripted(1), scripted(2))).to.deep.equal([1, 1]);
        path = wrong;
        const { id } = await Article.create({ title: 'a', category: 1 });
        expect(await values(scripted(1), scripted(2))).to.deep.equal([2, 2]);
        expect((await Article.objects.get({ id })).category).to.equal(1);
      });
    }

    it('by a path that gives nothing loses nothing', async () => {
      await scripted(1);
      for (const nothing of [undefined, null, [undefined], [null]]) {
        path = () => nothing;
        await Article.create({ title: 'a', category: 1 });
      }
      expect(await scripted(1)).to.equal(1);
    });
  });

  it('finds entries by any of many arguments, at the price of some that need not go', () => {
    for (const count of [1, 2, 3, 4, 5, 6, 7, 12]) {
      const names = Array.from({ length: count }, (_, index) => `n${index}`);
      const named = new NamedArguments('x', names);
      const entry = new Map(names.map((name, index) => [name, String(index)] as const));
      const held = new Set(named.dependencies(entry));
      expect(held.size, `${count} names`).to.equal([0, 1, 3, 7, 15, 15, 21, 7, 0, 0, 0, 0, 12][count]);
      for (let mask = 1; mask < 2 ** count; mask += 1) {
        const known = new Map([...entry].filter((_, index) => (mask >> index) % 2 === 1));
        const isFound = named.matching(known).some((name) => held.has(name));
        if (!isFound) expect.fail(`${[...known.keys()].join()} of ${count}`);
      }
    }
  });
});

function expectNothing(): never {
  throw new RangeError('the path is wrong');
}
