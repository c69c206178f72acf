import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { cacheOf, CacheNode, invalidateTag, Node, UsageError, type FunctionWatch } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs, Topic } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection, thrown } from '../support/rejection.js';

const runs = new Runs();

@Node('node.titles')
class Titles extends CacheNode<{ category: number; note?: string }, string[]> {
  override key(): unknown {
    return this.fields.category;
  }

  override tags(): string {
    return `category:${this.fields.category}`;
  }

  override async load(): Promise<string[]> {
    runs.note('titles');
    const articles = await Article.objects.filter({ category: this.fields.category }).orderBy('id').all();
    return articles.map(({ title }) => title);
  }
}

@Node('node.counts')
class Counts extends CacheNode<{ category: number; year: number }, string> {
  static readonly fields = ['category', 'year'];
  static readonly ttl = '10m';
  static readonly repopulate = true;
  static readonly watch: readonly FunctionWatch[] = [
    [Article, ({ category, year }: Article) => ({ category, year })],
    [Topic, ({ id }: Topic) => ({ category: id })],
  ];

  static async loadMany(nodes: readonly Counts[]): Promise<string[]> {
    runs.note('loadMany');
    return nodes.map(({ fields }) => `${fields.category}/${fields.year} ${runs.note(`count ${fields.category}`)}`);
  }
}

@Node('node.watching')
class Watching extends CacheNode<{ category: number }, number> {
  override watch(): ReturnType<typeof Article.objects.filter>[] {
    return [Article.objects.filter({ category: this.fields.category })];
  }

  override async load(): Promise<number> {
    return runs.note('watching');
  }
}

@Node('node.about')
class About extends CacheNode<{ article: Article; year: number }, string> {
  static readonly fields = ['article', 'year'];

  override async load(): Promise<string> {
    const { article, year } = this.fields;
    return `${article.title} in ${year}, ${runs.note(`about ${article.id}`)}`;
  }
}

const Dynamic = CacheNode.define({
  label: 'node.dynamic',
  ttl: '5m',
  load: async ({ id }: { id: number }) => `${id} ${runs.note('dynamic')}`,
  key: ({ id }) => [id],
  tags: ({ id }) => [`dynamic:${id}`],
});

