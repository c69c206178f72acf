import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  connect,
  invalidate,
  invalidateAll,
  invalidateModel,
  MemoryStore,
  postponeInvalidation,
  transaction,
  UsageError,
  withoutInvalidation,
} from '../../src/index.js';
import { CountingStore } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { Document, libraryModels, User } from '../support/library-models.js';
import { rejection } from '../support/rejection.js';

describe('invalidation', () => {
  forEachCombination((combination) => {
    const current = counted(combination, libraryModels);
    let ann: User;
    let bob: User;

    beforeEach(async () => {
      ann = await User.create({ username: 'ann' });
      bob = await User.create({ username: 'bob' });
      await User.cache.getMany([ann.id, bob.id]);
    });

    const states = async (): Promise<string[]> =>
      Promise.all([ann, bob].map(async ({ id }) => (await User.cache.explain(id)).state));

    for (const [what, run, expected] of [
      ['cache.invalidate(key)', () => User.cache.invalidate(ann.id), ['miss', 'hit']],
      ['cache.invalidate({ unique })', () => User.cache.invalidate({ username: 'ann' }), ['miss', 'hit']],
      ['invalidate(instance)', () => invalidate(ann), ['miss', 'hit']],
      ['invalidateModel(Model)', () => invalidateModel(User), ['miss', 'miss']],
      ['invalidateModel of another model', () => invalidateModel(Document), ['hit', 'hit']],
      ['invalidateAll()', () => invalidateAll(), ['miss', 'miss']],
    ] as const) {
      it(`${what} forgets exactly that, in 1 round trip where nothing has to be asked`, async () => {
        const { drop } = await current().costOf(run);
        expect(await states()).to.deep.equal(expected);
        expect(drop).to.equal(combination.cache === 'redis' ? 1 : 0);
      });

      it(`${what} inside a transaction waits for its commit`, async () => {
        await transaction(async () => {
          await run();
          throw new Error('roll back');
        }).catch(() => undefined);
        expect(await states()).to.deep.equal(['hit', 'hit']);
        await transaction(run);
        expect(await states()).to.deep.equal(expected);
      });
    }

    it('refuses what is no stored instance', async () => {
      await rejection(
        invalidate({} as User),
        UsageError,
        'invalidate(instance): expected a model instance, got object',
      ); // a caller without types
      await rejection(
        invalidate(new User({ username: 'new' })),
        UsageError,
        'invalidate(instance): this library.User was never stored',
      );
    });

    it('withoutInvalidation holds it back for good', async () => {
      await withoutInvalidation(async () => {
        ann.email = 'new@example.org';
        await ann.save();
        await transaction(async () => {
          bob.email = 'new@example.org';
          await bob.save();
        });
      });
      expect(await states()).to.deep.equal(['hit', 'hit']);
      ann.email = 'newer@example.org';
      await ann.save();
      expect(await states()).to.deep.equal(['miss', 'hit']);
    });

    it('postponeInvalidation runs it once at the end, for single writes and for transactions', async () => {
      const { drop } = await current().costOf(() =>
        postponeInvalidation(async () => {
          ann.email = 'new@example.org';
          await ann.save();
          await transaction(async () => {
            bob.email = 'new@example.org';
            await bob.save();
          });
          await postponeInvalidation(() => User.create({ username: 'cat' }));
          expect(await states()).to.deep.equal(['hit', 'hit']);
        }),
      );
      expect(await states()).to.deep.equal(['miss', 'miss']);
      expect(drop).to.equal(combination.cache === 'redis' ? 1 : 0);
    });

    it('postponeInvalidation inside a transaction ends with its commit, and with its rollback in nothing', async () => {
      const write = (fail: boolean) =>
        transaction(async () => {
          await postponeInvalidation(async () => {
            await User.objects.filter({ id: ann.id }).update({ email: 'new@example.org' });
          });
          if (fail) throw new Error('roll back');
        });
      await write(true).catch(() => undefined);
      expect(await states()).to.deep.equal(['hit', 'hit']);
      await write(false);
      expect(await states()).to.deep.equal(['miss', 'hit']);
    });

    it('does not happen for a write that failed', async () => {
      ann.username = 'bob';
      await ann.save().catch(() => undefined);
      expect(await states()).to.deep.equal(['hit', 'hit']);
    });
  });

  it('of very many rows costs a bounded number of stamps', async () => {
    const cache = new CountingStore(new MemoryStore());
    const db = await connect({ database: 'sqlite::memory:', cache });
    await db.createTables(libraryModels);
    const users = await User.objects.bulkCreate(
      Array.from({ length: 2000 }, (_, index) => ({ username: `user ${index}` })),
    );
    await User.cache.getMany(users.map(({ id }) => id));
    cache.reset();
    await User.objects.filter({ id__gt: 0 }).update({ email: 'x' });
    expect(cache.calls.drop).to.equal(1);
    expect(cache.keys.drop).to.be.below(10);
    expect((await User.cache.explain(users[0]?.id ?? 0)).state).to.equal('miss');
    await transaction(async () => {
      for (let start = 0; start < 2000; start += 400) {
        await User.objects.filter({ id__gt: start, id__lte: start + 400 }).update({ email: 'y' });
      }
    });
    expect(cache.keys.drop).to.be.below(10_000);
    await db.close();
  });
});
