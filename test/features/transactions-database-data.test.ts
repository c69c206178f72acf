import { expect } from 'chai';
import type { TransactionSlot } from '../../src/database/transaction.js';
import { describeOnEveryDatabase, failure } from '../unit/database/books.js';

describeOnEveryDatabase('onSettled of a transaction', (books) => {
  it('runs after COMMIT, outside of the transaction, and is awaited', async () => {
    const log: unknown[] = [];
    await books.db.transaction(async (transaction) => {
      transaction.onSettled(async (outcome) => {
        log.push(outcome, books.db.currentTransaction(), await books.ids());
      });
      await books.insert(1);
      log.push('function ends');
    });
    expect(log).to.deep.equal(['function ends', 'committed', undefined, [1]]);
  });

  it('runs the callbacks of nested ones after the outermost COMMIT, in the order of their work', async () => {
    const log: string[] = [];
    await books.db.transaction(async (outer) => {
      outer.onSettled((outcome) => void log.push(`outer ${outcome}`));
      await books.db.transaction((inner) => inner.onSettled((outcome) => void log.push(`inner ${outcome}`)));
      outer.onSettled((outcome) => void log.push(`last ${outcome}`));
      log.push('end');
    });
    expect(log).to.deep.equal(['end', 'outer committed', 'inner committed', 'last committed']);
  });

  it('says rolled back right after the rollback of a savepoint', async () => {
    const log: string[] = [];
    await books.db.transaction(async (outer) => {
      outer.onSettled((outcome) => void log.push(`outer ${outcome}`));
      await failure(
        books.db.transaction((inner) => {
          inner.onSettled(
            (outcome) => void log.push(`inner ${outcome}, inside: ${books.db.currentTransaction() !== undefined}`),
          );
          throw new Error('inner');
        }),
      );
      log.push('end');
    });
    expect(log).to.deep.equal(['inner rolled back, inside: false', 'end', 'outer committed']);
  });

  it('says rolled back for released savepoints when the outermost is rolled back', async () => {
    const log: string[] = [];
    await failure(
      books.db.transaction(async () => {
        await books.db.transaction((inner) => inner.onSettled((outcome) => void log.push(outcome)));
        throw new Error('outer');
      }),
    );
    expect(log).to.deep.equal(['rolled back']);
  });

  it('runs every callback and then throws the first error; the work stays committed', async () => {
    const log: string[] = [];
    const error = await failure(
      books.db.transaction(async (transaction) => {
        transaction.onSettled(() => Promise.reject(new Error('first')));
        transaction.onSettled(() => void log.push('second'));
        await books.insert(1);
      }),
    );
    expect(error.message).to.equal('first');
    expect(log).to.deep.equal(['second']);
    expect(await books.ids()).to.deep.equal([1]);
  });
});

describeOnEveryDatabase('the state of a transaction', (books) => {
  const list: TransactionSlot<string[]> = {
    create: () => [],
    merge: (outer, inner) => void outer.push(...inner),
  };

  it('is kept for each transaction and merged when a savepoint is released', async () => {
    await books.db.transaction(async (outer) => {
      outer.state(list).push('a');
      await books.db.transaction(async (inner) => {
        expect(inner.peekState(list)).to.equal(undefined);
        inner.state(list).push('b');
        expect(inner.state(list)).to.deep.equal(['b']);
      });
      expect(outer.state(list)).to.deep.equal(['a', 'b']);
    });
  });

  it('is dropped with a savepoint that is rolled back', async () => {
    await books.db.transaction(async (outer) => {
      await failure(
        books.db.transaction((inner) => {
          inner.state(list).push('b');
          throw new Error('inner');
        }),
      );
      expect(outer.peekState(list)).to.equal(undefined);
      await books.db.transaction((inner) => void inner.state(list).push('c'));
      expect(outer.peekState(list)).to.deep.equal(['c']);
    });
  });
});
