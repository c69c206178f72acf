import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { cached, cacheOf, invalidateTag, transaction, UsageError, type CallNotice } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs, Topic } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

const runs = new Runs();
const notices: (readonly [string, CallNotice<readonly [number]>])[] = [];

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}

const titles = cached('fn.titles', async (category: number) => {
  runs.note('titles');
  const articles = await Article.objects.filter({ category }).orderBy('id').all();
  return articles.map(({ title }) => title);
});
const longest = cached('fn.longest', async (...categories: number[]) => {
  runs.note('longest');
  const all = await titles.getMany(categories.map((category) => [category] as [number]));
  return all.flat().reduce((one, other) => (other.length > one.length ? other : one), '');
});
const plain = cached('fn.plain', async (..._: unknown[]) => runs.note('plain'));
const byName = cached(
  'fn.by-name',
  async (user: { name: string; visits: number }) => `${user.name} ${runs.note('byName')}`,
  {
    key: (user) => user.name,
  },
);
const shown = cached('fn.shown', async (article: Article) => `${article.title} ${runs.note('shown')}`);
const skipping = cached('fn.skipping', async (_: number) => runs.note('skipping'), { skip: (number) => number < 0 });
const told = cached('fn.told', async (number: number) => number, {
  onHit: (notice) => notices.push(['hit', notice]),
  onMiss: (notice) => notices.push(['miss', notice]),
});
const tagged = cached('fn.tagged', async (id: number) => `${id} ${runs.note('tagged')}`, {
  tag: (id) => [`topic:${id}`, 'everything'],
});
const alsoTagged = cached('fn.also-tagged', async () => runs.note('alsoTagged'), { tag: 'everything' });
const priced = cached('fn.priced', async (cents: number) => (runs.note('priced'), new Money(cents)), {
  codec: { encode: ({ cents }) => cents, decode: (cents) => new Money(cents as number) },
});
const failing = cached('fn.failing', async (): Promise<number> => {
  runs.note('failing');
  throw new RangeError('no');
});
const many = cached('fn.many', async (category: number) => `one ${category}`, {
  loadMany: async (calls) => {
    runs.note('loadMany');
    const articles = await Article.objects.filter({ category__in: calls.map(([category]) => category) }).all();
    return calls.map(([category]) => `${category}: ${articles.filter((one) => one.category === category).length}`);
  },
});
const everything = [titles, longest, plain, byName, shown, skipping, told, tagged, alsoTagged, priced, failing, many];

