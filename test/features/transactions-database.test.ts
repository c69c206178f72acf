import { expect } from 'chai';
import { ForeignKeyViolationError, UniqueViolationError, UsageError } from '../../src/errors.js';
import { openDatabase } from '../../src/database/open-database.js';
import { outsideTransactions } from '../../src/database/transaction-scope.js';
import { freshDatabase } from '../setup/fresh.js';
import { describeOnEveryDatabase, failure } from '../unit/database/books.js';
import { read, write } from '../unit/database/statements.js';

describeOnEveryDatabase('a transaction', (books) => {
  it('commits what the function did and returns its value', async () => {
    const result = await books.db.transaction(async () => {
      await books.insert(1);
      return 'done';
    });
    expect(result).to.equal('done');
    expect(await books.ids()).to.deep.equal([1]);
  });

  it('rolls back and throws the very error of the function', async () => {
    const error = new Error('no');
    const thrown = await books.db
      .transaction(async () => {
        await books.insert(1);
        throw error;
      })
      .catch((caught: unknown) => caught);
    expect(thrown).to.equal(error);
    expect(await books.ids()).to.deep.equal([]);
  });

  it('takes a function that is not async', async () => {
    expect(await books.db.transaction(() => 7)).to.equal(7);
  });

  it('sends BEGIN, the statements and COMMIT, and nothing else', async () => {
    const before = books.db.statements;
    await books.db.transaction(() => books.insert(1));
    expect(books.db.statements - before).to.equal(3);
  });

  it('keeps uncommitted rows from others', async () => {
    if (books.kind === 'sqlite-memory') return; // its only connection is taken
    await books.db.transaction(async () => {
      await books.insert(1);
      expect(await outsideTransactions(books.ids)).to.deep.equal([]);
    });
    expect(await books.ids()).to.deep.equal([1]);
  });

  it('lets many transactions at once each do all of its work', async () => {
    await books.insert(1, '0');
    const addOne = () =>
      books.db.transaction(async () => {
        const lock = books.db.facts.rowLocks ? ' FOR UPDATE' : '';
        const { rows } = await books.db.run(read(`SELECT name FROM books WHERE id = 1${lock}`));
        await books.db.run(write(`UPDATE books SET name = '${Number(rows[0]?.[0]) + 1}' WHERE id = 1`));
      });
    await Promise.all(Array.from({ length: 20 }, addOne));
    expect((await books.db.run(read('SELECT name FROM books'))).rows).to.deep.equal([['20']]);
  });

  it('gives the typed error of a constraint that is checked at COMMIT, and goes on working', async () => {
    const pages = 'CREATE TABLE pages (book INTEGER REFERENCES books (id) DEFERRABLE INITIALLY DEFERRED)';
    await books.db.run(write(pages));
    const outcomes: string[] = [];
    const failing = books.db.transaction(async (transaction) => {
      transaction.onSettled((outcome) => void outcomes.push(outcome));
      await books.db.run(write('INSERT INTO pages (book) VALUES (99)'));
    });
    expect(await failure(failing)).to.be.instanceOf(ForeignKeyViolationError);
    expect(outcomes).to.deep.equal(['rolled back']);
    await books.db.transaction(() => books.insert(1));
    expect(await books.ids()).to.deep.equal([1]);
  });

  it('belongs to one connection only', async () => {
    const other = await openDatabase(await freshDatabase(books.kind), { name: 'other' });
    await other.run(write('CREATE TABLE pages (id INTEGER PRIMARY KEY)'));
    await failure(
      books.db.transaction(async (first) => {
        await books.insert(1);
        expect(other.currentTransaction()).to.equal(undefined);
        await other.run(write('INSERT INTO pages (id) VALUES (1)'));
        await other.transaction(async (second) => {
          expect(second.parent).to.equal(undefined);
          expect(books.db.currentTransaction()).to.equal(first);
          await books.db.transaction(() => books.insert(2));
          expect(other.currentTransaction()).to.equal(second);
        });
        throw new Error('undo the first only');
      }),
    );
    expect(await books.ids()).to.deep.equal([]);
    expect((await other.run(read('SELECT id FROM pages'))).rows).to.deep.equal([[1]]);
    await other.close();
  });
});

