import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  CacheNode,
  Column,
  moneyclip,
  Node,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';

const runs = new Runs();

@Table('kept_shelves', { label: 'kept.Shelf' })
class Shelf extends CachedModel {
  declare static objects: Manager<Shelf>;
  declare static cache: CacheManager<Shelf>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip({ maxBytes: 1_000 })
  async repeated(times: number): Promise<string> {
    return `${runs.note(`repeated ${times}`)} ${this.name.repeat(times)}`;
  }

  @moneyclip({ instances: 'reference' })
  async best(): Promise<{ article: Article | undefined; run: number }> {
    return {
      article: await Article.objects.filter({ category: this.id }).orderBy('id').first(),
      run: runs.note('best'),
    };
  }
}

const text = cached('kept.text', async (size: number) => `${runs.note(`text ${size}`)}${'x'.repeat(size)}`, {
  maxBytes: 1_000,
});
let ids: number[] = [];
/** Which articles are meant is not seen by the library: only the keys are stored. */
const picked = cached(
  'kept.picked',
  async () => {
    const run = runs.note('picked');
    const found: Article[] = [];
    for (const id of ids) found.push(await Article.objects.filter({ id }).get());
    return { run, found, first: new Map([['first', found[0]]]) };
  },
  { instances: 'reference' },
);

@Node('kept.node')
class Picked extends CacheNode<{ size: number }, string> {
  static readonly maxBytes = 1_000;

  override async load(): Promise<string> {
    return `${runs.note('node')}${'x'.repeat(this.fields.size)}`;
  }
}

describe('how values are kept', () => {
  after(() => [text, picked, Picked].forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const db = connected(combination, [Article, Shelf]);
    beforeEach(() => runs.reset());

    it('with maxBytes a larger value is answered, counted and not stored', async () => {
      const shelf = await Shelf.create({ name: 'x' });
      const before = db().stats();
      expect([(await text(100)).length, (await text(100))[0]]).to.deep.equal([101, '1']);
      expect([(await text(2_000)).length, (await text(2_000))[0]]).to.deep.equal([2_001, '2']);
      expect([await shelf.repeated(10), await shelf.repeated(10)].map((one) => one[0])).to.deep.equal(['1', '1']);
      expect([await shelf.repeated(2_000), await shelf.repeated(2_000)].map((one) => one[0])).to.deep.equal(['1', '2']);
      const large = new Picked({ size: 2_000 });
      expect([(await large.get())[0], (await large.get())[0]]).to.deep.equal(['1', '2']);
      expect(db().stats().tooLarge - before.tooLarge).to.equal(6);
      expect(db().stats().labels['kept.text']?.tooLarge).to.be.at.least(2);
    });

    it('by reference instances come from their own entries, as their rows are', async () => {
      const [one, other] = await Article.objects.bulkCreate([
        { title: 'one', category: 1 },
        { title: 'other', category: 1 },
      ]);
      ids = [Number(one?.id), Number(other?.id)];
      const first = await picked();
      const second = await picked();
      expect([first.run, second.run]).to.deep.equal([1, 1]);
      expect(second.found.map(({ title }) => title)).to.deep.equal(['one', 'other']);
      expect(second.found[0]).to.be.instanceOf(Article);
      expect(second.first.get('first'), 'what is shared stays shared').to.equal(second.found[0]);
      expect(second.found[0], 'each caller gets instances of his own').not.to.equal(first.found[0]);
      expect((await picked.peek())?.found).to.have.length(2);
      expect((await picked.entry())?.value.found[1]?.title).to.equal('other');
      const { bytes } = (await picked.entry()) ?? {};
      expect(bytes).to.be.lessThan(1_500);
      await other?.delete();
      ids.pop();
      expect((await picked()).found.map(({ title }) => title)).to.deep.equal(['one']);
    });

    it('by reference of a method too, and what reads it depends on the rows', async () => {
      const shelf = await Shelf.create({ name: 'x' });
      const article = await Article.create({ title: 'one', category: shelf.id });
      const title = cached('kept.title', async () => (await (await Shelf.objects.get()).best()).article?.title);
      expect([await title(), (await shelf.best()).run, (await shelf.best()).article?.title]).to.deep.equal([
        'one',
        1,
        'one',
      ]);
      article.title = 'two';
      await article.save();
      expect([await title(), (await shelf.best()).article?.title]).to.deep.equal(['two', 'two']);
      const held = (await moneyclip.of(Shelf, 'best').peek(shelf)) as { article?: Article } | undefined;
      expect(held?.article?.title).to.equal('two');
      title.undeclare();
    });

    it('by reference it is computed anew where a row is gone that nobody told of', async () => {
      const one = await Article.create({ title: 'one', category: 1 });
      ids = [one.id];
      expect((await picked()).found).to.have.length(1);
      await picked.set([], { run: 50, found: [one], first: new Map() });
      expect((await picked()).run).to.equal(50);
      await one.delete();
      ids = [];
      expect((await picked()).found).to.deep.equal([]);
    });
  });
});
