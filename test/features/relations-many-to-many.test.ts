import { expect } from 'chai';
import { ForeignKeyViolationError, transaction } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Article, Author, Group, linkedModels, Membership, namesOf, Tag } from '../support/linked-models.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

forEachCombination((combination) => {
  const postgres = combination.database === 'postgres';

  describe('a many-to-many relation', () => {
    const db = connected(combination, linkedModels);
    let article: Article;
    let other: Article;
    let tags: Tag[];

    beforeEach(async () => {
      const author = await Author.create({ name: 'ann' });
      [article, other] = (await Article.objects.bulkCreate([
        { title: 'one', author },
        { title: 'two', author },
      ])) as [Article, Article];
      tags = await Tag.objects.bulkCreate(['a', 'b', 'c'].map((name) => ({ name })));
    });

    const tagsOf = async (one: Article): Promise<string[]> => namesOf(await one.tags.all());

    it('gives the linked rows on either side, as a query set', async () => {
      const [a, b] = tags as [Tag, Tag, Tag];
      expect(await article.tags.add(a, b.id)).to.equal(2);
      expect(await other.tags.add(b)).to.equal(1);
      expect(await tagsOf(article)).to.deep.equal(['a', 'b']);
      expect(namesOf(await b.articles.orderBy('title').all())).to.deep.equal(['one', 'two']);
      expect(await article.tags.filter({ name: 'b' }).count()).to.equal(1);
      expect(await a.articles.exists()).to.equal(true);
      expect((await article.tags.all())[0]).to.be.instanceOf(Tag);
    });

    it('adds what is not there, and says how many', async () => {
      const [a, b, c] = tags as [Tag, Tag, Tag];
      expect(await article.tags.add(a, a, b)).to.equal(2);
      expect(await article.tags.add(b, c)).to.equal(1);
      expect(await article.tags.add(a, b, c)).to.equal(0);
      expect(await article.tags.add()).to.equal(0);
      expect(await b.articles.add(article, other)).to.equal(1);
      expect(await tagsOf(article)).to.deep.equal(['a', 'b', 'c']);
      expect(await tagsOf(other)).to.deep.equal(['b']);
    });

    it('removes what is there, and clears', async () => {
      const [a, b, c] = tags as [Tag, Tag, Tag];
      await article.tags.add(a, b, c);
      await other.tags.add(a, b);
      expect(await article.tags.remove(a, a.id)).to.equal(1);
      expect(await article.tags.remove(a)).to.equal(0);
      expect(await b.articles.remove(other)).to.equal(1);
      expect(await tagsOf(article)).to.deep.equal(['b', 'c']);
      expect(await article.tags.clear()).to.equal(2);
      expect(await article.tags.clear()).to.equal(0);
      expect(await tagsOf(other)).to.deep.equal(['a']);
    });

    it('sets exactly what is given', async () => {
      const [a, b, c] = tags as [Tag, Tag, Tag];
      await article.tags.add(a, b);
      await other.tags.add(a);
      await article.tags.set([b, c.id]);
      expect(await tagsOf(article)).to.deep.equal(['b', 'c']);
      await a.articles.set([article]);
      expect(await tagsOf(other)).to.deep.equal([]);
      await article.tags.set([]);
      expect(await tagsOf(article)).to.deep.equal([]);
    });

    it('creates and links in one go, both or neither', async () => {
      const made = await article.tags.create({ name: 'new' });
      expect(made).to.be.instanceOf(Tag).and.have.property('isPersisted', true);
      expect(await tagsOf(article)).to.deep.equal(['new']);
      expect(namesOf(await made.articles.all())).to.deep.equal(['one']);
      await other.delete();
      await rejection(other.tags.create({ name: 'lost' }), ForeignKeyViolationError);
      expect(await Tag.objects.filter({ name: 'lost' }).exists()).to.equal(false);
    });

    it('is one statement a verb', async () => {
      const [a, b, c] = tags as [Tag, Tag, Tag];
      const verbs = async (work: () => Promise<unknown>): Promise<(string | undefined)[]> =>
        (await statementsOf(work)).map((text) => /^\w+/.exec(text)?.[0]);
      expect(await verbs(() => article.tags.add(a, b))).to.deep.equal(['INSERT']);
      expect(await verbs(() => article.tags.all())).to.deep.equal(['SELECT']);
      expect(await verbs(() => article.tags.remove(a))).to.deep.equal(['DELETE']);
      const set = postgres ? ['WITH'] : ['BEGIN', 'DELETE', 'INSERT', 'COMMIT'];
      expect(await verbs(() => article.tags.set([b, c]))).to.deep.equal(set);
      expect(await verbs(() => b.articles.set([other]))).to.deep.equal(set);
      expect(await verbs(() => article.tags.set([]))).to.deep.equal(['DELETE']);
      expect(await verbs(() => article.tags.clear())).to.deep.equal(['DELETE']);
      expect(await verbs(() => article.tags.add())).to.deep.equal([]);
      expect(await verbs(() => article.tags.remove())).to.deep.equal([]);
    });

    it('takes ten thousand links at once', async () => {
      const many = await Tag.objects.bulkCreate(Array.from({ length: 10_000 }, (_, index) => ({ name: `t${index}` })));
      expect(await article.tags.add(...many)).to.equal(10_000);
      expect(await article.tags.count()).to.equal(10_000);
      await article.tags.set(many.slice(5000));
      expect(await article.tags.remove(...many)).to.equal(5000);
      expect(await article.tags.count()).to.equal(0);
    });

    it('joins transactions, and is undone with them', async () => {
      const [a, b] = tags as [Tag, Tag, Tag];
      await article.tags.add(a);
      const failed = transaction(async () => {
        await article.tags.set([b]);
        await b.articles.add(other);
        expect(await tagsOf(article)).to.deep.equal(['b']);
        throw new Error('undo');
      });
      await rejection(failed, Error, 'undo');
      expect(await tagsOf(article)).to.deep.equal(['a']);
      expect(await tagsOf(other)).to.deep.equal([]);
    });

    it('says when a key has no row', async () => {
      await rejection(article.tags.add(999_999), ForeignKeyViolationError);
    });

    it('loses its links with the rows of either side', async () => {
      const [a, b] = tags as [Tag, Tag, Tag];
      await article.tags.add(a, b);
      await a.delete();
      expect(await db().knex('linked_articles_tags').select()).to.deep.equal([
        { article_id: article.id, tag_id: b.id },
      ]);
      await Article.objects.filter({ id: article.id }).delete();
      expect(await db().knex('linked_articles_tags').select()).to.deep.equal([]);
    });
  });

  describe('links of a model with itself', () => {
    connected(combination, linkedModels);
    let ann: Author;
    let bob: Author;
    let cid: Author;

    beforeEach(async () => {
      [ann, bob, cid] = (await Author.objects.bulkCreate(['ann', 'bob', 'cid'].map((name) => ({ name })))) as [
        Author,
        Author,
        Author,
      ];
    });

    it('hold in both directions where they are symmetrical', async () => {
      expect(await ann.friends.add(bob, cid)).to.equal(2);
      expect(namesOf(await bob.friends.all())).to.deep.equal(['ann']);
      expect(await bob.friends.add(ann)).to.equal(0);
      expect(await bob.friends.remove(ann)).to.equal(1);
      expect(namesOf(await ann.friends.all())).to.deep.equal(['cid']);
      await ann.friends.set([bob, ann]);
      expect(namesOf(await cid.friends.all())).to.deep.equal([]);
      expect(namesOf(await ann.friends.all())).to.deep.equal(['ann', 'bob']);
      expect(await ann.friends.clear()).to.equal(2);
      expect(namesOf(await bob.friends.all())).to.deep.equal([]);
    });

    it('hold in one direction where the other side has a name', async () => {
      await ann.follows.add(bob);
      expect(namesOf(await bob.followers.all())).to.deep.equal(['ann']);
      expect(namesOf(await bob.follows.all())).to.deep.equal([]);
      await bob.followers.set([cid]);
      expect(namesOf(await ann.follows.all())).to.deep.equal([]);
      expect(namesOf(await cid.follows.all())).to.deep.equal(['bob']);
    });
  });

  describe('links by a through model', () => {
    connected(combination, linkedModels);
    let ann: Author;
    let bob: Author;
    let group: Group;

    beforeEach(async () => {
      [ann, bob] = (await Author.objects.bulkCreate([{ name: 'ann' }, { name: 'bob' }])) as [Author, Author];
      group = await Group.create({ name: 'editors' });
    });

    const roles = async (): Promise<(readonly [number, string])[]> =>
      (await Membership.objects.orderBy('memberId').all()).map(({ memberId, role }) => [memberId, role] as const);

    it('are rows of it, with its defaults or what is said', async () => {
      expect(await group.members.add(ann)).to.equal(1);
      expect(await group.members.add(ann, bob, { through: { role: 'writer', invitedBy: ann } })).to.equal(1);
      expect(await roles()).to.deep.equal([
        [ann.id, 'reader'],
        [bob.id, 'writer'],
      ]);
      expect((await Membership.objects.get({ memberId: bob.id })).invitedById).to.equal(ann.id);
      expect(namesOf(await group.members.all())).to.deep.equal(['ann', 'bob']);
      expect(namesOf(await bob.groups.all())).to.deep.equal(['editors']);
    });

    it('keep their rows where set() leaves them', async () => {
      await group.members.add(ann, { through: { role: 'owner' } });
      await group.members.set([ann, bob], { through: { role: 'guest' } });
      expect(await roles()).to.deep.equal([
        [ann.id, 'owner'],
        [bob.id, 'guest'],
      ]);
      await bob.groups.set([]);
      expect(await roles()).to.deep.equal([[ann.id, 'owner']]);
      expect(await group.members.clear()).to.equal(1);
    });

    it('are made from either side, also with a new row', async () => {
      const made = await ann.groups.create({ name: 'new' }, { through: { role: 'founder' } });
      expect(namesOf(await made.members.all())).to.deep.equal(['ann']);
      expect(await roles()).to.deep.equal([[ann.id, 'founder']]);
    });

    it('are thousands in few statements', async () => {
      const many = await Author.objects.bulkCreate(
        Array.from({ length: 10_000 }, (_, index) => ({ name: `p${index}` })),
      );
      const through = { role: 'crowd', invitedBy: ann };
      const texts = await statementsOf(() => group.members.add(...many, { through }));
      expect(texts.filter((text) => text.startsWith('INSERT'))).to.have.length(postgres ? 1 : 2);
      expect(await group.members.remove(...many)).to.equal(10_000);
    });
  });
});
