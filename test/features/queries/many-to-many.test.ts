import { expect } from 'chai';
import type { QuerySet } from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { connected } from '../../support/connected.js';
import { Article, Author, Group, linkedModels, Tag } from '../../support/linked-models.js';
import { statementsOf } from '../../support/recorded-statements.js';

async function titles(articles: QuerySet<Article>): Promise<string> {
  return (await articles.orderBy('id').all()).map(({ title }) => title).join('');
}

forEachCombination((combination) => {
  describe('conditions across many-to-many relations', () => {
    connected(combination, linkedModels);
    let a: Tag;

    beforeEach(async () => {
      const [ann, bob] = await Author.objects.bulkCreate([{ name: 'Ann' }, { name: 'Bob' }]);
      const [one, two] = await Article.objects.bulkCreate([
        { title: '1', authorId: ann?.id ?? 0 },
        { title: '2', authorId: bob?.id ?? 0 },
        { title: '3', authorId: bob?.id ?? 0 },
      ]);
      const tags = await Tag.objects.bulkCreate(['a', 'b', 'c'].map((name) => ({ name })));
      a = tags[0] as Tag; // three were made
      await one?.tags.add(...tags.slice(0, 2));
      await two?.tags.add(...tags.slice(1, 2));
      const group = await Group.create({ name: 'team' });
      if (ann) await group.members.add(ann);
      if (ann && bob) await ann.friends.add(bob);
    });

    it('find each row once, on either side and through others', async () => {
      expect(await titles(Article.objects.filter({ tags__name: 'b' }))).to.equal('12');
      expect(await titles(Article.objects.filter({ tags__name__in: ['a', 'b'] }))).to.equal('12');
      expect(await Article.objects.filter({ tags__name__gte: 'a' }).count()).to.equal(2);
      const tags = await Tag.objects.filter({ articles__author__name: 'Ann' }).orderBy('name').values('name');
      expect(tags).to.deep.equal([{ name: 'a' }, { name: 'b' }]);
      expect(await titles(Article.objects.filter({ author__groups__name: 'team' }))).to.equal('1');
      expect(await titles(Article.objects.filter({ author__friends__name: 'Ann' }))).to.equal('23');
      expect(await titles(Article.objects.filter({ tags__articles__title: '2' }))).to.equal('12');
    });

    it('ask the links alone about keys', async () => {
      const texts = await statementsOf(async () => {
        expect(await titles(Article.objects.filter({ tags: a }))).to.equal('1');
        expect(await titles(Article.objects.filter({ tags: a.id }))).to.equal('1');
        expect(await titles(Article.objects.filter({ tags__in: [a, a.id + 1] }))).to.equal('12');
        expect(await titles(Article.objects.filter({ tags__id__gt: a.id }))).to.equal('12');
        expect(await titles(Article.objects.filter({ tags__isnull: true }))).to.equal('3');
        expect(await titles(Article.objects.filter({ tags__isnull: false }))).to.equal('12');
      });
      expect(texts.join()).not.to.include('"linked_tags"');
    });

    it('of one filter are about one row there', async () => {
      expect(await titles(Article.objects.filter({ tags: a, tags__name: 'b' }))).to.equal('');
      expect(await titles(Article.objects.filter({ tags: a }).filter({ tags__name: 'b' }))).to.equal('1');
      expect(await titles(Article.objects.filter({ tags: a, tags__name: 'a' }))).to.equal('1');
    });

    it('excluded leave the rows without', async () => {
      expect(await titles(Article.objects.exclude({ tags__name: 'a' }))).to.equal('23');
      expect(await titles(Article.objects.exclude({ tags: a }))).to.equal('23');
      expect(await titles(Article.objects.exclude({ tags__name__in: ['a', 'b'] }))).to.equal('3');
    });

    it('take query sets', async () => {
      expect(await titles(Article.objects.filter({ tags__in: Tag.objects.filter({ name: 'a' }) }))).to.equal('1');
      expect(await titles(Article.objects.exclude({ tags__in: Tag.objects.filter({ name: 'a' }) }))).to.equal('23');
    });
  });
});
