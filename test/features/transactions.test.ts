import { expect } from 'chai';
import {
  postponeInvalidation,
  transaction,
  TransactionConflictError,
  UniqueViolationError,
  UsageError,
  withoutInvalidation,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { libraryModels, User } from '../support/library-models.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

/** Runs `work` in a transaction that is rolled back. */
async function rolledBack(work: () => Promise<unknown>): Promise<void> {
  const undo = new Error('undo');
  const error = await rejection(
    transaction(async () => {
      await work();
      throw undo;
    }),
    Error,
  );
  if (error !== undo) throw error;
}

/** A promise, and what fulfils it. */
function gate(): [Promise<void>, () => void] {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return [opened, () => open()];
}

forEachCombination((combination) => {
  describe('transactions', () => {
    const db = connected(combination, libraryModels);
    let ann: User;
    const cachedName = async (): Promise<string> => (await User.cache.get(ann.id)).username;

    beforeEach(async () => {
      ann = await User.create({ username: 'ann' });
      await cachedName();
    });

    it('answer what their function returns, and keep what it wrote', async () => {
      const bob = await transaction(() => User.create({ username: 'bob' }));
      expect((await User.cache.get(bob.id)).username).to.equal('bob');
    });

    it('undo everything when their function throws, and throw that', async () => {
      await rolledBack(async () => {
        await User.create({ username: 'bob' });
        await User.objects.filter({ id: ann.id }).update({ email: 'x' });
        await ann.delete();
      });
      expect(await User.objects.count()).to.equal(1);
      expect((await User.cache.get(ann.id)).email).to.equal(null);
    });

    it('nest: a savepoint that is rolled back takes its own part alone', async () => {
      await transaction(async () => {
        await Object.assign(ann, { email: 'outer' }).save();
        await rolledBack(async () => {
          await Object.assign(ann, { email: 'inner' }).save();
          await User.create({ username: 'bob' });
        });
        expect((await User.objects.get({ id: ann.id })).email).to.equal('outer');
        await transaction(() => User.create({ username: 'cid' }));
      });
      expect((await User.objects.orderBy('id').all()).map(({ username }) => username)).to.deep.equal(['ann', 'cid']);
      expect((await User.cache.get(ann.id)).email).to.equal('outer');
    });

    it('go on after an error of the database that was caught inside', async () => {
      await transaction(async () => {
        const nested = transaction(() => User.create({ username: 'ann' })); // PostgreSQL gives up a transaction without savepoint
        await rejection(nested, UniqueViolationError);
        await User.create({ username: 'bob' });
      });
      expect(await User.objects.count()).to.equal(2);
    });

    it('take db.knex along', async () => {
      await rolledBack(async () => {
        await db().knex('library_users').where({ id: ann.id }).update({ username: 'raw' });
        expect((await User.objects.get({ id: ann.id })).username).to.equal('raw');
      });
      expect(await db().knex('library_users').pluck('username')).to.deep.equal(['ann']);
    });

    for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
      it(`have the isolation level '${isolation}'`, async () => {
        const texts = await statementsOf(() => transaction(() => User.objects.count(), { isolation }));
        const begin =
          combination.database === 'postgres' ? `BEGIN ISOLATION LEVEL ${isolation.toUpperCase()}` : 'BEGIN IMMEDIATE';
        expect(texts[0]).to.equal(begin);
        expect(texts.at(-1)).to.equal('COMMIT');
      });
    }

    it('refuse other isolation levels, and another one for a savepoint', async () => {
      await rejection(
        transaction(async () => undefined, { isolation: 'chaos' as never }),
        UsageError,
        "isolation must be one of 'read committed', 'repeatable read', 'serializable'; got 'chaos'",
      );
      await rejection(
        transaction(() => transaction(async () => undefined, { isolation: 'serializable' })),
        UsageError,
        "A nested transaction has the isolation of the outermost one, which is the database's default; got 'serializable'. Ask for it at the outermost transaction().",
      );
    });

    if (combination.database === 'postgres') {
      it('in conflict are told apart from other errors', async () => {
        const [hasRead, letRead] = gate();
        const [isChanged, letChange] = gate();
        const late = transaction(
          async () => {
            const user = await User.objects.get({ id: ann.id });
            letRead();
            await isChanged;
            await Object.assign(user, { email: 'late' }).save();
          },
          { isolation: 'repeatable read' },
        );
        await hasRead;
        await User.objects.filter({ id: ann.id }).update({ email: 'early' });
        letChange();
        await rejection(late, TransactionConflictError);
        expect((await User.cache.get(ann.id)).email).to.equal('early');
      });
    }

    describe('and instances', () => {
      it('that were created are new again, without the key, and can be saved', async () => {
        const bob = new User({ username: 'bob' });
        await rolledBack(async () => {
          await bob.save();
          expect(bob.isPersisted).to.equal(true);
        });
        expect([bob.isPersisted, bob.id, bob.username]).to.deep.equal([false, undefined, 'bob']);
        await bob.save();
        expect((await User.cache.get(bob.id)).username).to.equal('bob');
      });

      it('that were saved, even twice, still have their changes', async () => {
        await rolledBack(async () => {
          await Object.assign(ann, { username: 'first' }).save();
          await Object.assign(ann, { username: 'second' }).save();
        });
        expect(ann.changes()).to.deep.equal({ username: { before: 'ann', after: 'second' } });
        await ann.save();
        expect(await cachedName()).to.equal('second');
      });

      it('that were saved in a savepoint keep what the outer transaction stored', async () => {
        await transaction(async () => {
          await Object.assign(ann, { username: 'outer' }).save();
          await rolledBack(() => Object.assign(ann, { username: 'inner' }).save());
          expect(ann.changes()).to.deep.equal({ username: { before: 'outer', after: 'inner' } });
        });
        expect((await ann.reload()).username).to.equal('outer');
      });

      it('that were saved in a savepoint of a transaction that is rolled back are as before both', async () => {
        await rolledBack(async () => {
          await transaction(() => Object.assign(ann, { username: 'inner' }).save());
          await Object.assign(ann, { username: 'outer' }).save();
          await transaction(() => Object.assign(ann, { username: 'last' }).save());
        });
        expect(ann.changes()).to.deep.equal({ username: { before: 'ann', after: 'last' } });
      });

      it('that were deleted are stored still', async () => {
        await rolledBack(() => ann.delete());
        expect(ann.isPersisted).to.equal(true);
        await Object.assign(ann, { username: 'anna' }).save();
        expect(await cachedName()).to.equal('anna');
      });

      it('that were reloaded do not keep what was never committed', async () => {
        await rolledBack(async () => {
          await User.objects.filter({ id: ann.id }).update({ username: 'uncommitted' });
          await ann.reload();
        });
        expect(ann.username).to.equal('ann');
        expect(ann.changes()).to.deep.equal({});
      });
    });

    describe('and the cache', () => {
      it('read from the database inside, and store nothing', async () => {
        await rolledBack(async () => {
          await Object.assign(ann, { username: 'inside' }).save();
          const texts = await statementsOf(async () => {
            expect(await cachedName()).to.equal('inside');
            expect((await User.cache.get({ username: 'inside' })).id).to.equal(ann.id);
            expect(await User.cache.find({ username: 'ann' })).to.equal(undefined);
            expect(User.cache.peek(ann.id)).to.equal(undefined);
          });
          expect(texts).to.have.length(3);
          expect(await User.cache.explain(ann.id)).to.include({ state: 'bypass', reason: 'inside a transaction' });
        });
        expect(await cachedName()).to.equal('ann');
        expect((await User.cache.get({ username: 'ann' })).id).to.equal(ann.id);
      });

      it('invalidate after the outermost commit and not before', async () => {
        const before = db().stats().invalidations;
        await transaction(async () => {
          await transaction(() => Object.assign(ann, { username: 'new' }).save());
          expect(db().stats().invalidations).to.equal(before);
        });
        expect(db().stats().invalidations).to.equal(before + 1);
        expect(await cachedName()).to.equal('new');
      });

      it('invalidate nothing that was rolled back', async () => {
        const before = db().stats();
        await rolledBack(() => Object.assign(ann, { username: 'new' }).save());
        await transaction(() => rolledBack(() => User.objects.filter({ id: ann.id }).update({ email: 'x' })));
        expect(db().stats().invalidations).to.equal(before.invalidations);
        const texts = await statementsOf(cachedName);
        if (combination.database === 'postgres') expect(texts).to.deep.equal([]);
      });

      it('is left as it is by withoutInvalidation', async () => {
        const before = db().stats().invalidations;
        await withoutInvalidation(async () => {
          await Object.assign(ann, { username: 'new' }).save();
          await transaction(() => User.objects.filter({ id: ann.id }).update({ email: 'x' }));
        });
        expect(db().stats().invalidations).to.equal(before);
        if (combination.database === 'postgres') expect(await cachedName()).to.equal('ann');
        await Object.assign(ann, { username: 'newer' }).save();
        expect(await cachedName()).to.equal('newer');
      });

      it('is corrected once at the end by postponeInvalidation, also where it throws', async () => {
        const before = db().stats().invalidations;
        await rejection(
          postponeInvalidation(async () => {
            await Object.assign(ann, { username: 'new' }).save();
            await transaction(() => User.objects.filter({ id: ann.id }).update({ email: 'x' }));
            await postponeInvalidation(() => Object.assign(ann, { username: 'newer' }).save());
            expect(db().stats().invalidations).to.equal(before);
            throw new Error('afterwards');
          }),
          Error,
          'afterwards',
        );
        expect(db().stats().invalidations).to.equal(before + 1);
        expect(await cachedName()).to.equal('newer');
      });
    });
  });
});
