import { expect } from 'chai';
import { CachedModel, Column, ManyToMany, moneyclip, PrimaryKey, Table, transaction } from '../../src/index.js';
import type { CacheManager, Manager, RelatedSet } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';

@Table('topics', { label: 'linked.Topic' })
class Topic extends CachedModel {
  declare static objects: Manager<Topic>;
  declare static cache: CacheManager<Topic>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  declare readonly talks: RelatedSet<Talk>;

  @moneyclip()
  async talkCount(): Promise<number> {
    return this.talks.count();
  }

  @moneyclip({ watch: [['linked.Talk.topics', (link: { topic: Promise<Topic> }) => [link.topic]]] })
  async watched(): Promise<number> {
    return (watchedRuns += 1);
  }
}

@Table('talks', { label: 'linked.Talk' })
class Talk extends CachedModel {
  declare static objects: Manager<Talk>;
  declare static cache: CacheManager<Talk>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @ManyToMany('linked.Topic', { relatedName: 'talks' }) declare readonly topics: RelatedSet<Topic>;

  @moneyclip()
  async topicNames(): Promise<string[]> {
    return (await this.topics.orderBy('name').all()).map(({ name }) => name);
  }

  @moneyclip({ watch: [['linked.Talk.topics', (link: { talk: Promise<Talk> }) => [link.talk]]] })
  async watched(): Promise<number> {
    return (watchedRuns += 1);
  }
}

let watchedRuns = 0;

forEachCombination((combination) => {
  describe('values that are computed from links', () => {
    const current = counted(combination, [Topic, Talk]);
    let one: Talk;
    let two: Talk;
    let a: Topic;
    let b: Topic;

    beforeEach(async () => {
      [one, two] = (await Talk.objects.bulkCreate([{ title: 'one' }, { title: 'two' }])) as [Talk, Talk];
      [a, b] = (await Topic.objects.bulkCreate([{ name: 'a' }, { name: 'b' }])) as [Topic, Topic];
    });

    const values = async (): Promise<unknown[]> => [
      await one.topicNames(),
      await two.topicNames(),
      await a.talkCount(),
      await b.talkCount(),
    ];

    /** How many of the four values must be computed again after a write. */
    async function computedAfter(write: () => Promise<unknown>): Promise<number> {
      await values();
      await write();
      const before = current().db.stats().labels;
      await values();
      const after = current().db.stats().labels;
      const misses = (labels: typeof before): number =>
        ['linked.Talk.topicNames', 'linked.Topic.talkCount'].reduce(
          (sum, label) => sum + (labels[label]?.misses ?? 0),
          0,
        );
      return misses(after) - misses(before);
    }

    it('are right after every verb, on both sides', async () => {
      expect(await values()).to.deep.equal([[], [], 0, 0]);
      await one.topics.add(a, b);
      expect(await values()).to.deep.equal([['a', 'b'], [], 1, 1]);
      await b.talks.set([two]);
      expect(await values()).to.deep.equal([['a'], ['b'], 1, 1]);
      await two.topics.create({ name: 'c' });
      expect(await values()).to.deep.equal([['a'], ['b', 'c'], 1, 1]);
      await one.topics.clear();
      expect(await values()).to.deep.equal([[], ['b', 'c'], 0, 1]);
      await b.talks.remove(two);
      expect(await values()).to.deep.equal([[], ['c'], 0, 0]);
    });

    it('are right after a row of either side was deleted, with its links', async () => {
      const c = await Topic.create({ name: 'c' });
      await one.topics.add(a, b, c);
      await two.topics.add(a);
      expect([...(await values()), await c.talkCount()]).to.deep.equal([['a', 'b', 'c'], ['a'], 2, 1, 1]);
      await a.delete();
      expect([await one.topicNames(), await two.topicNames(), await b.talkCount()]).to.deep.equal([['b', 'c'], [], 1]);
      await Talk.objects.filter({ id: one.id }).delete();
      expect([await b.talkCount(), await c.talkCount()]).to.deep.equal([0, 0]);
    });

    it('are right after thousands of links', async () => {
      await values();
      const many = await Topic.objects.bulkCreate(Array.from({ length: 600 }, (_, index) => ({ name: `t${index}` })));
      await one.topics.set(many);
      expect(await one.topicNames()).to.have.length(600);
      await one.topics.clear();
      expect(await one.topicNames()).to.deep.equal([]);
    });

    it('are corrected at the commit, and not by what is rolled back', async () => {
      await values();
      await transaction(async () => {
        await one.topics.add(a);
        expect(await one.topicNames()).to.deep.equal(['a']);
        throw new Error('undo');
      }).catch(() => undefined);
      expect(await one.topicNames()).to.deep.equal([]);
      await transaction(() => one.topics.add(a));
      expect(await values()).to.deep.equal([['a'], [], 1, 0]);
    });

    it('are left alone by links of others', async () => {
      expect(await computedAfter(() => one.topics.add(a))).to.equal(2);
      expect(await computedAfter(() => one.topics.add(a))).to.equal(0);
      expect(await computedAfter(() => b.talks.add(two))).to.equal(2);
      expect(await computedAfter(() => a.talks.clear())).to.equal(2);
    });

    it('may watch the links, also those that go with a row', async () => {
      await one.topics.add(a, b);
      const before = [await a.watched(), await b.watched()];
      await one.delete();
      const after = [await a.watched(), await b.watched()];
      expect(after.filter((value) => before.includes(value))).to.deep.equal([]);
    });

    it('may watch the links', async () => {
      const [first, second] = [await one.watched(), await two.watched()];
      await one.topics.add(a);
      expect(await two.watched()).to.equal(second);
      expect(await one.watched()).to.be.greaterThan(first);
      const [third, fourth] = [await one.watched(), await two.watched()];
      await a.talks.set([]);
      expect([await one.watched(), await two.watched()]).to.deep.equal([third + 1, fourth]);
      await a.talks.set([two]);
      expect(await two.watched()).to.be.greaterThan(fourth);
    });
  });
});