describe('a cache node', () => {
  after(() => [Titles, Counts, Watching, About, Dynamic].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    connected(combination, [Article, Topic]);
    beforeEach(() => runs.reset());

    it('is loaded once for each of its keys, and again when what it read was written', async () => {
      await Article.create({ title: 'a', category: 1 });
      expect(await new Titles({ category: 1 }).get()).to.deep.equal(['a']);
      expect(await new Titles({ category: 1, note: 'no part of the key' }).get()).to.deep.equal(['a']);
      expect(await new Titles({ category: 2 }).get()).to.deep.equal([]);
      await Article.create({ title: 'b', category: 1 });
      expect(await new Titles({ category: 1 }).get()).to.deep.equal(['a', 'b']);
      expect(runs.of('titles')).to.equal(3);
    });

    it('is seen, loaded anew, set and dropped by hand', async () => {
      const node = new Titles({ category: 1 });
      expect([await node.peek(), await node.entry()]).to.deep.equal([undefined, undefined]);
      await node.refresh();
      expect([await node.peek(), (await node.entry())?.value]).to.deep.equal([[], []]);
      await node.set(['by hand']);
      expect(await node.get()).to.deep.equal(['by hand']);
      expect((await node.explain()).state).to.equal('hit');
      await node.invalidate();
      expect(await node.get()).to.deep.equal([]);
      await invalidateTag('category:1');
      expect(await node.peek()).to.equal(undefined);
      await node.get();
      await Titles.invalidateAll();
      expect(await node.peek()).to.equal(undefined);
      expect(cacheOf('node.titles').key({ category: 1 })).to.equal('node.titles(1)');
    });

    it('is loaded with many others at once', async () => {
      const nodes = [1, 2].map((category) => new Counts({ category, year: 2020 }));
      expect(await Counts.getMany(nodes)).to.deep.equal(['1/2020 1', '2/2020 1']);
      expect(await Counts.getMany([...nodes, new Counts({ category: 3, year: 2020 })])).to.deep.equal([
        ...['1/2020 1', '2/2020 1', '3/2020 1'],
      ]);
      expect(runs.of('loadMany')).to.equal(2);
      expect(await new Counts({ category: 4, year: 2020 }).get()).to.equal('4/2020 1');
    });

    it('follows rows by its fields, and is loaded anew by the writer where all are known', async () => {
      const [one, two] = [new Counts({ category: 1, year: 2020 }), new Counts({ category: 1, year: 2021 })];
      await Promise.all([one.get(), two.get(), new Counts({ category: 2, year: 2020 }).get()]);
      await Article.create({ title: 'a', category: 1, year: 2020 });
      expect([await one.peek(), await two.peek()]).to.deep.equal(['1/2020 3', '1/2021 2']);
      await Topic.create({ id: 1, name: 'music' });
      expect([await one.peek(), await two.peek()]).to.deep.equal([undefined, undefined]);
      await one.get();
      await Counts.invalidateMatching({ category: 1 });
      expect([await one.peek(), await new Counts({ category: 2, year: 2020 }).peek()]).to.deep.equal([
        undefined,
        '2/2020 1',
      ]);
    });

    it('takes an instance as a field: its key tells nodes apart, and a change of its row ends the value', async () => {
      const [article, other] = await Article.objects.bulkCreate([
        { title: 'a', category: 1 },
        { title: 'b', category: 1 },
      ]);
      const read = async (): Promise<string[]> => {
        const articles = await Article.objects.orderBy('id').all(); // other instances of the same rows
        return About.getMany(articles.map((one) => new About({ article: one, year: 2020 })));
      };
      expect([await read(), await read()]).to.deep.equal([
        ['a in 2020, 1', 'b in 2020, 1'],
        ['a in 2020, 1', 'b in 2020, 1'],
      ]);
      Object.assign(article ?? {}, { title: 'c' });
      await article?.save();
      expect(await read()).to.deep.equal(['c in 2020, 2', 'b in 2020, 1']);
      await About.invalidateMatching({ article: other });
      expect(await read()).to.deep.equal(['c in 2020, 2', 'b in 2020, 2']);
      await new About({ article: article as Article, year: 2020 }).invalidate();
      expect(await read()).to.deep.equal(['c in 2020, 3', 'b in 2020, 2']);
    });

    it('follows the rows that its own fields mean', async () => {
      const node = new Watching({ category: 1 });
      expect(await node.get()).to.equal(1);
      await Article.create({ title: 'a', category: 2 });
      expect(await node.get()).to.equal(1);
      await Article.create({ title: 'a', category: 1 });
      expect(await node.get()).to.equal(2);
    });

    it('may be defined at run time', async () => {
      expect(await new Dynamic({ id: 1 }).get()).to.equal('1 1');
      expect(await Dynamic.getMany([new Dynamic({ id: 1 }), new Dynamic({ id: 2 })])).to.deep.equal(['1 1', '2 2']);
      await invalidateTag('dynamic:1');
      expect(await new Dynamic({ id: 1 }).get()).to.equal('1 3');
    });
  });

  it('without load is refused when it is declared', () => {
    class Empty extends CacheNode<{ id: number }, number> {}
    const message =
      "@Node('node.empty') on Empty: a node needs async load() { … }, or static async loadMany(nodes) { … }";
    thrown(() => Node('node.empty')(Empty), UsageError, message);
    expect(() => cacheOf('node.empty')).to.throw(UsageError);
    thrown(
      () => CacheNode.define({ label: 'node.empty' } as never),
      UsageError,
      "CacheNode.define('node.empty'): a node needs async load() { … }, or static async loadMany(nodes) { … }",
    );
    thrown(
      () => new Empty({ id: 1 }),
      UsageError,
      "Empty is no node: write @Node('label') above the class, with a label of its own",
    );
  });

  it('is refused without a label, with wrong static properties and under a label that is taken', () => {
    class Wrong extends CacheNode<{ id: number }, number> {
      static readonly ttl: unknown = 'soon';
      static readonly watch: unknown = undefined;
      override async load(): Promise<number> {
        return 1;
      }
    }
    thrown(() => Node('')(Wrong), UsageError, "@Node('') on Wrong: the label must be a text that is not empty");
    thrown(
      () => Node('node.wrong')(Wrong),
      UsageError,
      "@Node('node.wrong') on Wrong: ttl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 'soon'",
    );
    Reflect.set(Wrong, 'ttl', undefined);
    Reflect.set(Wrong, 'driftCheck', 1);
    thrown(
      () => Node('node.wrong')(Wrong),
      UsageError,
      "@Node('node.wrong') on Wrong: driftCheck must be true or false, got number",
    );
    Reflect.set(Wrong, 'driftCheck', undefined);
    const unknown = { label: 'node.wrong', load: async () => 1, tttl: '1h' };
    thrown(
      () => CacheNode.define(unknown),
      UsageError,
      "CacheNode.define('node.wrong'): unknown option 'tttl'; did you mean 'ttl'?",
    );
    Reflect.set(Wrong, 'watch', [[Article, () => ({})]]);
    thrown(
      () => Node('node.wrong')(Wrong),
      UsageError,
      "@Node('node.wrong') on Wrong: a path in static watch gives fields by name; name them: static fields = ['…']",
    );
    Reflect.set(Wrong, 'watch', undefined);
    const { message } = thrown(() => Node('node.titles')(Wrong), UsageError);
    expect(message).to.equal(
      "the label 'node.titles' is declared twice, at test/features/cache-nodes.test.ts, class Titles and at test/features/cache-nodes.test.ts, class Wrong: values are told apart by their label, so give one of them another",
    );
  });

  it('of a class that was undeclared has no handle any more', async () => {
    const Gone = CacheNode.define({ label: 'node.gone', load: async () => 1 });
    const node = new Gone({});
    Gone.undeclare();
    await rejection(
      node.get(),
      UsageError,
      "DefinedNodeClass is no node: write @Node('label') above the class, with a label of its own",
    );
  });
});
