import { expect } from 'chai';
import { DatabaseError, UsageError } from '../../src/errors.js';
import type { Transaction } from '../../src/database/transaction.js';
import { describeOnEveryDatabase, failure, gate } from '../unit/database/books.js';
import { write } from '../unit/database/statements.js';

const ended = /^This transaction has ended; await everything inside it/;

describeOnEveryDatabase('knex in a transaction', (books) => {
  it('joins with builders and raw SQL', async () => {
    await failure(
      books.db.transaction(async () => {
        await books.insert(1);
        await books.db.knex('books').insert({ id: 2, name: 'n2' });
        await books.db.knex.raw("INSERT INTO books (id, name) VALUES (3, 'n3')");
        expect(await books.db.knex('books').pluck('id')).to.have.members([1, 2, 3]);
        throw new Error('undo');
      }),
    );
    expect(await books.ids()).to.deep.equal([]);
  });

  it('joins where a query is returned without being awaited', async () => {
    const query = () => books.db.knex('books').insert({ id: 1, name: 'n1' });
    await failure(
      books.db.transaction(() => books.db.transaction(query).then(() => Promise.reject(new Error('undo')))),
    );
    expect(await books.ids()).to.deep.equal([]);
    await books.db.transaction(query);
    expect(await books.ids()).to.deep.equal([1]);
  });

  it('takes turns with statements of the library on the one connection', async () => {
    const warnings: string[] = [];
    const listener = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', listener);
    await books.db.transaction(() =>
      Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          i % 2 ? books.insert(i) : books.db.knex('books').insert({ id: i, name: `n${i}` }),
        ),
      ),
    );
    await new Promise(setImmediate);
    process.off('warning', listener);
    expect(await books.ids()).to.have.length(20);
    expect(warnings).to.deep.equal([]);
  });

  it('refuses a transaction of its own inside, and batchInsert, which opens one', async () => {
    for (const attempt of [
      () => books.db.knex.transaction(async () => undefined),
      () => books.db.knex.transaction(),
      () => books.db.knex.batchInsert('books', [{ id: 1, name: 'n1' }]),
    ]) {
      const error = await failure(books.db.transaction(async () => void (await attempt())));
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.equal(
        'knex.transaction() inside transaction() would be a second transaction; nest transaction() instead, db.knex joins it by itself.',
      );
    }
    expect(await books.ids()).to.deep.equal([]);
  });

  it('has its own transactions outside', async () => {
    await books.db.knex.transaction((trx) => trx('books').insert({ id: 1, name: 'n1' }));
    expect(await books.ids()).to.deep.equal([1]);
  });
});

describeOnEveryDatabase('a transaction that is misused', (books) => {
  it('refuses code that still runs when its transaction has ended', async () => {
    let late: () => Promise<unknown> = () => Promise.resolve();
    let lateKnex: () => Promise<unknown> = () => Promise.resolve();
    let kept: Transaction | undefined;
    const later = gate();
    await books.db.transaction((transaction) => {
      kept = transaction;
      late = deferred(later.promise, () => books.insert(1));
      lateKnex = deferred(later.promise, async () => books.db.knex('books').insert({ id: 2, name: 'n2' }));
    });
    later.open();
    for (const error of [await failure(late()), await failure(lateKnex())]) {
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.match(ended);
    }
    expect(kept?.isOpen).to.equal(false);
    expect(() => kept?.onSettled(() => undefined)).to.throw(UsageError, ended);
    expect(await books.ids()).to.deep.equal([]);
  });

  it('refuses code of a nested transaction after its savepoint was rolled back', async () => {
    await books.db.transaction(async () => {
      const later = gate();
      let late: () => Promise<unknown> = () => Promise.resolve();
      await failure(
        books.db.transaction(() => {
          late = deferred(later.promise, () => books.insert(1));
          throw new Error('inner');
        }),
      );
      later.open();
      expect((await failure(late())).message).to.match(ended);
    });
  });

  it('rolls back when a nested transaction was not awaited', async () => {
    const later = gate();
    const lateErrors: Promise<Error>[] = [];
    const nested = (work: () => unknown) =>
      void lateErrors.push(failure(books.db.transaction(() => later.promise.then(() => void work()))));
    const error = await failure(
      books.db.transaction(async () => {
        await books.insert(1);
        nested(() => expect(() => books.db.currentTransaction()).to.throw(UsageError, ended));
        await books.ids();
      }),
    );
    expect(error.message).to.equal(
      'A write or a nested transaction is still open at the end of the transaction around it, which is rolled back; await everything inside a transaction.',
    );
    await failure(
      books.db.transaction(async () => {
        nested(() => undefined);
        await books.ids();
      }),
    );
    await books.db.transaction(() => books.insert(2));
    later.open();
    for (const late of await Promise.all(lateErrors)) expect(late.message).to.match(ended);
    expect(await books.ids()).to.deep.equal([2]);
  });

  it('stays usable when one of several nested transactions fails and the others are still running', async () => {
    const error = await failure(
      books.db.transaction(() =>
        Promise.all([
          books.db.transaction(() => Promise.reject(new Error('first'))),
          books.db.transaction(() => books.insert(2)),
          books.insert(3),
        ]),
      ),
    );
    expect(error.message).to.equal('first');
    expect(await books.ids()).to.deep.equal([]);
    await books.db.transaction(() => books.insert(4));
    expect(await books.ids()).to.deep.equal([4]);
  });

  it('reports a transaction that the database gave up because of an error that was caught inside', async () => {
    const outcomes: string[] = [];
    const failing = books.db.transaction(async (transaction) => {
      transaction.onSettled((outcome) => void outcomes.push(outcome));
      await books.insert(1);
      const text = books.kind === 'postgres' ? 'INSERT' : 'INSERT OR ROLLBACK';
      await failure(books.db.run(write(`${text} INTO books (id, name) VALUES (1, 'again')`)));
      await failure(books.insert(2));
    });
    const error = await failure(failing);
    expect(error).to.be.instanceOf(DatabaseError);
    expect(error.message).to.match(/^The (database rolled the transaction back instead|transaction was over before)/);
    expect(outcomes).to.have.length(1);
    expect(await books.ids()).to.deep.equal([]);
  });

  it('says unknown when SQL inside ended the transaction', async () => {
    if (books.kind === 'postgres') return; // the server takes the second COMMIT for a success
    const outcomes: string[] = [];
    const failing = books.db.transaction(async (transaction) => {
      transaction.onSettled((outcome) => void outcomes.push(outcome));
      await books.insert(1);
      await books.db.knex.raw('COMMIT');
      expect((await failure(books.insert(2))).message).to.match(/^The database rolled this transaction back/);
    });
    expect((await failure(failing)).message).to.match(/^The transaction was over before it was to be committed/);
    expect(outcomes).to.deep.equal(['unknown']);
  });
});

/** Starts `task` in this async context, but only after `start`. */
function deferred(start: Promise<void>, task: () => Promise<unknown>): () => Promise<unknown> {
  const result = start.then(task);
  result.catch(() => undefined); // looked at later
  return () => result;
}
