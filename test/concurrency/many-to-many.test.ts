import { expect } from 'chai';
import { connect, transaction, type Database } from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { Article, Author, linkedModels, namesOf, Tag } from '../support/linked-models.js';
import { Hold } from './support/hold.js';

describe('writers of the same links, on PostgreSQL', () => {
  let db: Database;
  let article: Article;
  let tags: [Tag, Tag, Tag];

  before(async () => {
    db = await connect({ database: await freshDatabase('postgres') });
    await db.createTables(linkedModels);
  });
  after(() => db.close());
  beforeEach(async () => {
    article = await Article.create({ title: 'one', author: await Author.create({ name: 'ann' }) });
    await Tag.objects.delete();
    tags = (await Tag.objects.bulkCreate(['a', 'b', 'c'].map((name) => ({ name })))) as [Tag, Tag, Tag];
  });

  /** Runs `first` in a transaction that stays open until somebody waits for its locks, or `second` has ended. */
  async function overlapping<T>(first: () => Promise<unknown>, second: () => Promise<T>): Promise<T> {
    const hold = new Hold();
    const one = transaction(async () => {
      await first();
      await hold.arrive();
    });
    await hold.reached;
    let ended = false;
    const two = second().finally(() => (ended = true));
    while (!ended && (await waiting()) === 0) await new Promise(setImmediate);
    hold.release();
    await one;
    return two;
  }

  /** How many statements wait for a lock. */
  async function waiting(): Promise<number> {
    const { rows } = await db.knex.raw<{ rows: unknown[] }>(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
    );
    return rows.length;
  }

  const linked = async (): Promise<string[]> => namesOf(await article.tags.all());

  it('add a link once', async () => {
    const [a, b, c] = tags;
    expect(
      await overlapping(
        () => article.tags.add(a, b),
        () => article.tags.add(b, c),
      ),
    ).to.equal(1);
    expect(await linked()).to.deep.equal(['a', 'b', 'c']);
  });

  it('add the same links in other orders without a deadlock', async () => {
    const [a, b, c] = tags;
    const hold = new Hold();
    const between = transaction(async () => {
      await article.tags.add(b);
      await hold.arrive();
      throw new Error('undo');
    }).catch(() => undefined);
    await hold.reached;
    const adding = [article.tags.add(a, b, c), article.tags.add(c, b, a)]; // each in front of b, which is held
    while ((await waiting()) < 2) await new Promise(setImmediate);
    hold.release();
    await between;
    expect(await Promise.all(adding)).to.have.members([0, 3]);
  });

  it('set links one after the other, so that those of the last stay', async () => {
    const [a, b, c] = tags;
    await overlapping(
      () => article.tags.set([a]),
      () => article.tags.set([b, c]),
    );
    expect(await linked()).to.deep.equal(['b', 'c']);
  });

  it('set and add: a link that set() takes away and add() wants is there at the end', async () => {
    const [a, b] = tags;
    await article.tags.add(a);
    expect(
      await overlapping(
        () => article.tags.set([b]),
        () => article.tags.add(a),
      ),
    ).to.equal(1);
    expect(await linked()).to.deep.equal(['a', 'b']);
  });

  it('set after add: what was added before set() went on is taken away', async () => {
    const [a, b] = tags;
    await overlapping(
      () => article.tags.set([a]),
      () => article.tags.set([b]),
    );
    await overlapping(
      () => article.tags.add(a),
      () => article.tags.set([a]),
    );
    expect(await linked()).to.deep.equal(['a']);
  });

  it('set and add the same link: set() does not fail, and the link is there once', async () => {
    const [a, b] = tags;
    await overlapping(
      () => article.tags.add(a),
      () => article.tags.set([a, b]),
    );
    expect(await linked()).to.deep.equal(['a', 'b']);
    expect(
      await overlapping(
        () => b.articles.set([article]),
        () => article.tags.add(b),
      ),
    ).to.equal(0);
    expect(await linked()).to.deep.equal(['a', 'b']);
  });

  it('set links from both sides at the same time', async () => {
    const [a, b, c] = tags;
    await article.tags.add(a);
    await overlapping(
      () => article.tags.set([b, c]),
      () => a.articles.set([article]),
    );
    expect(await linked()).to.deep.equal(['a', 'b', 'c']); // that of the article came first
  });

  it('set links at the same moment, and those of one of them are there', async () => {
    const [a, b, c] = tags;
    for (let run = 0; run < 20; run += 1) {
      const wanted = [[a, b], [b, c], [c]];
      const added = article.tags.add(b);
      await Promise.all(wanted.map((some) => article.tags.set(some)));
      expect(await added).to.be.oneOf([0, 1]);
      const names = await linked();
      expect(wanted.some((some) => namesOf(some).every((name) => names.includes(name)))).to.equal(true);
    }
  });

  it('set links of a row whose lock somebody else has, by waiting for it', async () => {
    const [a, b] = tags;
    await article.tags.add(a);
    const other = await Article.objects.get({ id: article.id });
    const rename = async (): Promise<void> => {
      other.title = 'renamed';
      await other.save();
    };
    await overlapping(rename, () => article.tags.set([b]));
    expect(await linked()).to.deep.equal(['b']);
  });

  it('remove and add, from both sides', async () => {
    const [a] = tags;
    await article.tags.add(a);
    expect(
      await overlapping(
        () => a.articles.remove(article),
        () => article.tags.add(a),
      ),
    ).to.equal(1);
    expect(await linked()).to.deep.equal(['a']);
  });

  it('become friends once, whoever asks', async () => {
    const [ann, bob] = (await Author.objects.bulkCreate([{ name: 'ann' }, { name: 'bob' }])) as [Author, Author];
    expect(
      await overlapping(
        () => ann.friends.add(bob),
        () => bob.friends.add(ann),
      ),
    ).to.equal(0);
    expect([await ann.friends.count(), await bob.friends.count()]).to.deep.equal([1, 1]);
  });
});
