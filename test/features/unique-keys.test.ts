import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  connect,
  PrimaryKey,
  RecordNotFoundError,
  Table,
  transaction,
  UsageError,
  type CacheManager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { Document, libraryModels, Profile, User } from '../support/library-models.js';
import { rejection } from '../support/rejection.js';

describe('Model.cache.get by unique values', () => {
  forEachCombination((combination) => {
    const current = counted(combination, libraryModels);
    let ann: User;
    let bob: User;

    beforeEach(async () => {
      ann = await User.create({ username: 'ann' });
      bob = await User.create({ username: 'bob' });
    });

    const idOf = async (username: string): Promise<number | undefined> => (await User.cache.find({ username }))?.id;

    it('finds the row, and asks the database no more when warm', async () => {
      expect(await idOf('ann')).to.equal(ann.id);
      expect(await idOf('bob')).to.equal(bob.id);
      const { sql } = await current().costOf(async () => {
        expect([await idOf('ann'), await idOf('bob')]).to.deep.equal([ann.id, bob.id]);
      });
      expect(sql).to.equal(0);
    });

    it('get throws where nobody has the value, and find gives undefined', async () => {
      await rejection(
        User.cache.get({ username: 'nobody' }),
        RecordNotFoundError,
        'library.User: there is no row with this key',
      );
      expect(await User.cache.find({ username: 'nobody' })).to.equal(undefined);
    });

    it('follows a value that moves to another row', async () => {
      expect([await idOf('ann'), await idOf('bob')]).to.deep.equal([ann.id, bob.id]);
      ann.username = 'free';
      await ann.save();
      expect([await idOf('ann'), await idOf('free')]).to.deep.equal([undefined, ann.id]);
      bob.username = 'ann';
      await bob.save();
      expect([await idOf('ann'), await idOf('bob'), await idOf('free')]).to.deep.equal([bob.id, undefined, ann.id]);
    });

    it('follows two rows that exchange their values in a transaction', async () => {
      await Promise.all([idOf('ann'), idOf('bob')]);
      await transaction(async () => {
        ann.username = 'between';
        await ann.save();
        bob.username = 'ann';
        await bob.save();
        ann.username = 'bob';
        await ann.save();
      });
      expect([await idOf('ann'), await idOf('bob'), await idOf('between')]).to.deep.equal([bob.id, ann.id, undefined]);
    });

    it('shows the row as it is after other columns were written', async () => {
      await idOf('ann');
      ann.email = 'new@example.org';
      await ann.save();
      expect((await User.cache.get({ username: 'ann' })).email).to.equal('new@example.org');
    });

    it('finds nobody after the row was deleted, and the new one after that', async () => {
      await idOf('ann');
      await ann.delete();
      expect(await idOf('ann')).to.equal(undefined);
      const again = await User.create({ username: 'ann' });
      expect(await idOf('ann')).to.equal(again.id);
    });

    it('reads the transaction’s own rows inside one, and stores nothing of them', async () => {
      await idOf('ann');
      await transaction(async () => {
        ann.username = 'uncommitted';
        await ann.save();
        expect([await idOf('ann'), await idOf('uncommitted')]).to.deep.equal([undefined, ann.id]);
        throw new Error('roll back');
      }).catch(() => undefined);
      expect([await idOf('ann'), await idOf('uncommitted')]).to.deep.equal([ann.id, undefined]);
    });

    it('takes further columns, which must hold as well', async () => {
      expect((await User.cache.find({ username: 'ann', email: null }))?.id).to.equal(ann.id);
      expect(await User.cache.find({ username: 'ann', email: 'other' })).to.equal(undefined);
      expect((await User.cache.find({ id: ann.id, username: 'ann' }))?.id).to.equal(ann.id);
      expect(await User.cache.find({ id: ann.id, username: 'bob' })).to.equal(undefined);
    });

    it('takes a one-to-one relation, by instance or by key', async () => {
      const profile = await Profile.create({ bio: 'x', user: ann });
      for (const values of [{ user: ann }, { userId: ann.id }] as const) {
        expect((await Profile.cache.get(values)).id).to.equal(profile.id);
      }
      expect(await Profile.cache.find({ user: bob })).to.equal(undefined);
      profile.user = bob;
      await profile.save();
      expect(await Profile.cache.find({ user: ann })).to.equal(undefined);
      expect((await Profile.cache.get({ user: bob })).id).to.equal(profile.id);
    });

    it('finds values of any length and script', async () => {
      const slugs = ['x'.repeat(300), 'ünïcödé ✓', 'a=b~c', '~', ' ', 'quote\'"', 'ÀB'];
      for (const slug of slugs) {
        expect(await Document.cache.find({ slug }), slug).to.equal(undefined);
        const document = await Document.create({ title: 't', slug, author: ann });
        expect((await Document.cache.find({ slug }))?.id, slug).to.equal(document.id);
        expect((await Document.cache.find({ slug }))?.slug, slug).to.equal(slug);
      }
    });

    it('refuses values of which none is unique, null, and unknown columns', async () => {
      await rejection(
        User.cache.get({ email: 'x' }),
        UsageError,
        'library.User.cache.get({ email }): none of these is a unique column with a value. Use one of id, username, or objects.get().',
      );
      await rejection(Document.cache.get({ slug: null }), UsageError);
      await rejection(User.cache.get({}), UsageError);
      await rejection(
        User.cache.get({ usrname: 'ann' } as unknown as { username: string }),
        UsageError,
        "library.User has no column 'usrname'; did you mean 'username'?",
      ); // a caller without types
    });
  });
});

@Table('tenant_members', { label: 'tenants.Member', connection: 'tenants' })
class Member extends CachedModel {
  declare static cache: CacheManager<Member>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
}

describe('Model.cache.get by unique values where tenants have their own cache', () => {
  it('finds what each has cached', async () => {
    let tenant = 'a';
    const db = await connect({ name: 'tenants', database: 'sqlite::memory:', prefix: () => `${tenant}:` });
    await db.createTables([Member]);
    await Member.create({ name: 'ann' });
    const statements = async (of: string): Promise<number> => {
      tenant = of;
      const sent = db.stats().statements;
      expect(await Member.cache.get({ name: 'ann' })).to.include({ id: 1 });
      return db.stats().statements - sent;
    };
    const sent: number[] = [];
    for (const of of ['a', 'a', 'b', 'b', 'a', 'b']) sent.push(await statements(of));
    expect(sent).to.eql([2, 0, 2, 0, 0, 0]);
    await db.close();
  });
});
