import { expect } from 'chai';
import { connect, RecordNotFoundError, UsageError, ValidationError, type Database } from '../../src/index.js';
import { Article, Author, Group, linkedModels, Membership, Tag } from '../support/linked-models.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import { rejection, thrown } from '../support/rejection.js';

describe('related sets refuse', () => {
  let db: Database;
  let article: Article;
  let ann: Author;
  let group: Group;

  before(async () => {
    db = await connect({ database: 'sqlite::memory:' });
    await db.createTables(linkedModels);
    ann = await Author.create({ name: 'ann' });
    article = await Article.create({ title: 'one', author: ann });
    group = await Group.create({ name: 'editors' });
  });
  after(() => db.close());

  const refused = async (verb: () => unknown, message: string): Promise<void> => {
    await rejection(Promise.resolve().then(verb), UsageError, message);
  };

  it('instances that are not stored', async () => {
    const owner = 'linked.Article.tags: this instance has no key yet; save() it first';
    thrown(() => new Article({ title: 'new' }).tags, UsageError, owner);
    thrown(
      () => new Author({ name: 'new' }).articles,
      UsageError,
      'linked.Author.articles: this instance has no key yet; save() it first',
    );
    const row = 'linked.Article.tags: this linked.Tag has no key yet; save() it first';
    await refused(() => article.tags.add(new Tag({ name: 'new' })), row);
    await refused(() => article.tags.remove(new Tag({ name: 'new' })), row);
    await refused(() => article.tags.set([new Tag({ name: 'new' })]), row);
  });

  it('what is no row of the other model', async () => {
    const expected = 'linked.Article.tags: expected an instance of linked.Tag or its key (integer), got';
    const add = (...rows: unknown[]) => Reflect.apply(article.tags.add, article.tags, rows) as Promise<number>;
    await refused(() => add('x'), `${expected} text`);
    await refused(() => add(null), `${expected} null`);
    await refused(() => add(1.5), `${expected} a number`);
    const instance = 'linked.Article.tags: expected an instance of linked.Tag or its key, got';
    await refused(() => add([1]), `${instance} an array`);
    await refused(() => add(ann), `${instance} an instance of Author`);
    await refused(() => add(Promise.resolve(1)), `${instance} a Promise (await it first)`);
    const list = 'linked.Article.tags: expected a list of instances or keys, got a number';
    await refused(() => Reflect.apply(article.tags.set, article.tags, [1]) as unknown, list);
  });

  it('assignment', () => {
    const message = 'linked.Article.tags is a set of linked rows; change it by add(), remove() or set([ … ])';
    thrown(() => Reflect.set(article, 'tags', []), UsageError, message);
  });

  it('values of a link that it cannot have', async () => {
    const pairs = 'linked.Article.tags: its link table has no other columns; declare a through model for them';
    await refused(() => article.tags.add(1, { through: { role: 'x' } }), pairs);
    const sides = "linked.Group.members: 'memberId' is one of the two sides of a link; leave it out";
    await refused(() => group.members.add(ann, { through: { memberId: 5 } }), sides);
    await refused(
      () => group.members.add(ann, { through: { rol: 'x' } }),
      "linked.Membership has no column 'rol'; did you mean 'role'?",
    );
    await refused(
      () => Reflect.apply(group.members.set, group.members, [[ann], { role: 'x' }]) as unknown,
      'linked.Group.members: expected { through: { … } }, got an object',
    );
    const tooLong = group.members.add(ann, { through: { role: 'x'.repeat(11) } });
    await rejection(tooLong, ValidationError);
    expect(await Membership.objects.count()).to.equal(0);
  });

  it('to part rows from what they must point at', async () => {
    const message =
      'linked.Author.articles: linked.Article.author takes no null, so rows cannot be parted from this one; ' +
      'delete them, or add() them to another';
    await refused(() => ann.articles.remove(article), message);
    await refused(() => ann.articles.clear(), message);
    await refused(() => ann.articles.set([]), message);
  });

  it('to add rows that do not exist', async () => {
    await rejection(
      ann.articles.add(article, 77, 78),
      RecordNotFoundError,
      'linked.Author.articles: 2 of 3 rows to add do not exist',
    );
  });

  it('to save or delete a link by itself', () => {
    const link = linkOfArticle();
    const message = 'linked.Article.tags: a link is no row of its own; use add() and remove() of what it links';
    return rejection(link.delete(), UsageError, message);
  });
});

/** An instance as a path that watches the links gets it. */
function linkOfArticle(): { delete(): Promise<void> } {
  const through = schemaOf(Article).links.get('tags')?.throughModel();
  if (!through) throw new Error('no link');
  return schemaOf(through).hydrate([1, 1]) as { delete(): Promise<void> };
}
