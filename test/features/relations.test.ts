import { expect } from 'chai';
import { ForeignKeyViolationError, UniqueViolationError, UsageError } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { Document, libraryModels, Profile, User } from '../support/library-models.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection, thrown } from '../support/rejection.js';

forEachCombination((combination) => {
  describe('relations', () => {
    connected(combination, libraryModels);
    let ann: User;
    let bob: User;
    let document: Document;

    beforeEach(async () => {
      ann = await User.create({ username: 'ann' });
      bob = await User.create({ username: 'bob' });
      document = await Document.create({ title: 'Money', author: ann, reviewer: bob });
    });

    it('answer the row they point at, and hold its key beside them', async () => {
      const read = await Document.objects.get({ id: document.id });
      expect(read).to.include({ authorId: ann.id, reviewerId: bob.id });
      expect(await read.author)
        .to.be.instanceOf(User)
        .and.include({ id: ann.id, username: 'ann' });
      expect(await read.reviewer)
        .to.be.instanceOf(User)
        .and.include({ username: 'bob' });
    });

    it('answer null where they point at nothing', async () => {
      const alone = await Document.create({ title: 'Alone', author: ann });
      expect(alone.reviewerId).to.equal(null);
      expect(await alone.reviewer).to.equal(null);
      expect(await new Document({ title: 'New' }).author).to.equal(null);
    });

    it('load once for each instance', async () => {
      const read = await Document.objects.get({ id: document.id });
      const texts = await statementsOf(async () => {
        const [first, second] = await Promise.all([read.reviewer, read.reviewer]);
        expect(second).to.equal(first);
        expect(await read.reviewer).to.equal(first);
      });
      expect(texts).to.have.length(1);
    });

    it('load what many instances ask for in one tick by one statement', async () => {
      const more = [await Document.create({ title: 'A', author: bob, reviewer: ann }), document];
      const read = await Document.objects.filter({ id__in: more.map(({ id }) => id) }).all();
      const texts = await statementsOf(() => Promise.all(read.map((one) => one.reviewer)));
      expect(texts).to.have.length(1);
    });

    it('read a foreign key from the database each time, and a cached one from the cache', async () => {
      const read = async (property: 'author' | 'reviewer'): Promise<string[]> =>
        statementsOf(async () => (await Document.objects.get({ id: document.id }))[property]);
      await read('author');
      expect(await read('author')).to.have.length(1);
      await read('reviewer');
      expect(await read('reviewer')).to.have.length(2);
    });

    it('show a row that was changed, also through the cache', async () => {
      expect((await (await Document.cache.get(document.id)).author).username).to.equal('ann');
      await Object.assign(ann, { username: 'anna' }).save();
      expect((await (await Document.cache.get(document.id)).author).username).to.equal('anna');
      expect((await (await Document.objects.get({ id: document.id })).author).username).to.equal('anna');
    });

    it('load again after a save and after another row or key was assigned', async () => {
      const read = await Document.objects.get({ id: document.id });
      const first = await read.author;
      read.title = 'New';
      await read.save();
      expect(await read.author).not.to.equal(first);
      read.author = bob;
      expect(read.authorId).to.equal(bob.id);
      expect(await read.author).to.equal(bob);
      read.authorId = ann.id;
      expect((await read.author).username).to.equal('ann');
      await read.save();
      expect((await (await Document.objects.get({ id: document.id })).author).username).to.equal('ann');
    });

    it('load again after a reload', async () => {
      const read = await Document.objects.get({ id: document.id });
      const first = await read.author;
      await read.reload();
      expect(await read.author).not.to.equal(first);
    });

    it('are set to null by assigning it', async () => {
      document.reviewer = null;
      expect(document.reviewerId).to.equal(null);
      expect(await document.reviewer).to.equal(null);
      await document.save();
      expect((await Document.cache.get(document.id)).reviewerId).to.equal(null);
    });

    it('try again after a load that failed', async () => {
      const orphan = new Document({ title: 'x', reviewerId: 999_999 });
      const message = 'library.User: the row that a foreign key points at does not exist';
      await rejection(Promise.resolve(orphan.reviewer), Error, message);
      const { id } = await User.create({ username: 'late', id: 999_999 });
      expect((await orphan.reviewer)?.id).to.equal(id);
    });

    it('take neither instances that are not stored nor those of other models', () => {
      const unsaved = 'library.Document.author: this library.User has no key yet; save() it first';
      thrown(() => (document.author = new User({ username: 'new' })), UsageError, unsaved);
      const expected = 'library.Document.author: expected an instance of library.User or null, got';
      const hint = "A bare key goes into 'authorId'.";
      for (const [value, came] of [
        [document, 'an instance of Document'],
        [ann.id, 'a number'],
        [Promise.resolve(ann), 'a Promise (await it first)'],
        [{ id: 1 }, 'an object'],
      ] as const) {
        thrown(() => Reflect.set(document, 'author', value), UsageError, `${expected} ${came}. ${hint}`);
      }
      expect(document.authorId).to.equal(ann.id);
    });

    it('are compared with instances, keys and null', async () => {
      const by = (filter: Parameters<typeof Document.objects.filter>[0]): Promise<number> =>
        Document.objects.filter(filter).count();
      expect(await by({ author: ann })).to.equal(1);
      expect(await by({ author: ann.id })).to.equal(1);
      expect(await by({ authorId: ann.id, reviewer: bob })).to.equal(1);
      expect(await by({ author__in: [ann, bob.id] })).to.equal(1);
      expect(await by({ reviewer: null })).to.equal(0);
      expect(await by({ reviewer__isnull: false })).to.equal(1);
      expect(await Document.objects.update({ reviewer: ann })).to.equal(1);
      expect(await by({ reviewer: ann })).to.equal(1);
    });

    it('may point at nothing that does not exist', async () => {
      await rejection(Document.create({ title: 'x', authorId: 999_999 }), ForeignKeyViolationError);
    });
  });

  describe('reverse accessors', () => {
    connected(combination, libraryModels);

    it('are query sets of the rows that point here', async () => {
      const [ann, bob] = [await User.create({ username: 'ann' }), await User.create({ username: 'bob' })];
      await Document.objects.bulkCreate([
        { title: 'b', author: ann, reviewer: bob },
        { title: 'a', author: ann },
        { title: 'c', author: bob, reviewer: ann },
      ]);
      expect((await ann.documents.orderBy('title').all()).map(({ title }) => title)).to.deep.equal(['a', 'b']);
      expect(await ann.documents.filter({ title: 'b' }).exists()).to.equal(true);
      expect(await ann.reviews.count()).to.equal(1);
      expect(await (await User.cache.get(bob.id)).documents.count()).to.equal(1);
      expect(await bob.documents.update({ views: 3 })).to.equal(1);
      expect((await bob.documents.get()).views).to.equal(3);
    });

    it('of a one-to-one are a promise of the row or of null', async () => {
      const [ann, bob] = [await User.create({ username: 'ann' }), await User.create({ username: 'bob' })];
      const profile = await Profile.create({ bio: 'hello', user: ann });
      expect((await ann.profile)?.bio).to.equal('hello');
      expect(await bob.profile).to.equal(null);
      expect((await profile.user).id).to.equal(ann.id);
      expect((await Profile.cache.get({ userId: ann.id })).bio).to.equal('hello');
      await rejection(Profile.create({ bio: 'second', user: ann }), UniqueViolationError);
    });

    it('follow a one-to-one that moves to another row', async () => {
      const [ann, bob] = [await User.create({ username: 'ann' }), await User.create({ username: 'bob' })];
      const profile = await Profile.create({ bio: 'hello', user: ann });
      expect((await Profile.cache.get({ user: ann })).id).to.equal(profile.id);
      await Object.assign(profile, { user: bob }).save();
      expect(await Profile.cache.find({ user: ann })).to.equal(undefined);
      expect((await Profile.cache.get({ user: bob })).id).to.equal(profile.id);
      expect([await ann.profile, (await bob.profile)?.id]).to.deep.equal([null, profile.id]);
    });

    it('need a stored instance', () => {
      thrown(
        () => new User({ username: 'new' }).documents,
        UsageError,
        'library.User.documents: this instance has no key yet; save() it first',
      );
    });
  });

  describe('onDelete', () => {
    connected(combination, libraryModels);
    let ann: User;
    let bob: User;

    beforeEach(async () => {
      ann = await User.create({ username: 'ann' });
      bob = await User.create({ username: 'bob' });
    });

    for (const [how, remove] of [
      ['an instance', (user: User) => user.delete()],
      ['a query set', (user: User) => User.objects.filter({ id: user.id }).delete()],
    ] as const) {
      it(`cascade deletes what points at the row, when ${how} is deleted, and the cache answers so`, async () => {
        const profile = await Profile.create({ bio: 'x', user: ann });
        expect((await Profile.cache.get(profile.id)).bio).to.equal('x');
        await Profile.cache.get({ user: ann });
        await remove(ann);
        expect(await Profile.cache.find(profile.id)).to.equal(undefined);
        expect(await Profile.cache.find({ userId: ann.id })).to.equal(undefined);
        expect(await Profile.objects.exists()).to.equal(false);
      });

      it(`set null clears the key of what points at the row, when ${how} is deleted, and the cache answers so`, async () => {
        const document = await Document.create({ title: 'x', author: ann, reviewer: bob });
        expect((await (await Document.cache.get(document.id)).reviewer)?.username).to.equal('bob');
        await remove(bob);
        expect((await Document.cache.get(document.id)).reviewerId).to.equal(null);
        expect((await document.reload()).reviewerId).to.equal(null);
      });

      it(`restrict keeps the row, when ${how} is to be deleted, and the cache answers so`, async () => {
        const document = await Document.create({ title: 'x', author: ann });
        await User.cache.get(ann.id);
        await rejection(remove(ann), ForeignKeyViolationError);
        expect((await User.cache.get(ann.id)).username).to.equal('ann');
        expect((await (await Document.cache.get(document.id)).author).username).to.equal('ann');
        expect(ann.isPersisted).to.equal(true);
      });
    }
  });
});