describe('a cached function', () => {
  after(() => everything.forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const db = connected(combination, [Article, Topic]);

    beforeEach(() => {
      runs.reset();
      notices.length = 0;
    });

    it('is computed once for each of its arguments', async () => {
      for (const args of [[1], ['1'], [1, 2], [{ a: 1, b: [2] }], [new Date(5)], [5n], [undefined, 1], []]) {
        const first = await plain(...args);
        expect(await plain(...args), JSON.stringify(args.map(String))).to.equal(first);
        expect(await plain.get(...args)).to.equal(first);
      }
      expect(runs.of('plain')).to.equal(8);
      expect(await plain({ b: [2], a: 1 }), 'the order of properties').to.equal(await plain({ a: 1, b: [2] }));
      expect(await plain(1, undefined), 'arguments that were left out').to.equal(await plain(1));
    });

    it('is found to depend on what it reads, to any depth, and on nothing else', async () => {
      const [one] = await Article.objects.bulkCreate([
        { title: 'short', category: 1 },
        { title: 'somewhat longer', category: 2 },
      ]);
      expect(await longest(1, 2)).to.equal('somewhat longer');
      await Article.create({ title: 'the longest of them all', category: 3 });
      expect(await longest(1, 2)).to.equal('somewhat longer');
      expect([runs.of('longest'), runs.of('titles')]).to.deep.equal([1, 2]);
      await Article.objects.filter({ id: one?.id ?? 0 }).update({ title: 'now the longest of them all' });
      expect(await longest(1, 2)).to.equal('now the longest of them all');
      expect([runs.of('longest'), runs.of('titles')]).to.deep.equal([2, 3]);
    });

    it('may say what tells its calls apart', async () => {
      expect(await byName({ name: 'ann', visits: 1 })).to.equal('ann 1');
      expect(await byName({ name: 'ann', visits: 2 })).to.equal('ann 1');
      expect(await byName({ name: 'bob', visits: 2 })).to.equal('bob 2');
      expect(byName.key({ name: 'ann', visits: 3 })).to.equal('fn.by-name("ann")');
    });

    it('gets fresh instances of rows for those it is given, and follows them', async () => {
      const article = await Article.create({ title: 'first', category: 1 });
      const old = await Article.objects.get({ id: article.id });
      expect(await shown(article)).to.equal('first 1');
      await Article.objects.filter({ id: article.id }).update({ title: 'second' });
      expect(await shown(old)).to.equal('second 2');
      old.title = 'not saved';
      expect(await shown(old)).to.equal('not saved 3');
      expect(await shown(article)).to.equal('second 2');
    });

    it('runs uncached inside a transaction, and stores nothing there', async () => {
      await transaction(async () => {
        await Article.create({ title: 'inside', category: 1 });
        expect(await titles(1)).to.deep.equal(['inside']);
        expect(await titles(1)).to.deep.equal(['inside']);
        throw new RangeError('back');
      }).catch((error: unknown) => expect(error).to.be.instanceOf(RangeError));
      expect(runs.of('titles')).to.equal(2);
      expect(await titles.peek(1)).to.equal(undefined);
      expect(await titles(1)).to.deep.equal([]);
    });

    it('is not cached where it is told to skip', async () => {
      expect([await skipping(-1), await skipping(-1)]).to.deep.equal([1, 2]);
      expect([await skipping(1), await skipping(1)]).to.deep.equal([3, 3]);
    });

    it('tells of hits and misses', async () => {
      await told(1);
      await told(1);
      expect(notices).to.deep.equal([
        ['miss', { label: 'fn.told', key: 'fn.told(1)', args: [1] }],
        ['hit', { label: 'fn.told', key: 'fn.told(1)', args: [1] }],
      ]);
    });

    it('is dropped by its tags: many values by one tag, one value by each of its tags', async () => {
      const first = [await tagged(1), await tagged(2), await alsoTagged()];
      await invalidateTag('topic:1');
      expect([await tagged(1), await tagged(2), await alsoTagged()]).to.deep.equal(['1 3', first[1], first[2]]);
      await invalidateTag('everything');
      expect([await tagged(1), await tagged(2), await alsoTagged()]).to.deep.equal(['1 4', '2 5', 2]);
      await invalidateTag(['topic:2', 'nobody has this']);
      expect([await tagged(1), await tagged(2)]).to.deep.equal(['1 4', '2 6']);
      await transaction(async () => {
        await invalidateTag('everything');
        expect(await tagged.peek(1)).to.equal(undefined);
        throw new RangeError('back');
      }).catch(() => undefined);
      expect(await tagged(1)).to.equal('1 4');
    });

    it('is dropped by the tags that a model gives its rows', async () => {
      const topic = await Topic.create({ id: 1, name: 'music' });
      expect([await tagged(1), await tagged(2)]).to.deep.equal(['1 1', '2 2']);
      topic.name = 'art';
      await topic.save();
      expect([await tagged(1), await tagged(2)]).to.deep.equal(['1 3', '2 2']);
      await topic.delete();
      expect([await tagged(1), await tagged(2)]).to.deep.equal(['1 4', '2 2']);
    });

    it('stores what is no plain data by its codec', async () => {
      expect(await priced(5)).to.deep.equal(new Money(5));
      expect(await priced(5)).to.be.instanceOf(Money);
      expect(runs.of('priced')).to.equal(1);
    });

    it('keeps no errors', async () => {
      for (const _ of [1, 2]) await rejection(failing(), RangeError, 'no');
      expect(runs.of('failing')).to.equal(2);
    });

    it('is seen, made anew, set and dropped by hand', async () => {
      expect(await plain.peek('a')).to.equal(undefined);
      expect(await plain.refresh('a')).to.equal(1);
      expect(await plain.refresh('a')).to.equal(2);
      expect(await plain('a')).to.equal(2);
      await plain.set(['a'], 50);
      expect([await plain('a'), await plain.peek('a')]).to.deep.equal([50, 50]);
      await plain.invalidate('a');
      expect([await plain('a'), await plain('b')]).to.deep.equal([3, 4]);
      await plain.invalidateAll();
      expect([await plain('a'), await plain('b')]).to.deep.equal([5, 6]);
      await plain.clear();
      expect([await plain('a'), await plain('b')]).to.deep.equal([7, 8]);
      await transaction(() => plain.set(['a'], 60));
      expect(await plain('a')).to.equal(9);
    });

    it('shows an entry with its facts', async () => {
      expect(await titles.entry(1)).to.equal(undefined);
      await titles(1);
      const entry = await titles.entry(1);
      expect(entry?.value).to.deep.equal([]);
      expect(Number(entry?.expiresAt) - Number(entry?.createdAt)).to.be.within(3_240_000, 3_960_000);
      expect(entry?.bytes).to.be.greaterThan(50);
      expect([entry?.softExpiresAt, entry?.stale]).to.deep.equal([undefined, false]);
      expect(entry?.dependencies).to.include.members(['k:fn.titles(1)', 'l:fn.titles', 'v:articles']);
      const explanation = await titles.explain(1);
      expect([explanation.state, explanation.dependencies]).to.deep.equal(['hit', entry?.dependencies]);
      await titles.invalidate(1);
      expect(await titles.entry(1)).to.equal(undefined);
      expect((await titles.explain(1)).state).to.equal('miss');
    });

    it('computes many at once, and those that are stored not again', async () => {
      await Article.objects.bulkCreate([1, 1, 2].map((category) => ({ title: 'a', category })));
      expect(await many.getMany([[1], [2], [3]])).to.deep.equal(['1: 2', '2: 1', '3: 0']);
      expect(await many.getMany([[3], [1]])).to.deep.equal(['3: 0', '1: 2']);
      expect(runs.of('loadMany')).to.equal(1);
      await Article.create({ title: 'b', category: 3 });
      expect(await many.getMany([[3], [1], [3]])).to.deep.equal(['3: 1', '1: 2', '3: 1']);
      expect(await many(4)).to.equal('one 4');
      expect(await many.getMany([])).to.deep.equal([]);
    });

    it('gives many in their order where some are not to be cached', async () => {
      const ofOne = await skipping(1);
      const [skipped, kept, again] = await skipping.getMany([[-1], [1], [-1]]);
      expect(kept).to.equal(ofOne);
      expect([skipped, again]).to.have.members([ofOne + 1, ofOne + 2]);
    });

    it('is counted under its label', async () => {
      const before = db().stats().labels['fn.plain'];
      await plain('counted');
      await plain('counted');
      const counters = db().stats().labels['fn.plain'];
      expect([counters?.misses, counters?.hits]).to.deep.equal([(before?.misses ?? 0) + 1, (before?.hits ?? 0) + 1]);
    });
  });

  it('is found by its label, and is gone once its declaration has ended', () => {
    const one = cached('fn.found', async () => 1);
    expect(cacheOf('fn.found')).to.equal(one);
    one.undeclare();
    expect(() => cacheOf('fn.found')).to.throw(UsageError);
    cached('fn.found', async () => 2).undeclare();
  });

  it('may be declared again from the same place, as when its module is loaded anew', () => {
    const [first, second] = [1, 2].map((number) => cached('fn.again', async () => number));
    expect(cacheOf('fn.again')).to.equal(second);
    first?.undeclare();
    expect(cacheOf('fn.again')).to.equal(second);
    second?.undeclare();
  });

  it('says that it has no connection where none is open', async () => {
    await rejection(
      plain('nowhere'),
      UsageError,
      'fn.plain has no connection: await connect({ database: … }) before the first query.',
    );
  });
});