describeOnEveryDatabase('a nested transaction', (books) => {
  it('undoes only the inner work when the inner function throws', async () => {
    await books.db.transaction(async () => {
      await books.insert(1);
      await failure(books.db.transaction(() => books.insert(2).then(() => Promise.reject(new Error('inner')))));
      await books.insert(3);
    });
    expect(await books.ids()).to.deep.equal([1, 3]);
  });

  it('undoes the inner work with the outer', async () => {
    await failure(
      books.db.transaction(async () => {
        await books.db.transaction(() => books.insert(1));
        throw new Error('outer');
      }),
    );
    expect(await books.ids()).to.deep.equal([]);
  });

  it('goes on after a statement that failed inside the inner one', async () => {
    await books.db.transaction(async () => {
      await books.insert(1);
      const error = await failure(books.db.transaction(() => books.insert(1)));
      expect(error).to.be.instanceOf(UniqueViolationError);
      await books.db.transaction(async () => {
        await failure(books.db.transaction(() => books.insert(1)));
        await books.insert(2);
      });
    });
    expect(await books.ids()).to.deep.equal([1, 2]);
  });

  it('runs siblings that are started together one after the other', async () => {
    const order: string[] = [];
    const sibling = (id: number, fails: boolean) =>
      books.db.transaction(async () => {
        order.push(`begin ${id}`);
        await books.insert(id);
        await books.ids();
        order.push(`end ${id}`);
        if (fails) throw new Error('sibling');
      });
    await books.db.transaction(() => Promise.allSettled([sibling(1, false), sibling(2, true), sibling(3, false)]));
    expect(order).to.deep.equal(['begin 1', 'end 1', 'begin 2', 'end 2', 'begin 3', 'end 3']);
    expect(await books.ids()).to.deep.equal([1, 3]);
  });

  it('keeps a write of the outer one out of an inner one that is rolled back meanwhile', async () => {
    await books.db.transaction(async () => {
      const inner = failure(
        books.db.transaction(async () => {
          await books.insert(1);
          await books.ids();
          throw new Error('inner');
        }),
      );
      await books.ids();
      await Promise.all([inner, books.insert(2), books.db.knex('books').insert({ id: 3, name: 'n3' })]);
    });
    expect(await books.ids()).to.deep.equal([2, 3]);
  });

  it('tells its depth and its parent', async () => {
    await books.db.transaction(async (outer) => {
      await books.db.transaction(async (inner) => {
        expect([outer.depth, inner.depth]).to.deep.equal([1, 2]);
        expect(inner.parent).to.equal(outer);
        expect(books.db.currentTransaction()).to.equal(inner);
      });
      expect(books.db.currentTransaction()).to.equal(outer);
    });
    expect(books.db.currentTransaction()).to.equal(undefined);
  });
});

describeOnEveryDatabase('the isolation of a transaction', (books) => {
  for (const isolation of ['read committed', 'repeatable read', 'serializable'] as const) {
    it(`takes '${isolation}'`, async () => {
      await books.db.transaction(
        async (transaction) => {
          expect(transaction.isolation).to.equal(isolation);
          if (books.kind !== 'postgres') return;
          expect((await books.db.run(read('SHOW transaction_isolation'))).rows).to.deep.equal([[isolation]]);
        },
        { isolation },
      );
    });
  }

  it('refuses another name', async () => {
    const error = await failure(books.db.transaction(() => undefined, { isolation: 'snapshot' as 'serializable' }));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.equal(
      "isolation must be one of 'read committed', 'repeatable read', 'serializable'; got 'snapshot'",
    );
  });

  it('takes the same one again inside, and refuses another', async () => {
    const nested = (outer: 'serializable' | undefined) =>
      books.db.transaction(() => books.db.transaction(() => 'nested', { isolation: 'serializable' }), {
        isolation: outer,
      });
    expect(await nested('serializable')).to.equal('nested');
    const error = await failure(nested(undefined));
    expect(error).to.be.instanceOf(UsageError);
    expect(error.message).to.equal(
      "A nested transaction has the isolation of the outermost one, which is the database's default; got 'serializable'. Ask for it at the outermost transaction().",
    );
  });
});
