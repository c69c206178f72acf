import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { RecordNotFoundError, transaction } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { Document, libraryModels, Profile, User } from '../support/library-models.js';
import { rejection } from '../support/rejection.js';

describe('@CachedForeignKey', () => {
  forEachCombination((combination) => {
    const current = counted(combination, libraryModels);
    let ann: User;
    let bob: User;
    let document: Document;

    beforeEach(async () => {
      ann = await User.create({ username: 'ann' });
      bob = await User.create({ username: 'bob' });
      document = await Document.create({ title: 'Hello', author: ann, reviewer: bob });
    });

    const fresh = (): Promise<Document> => Document.objects.get({ id: document.id });
    const sqlOf = async (task: () => Promise<unknown>): Promise<number> => (await current().costOf(task)).sql;

    it('reads the row through the cache', async () => {
      await (
        await fresh()
      ).author;
      const another = await fresh();
      expect(await sqlOf(async () => expect((await another.author).toJSON()).to.deep.equal(ann.toJSON()))).to.equal(0);
    });

    it('@ForeignKey reads it from the database each time', async () => {
      for (let time = 0; time < 2; time += 1) {
        const one = await fresh();
        expect(await sqlOf(async () => expect((await one.reviewer)?.username).to.equal('bob'))).to.equal(1);
      }
    });

    it('shows what was written to the row since', async () => {
      await (
        await fresh()
      ).author;
      ann.email = 'new@example.org';
      await ann.save();
      expect((await (await fresh()).author).email).to.equal('new@example.org');
    });

    it('loads once for one instance, until the key is assigned or the instance is saved or reloaded', async () => {
      const one = await fresh();
      const loaded = await one.author;
      expect(await one.author).to.equal(loaded);
      one.authorId = bob.id;
      expect((await one.author).username).to.equal('bob');
      one.authorId = ann.id;
      await one.save();
      const again = await one.author;
      expect(again).to.not.equal(loaded);
      await one.reload();
      expect(await one.author).to.not.equal(again);
    });

    it('gives what was assigned, and null for null', async () => {
      const one = await fresh();
      one.author = bob;
      expect(await one.author).to.equal(bob);
      expect(one.authorId).to.equal(bob.id);
      one.reviewer = null;
      expect(await one.reviewer).to.equal(null);
      expect(one.reviewerId).to.equal(null);
    });

    it('says so where the row does not exist', async () => {
      const one = new Document({ title: 'x', authorId: 4711 });
      await rejection(
        Promise.resolve(one.author),
        RecordNotFoundError,
        'library.User: the row that a foreign key points at does not exist',
      );
      const late = await User.create({ id: 4711, username: 'late' });
      expect((await one.author).username, 'a failure is not kept').to.equal(late.username);
    });

    it('reads the own rows of a transaction inside it', async () => {
      await (
        await fresh()
      ).author;
      await transaction(async () => {
        ann.username = 'uncommitted';
        await ann.save();
        expect((await (await fresh()).author).username).to.equal('uncommitted');
        throw new Error('roll back');
      }).catch(() => undefined);
      expect((await (await fresh()).author).username).to.equal('ann');
    });

    it('one-to-one works the same way, from both sides', async () => {
      const { id } = await Profile.create({ bio: 'x', user: ann });
      const profile = await Profile.cache.get(id);
      expect((await profile.user).username).to.equal('ann');
      expect((await ann.profile)?.id).to.equal(id);
      expect(await bob.profile).to.equal(null);
      ann.username = 'anna';
      await ann.save();
      expect((await (await Profile.cache.get(id)).user).username).to.equal('anna');
    });
  });
});
