import { expect } from 'chai';
import { RecordNotFoundError } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Article, Author, linkedModels, namesOf } from '../support/linked-models.js';
import { rejection } from '../support/rejection.js';

forEachCombination((combination) => {
  describe('the rows whose foreign key points at a row', () => {
    connected(combination, linkedModels);
    let ann: Author;
    let bob: Author;
    let one: Article;
    let two: Article;

    beforeEach(async () => {
      [ann, bob] = (await Author.objects.bulkCreate([{ name: 'ann' }, { name: 'bob' }])) as [Author, Author];
      [one, two] = (await Article.objects.bulkCreate([
        { title: 'one', author: ann },
        { title: 'two', author: ann, editor: ann },
      ])) as [Article, Article];
    });

    it('are made with the key set', async () => {
      const made = await bob.articles.create({ title: 'new', editor: ann });
      expect(made).to.be.instanceOf(Article).and.include({ authorId: bob.id, editorId: ann.id, isPersisted: true });
      expect(namesOf(await bob.articles.all())).to.deep.equal(['new']);
    });

    it('are added, which takes them from another', async () => {
      expect(namesOf(await ann.articles.all())).to.deep.equal(['one', 'two']);
      expect(await bob.articles.add(one, two.id, one)).to.equal(2);
      expect(await bob.articles.add(one)).to.equal(0);
      expect(await bob.articles.add()).to.equal(0);
      expect(await ann.articles.count()).to.equal(0);
      expect((await Article.cache.get(one.id)).authorId).to.equal(bob.id);
    });

    it('are all added or none', async () => {
      await rejection(bob.articles.add(one, 999_999), RecordNotFoundError);
      expect(await ann.articles.count()).to.equal(2);
    });

    it('are parted where the key takes null', async () => {
      await ann.edited.set([one]);
      expect(namesOf(await ann.edited.all())).to.deep.equal(['one']);
      expect(await ann.edited.remove(one, two)).to.equal(1);
      expect(await ann.edited.remove(two)).to.equal(0);
      await bob.edited.add(one, two);
      expect(await ann.edited.remove(one)).to.equal(0);
      expect(await bob.edited.clear()).to.equal(2);
      expect(await Article.objects.filter({ editor: null }).count()).to.equal(2);
      await bob.edited.set([two]);
      await bob.edited.set([]);
      expect(await bob.edited.exists()).to.equal(false);
    });
  });
});
