import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import {
  ConnectionError,
  DatabaseError,
  ForeignKeyViolationError,
  NotNullViolationError,
  UniqueViolationError,
  UsageError,
} from '../../../src/errors.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { freshDatabase } from '../../setup/fresh.js';
import { describeOnEveryDatabase, failure, gate } from './books.js';
import { read, write } from './statements.js';

const refusingTrigger = {
  sqlite: ["CREATE TRIGGER refuse BEFORE INSERT ON pages BEGIN SELECT RAISE(ABORT, 'secret'); END"],
  postgres: [
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'secret'; END $$",
    'CREATE TRIGGER refuse BEFORE INSERT ON pages FOR EACH ROW EXECUTE FUNCTION refuse()',
  ],
};

describeOnEveryDatabase('a statement', (books) => {
  const placeholder = () => (books.kind === 'postgres' ? '$1' : '?');

  describe('its result', () => {
    it('has rows as arrays in the order of the select list', async () => {
      await books.insert(1, 'a');
      const result = await books.db.run(read(`SELECT name, id, name FROM books WHERE id = ${placeholder()}`, 1));
      expect(result).to.deep.equal({ rows: [['a', 1, 'a']], changes: 0 });
    });

    it('counts the rows that were changed, with and without RETURNING', async () => {
      const { db } = books;
      expect((await db.run(write("INSERT INTO books (id, name) VALUES (1, 'a'), (2, 'b')"))).changes).to.equal(2);
      expect(await db.run(write("UPDATE books SET name = 'c' WHERE id = 1 RETURNING id, name"))).to.deep.equal({
        rows: [[1, 'c']],
        changes: 1,
      });
      expect(await db.run(write('DELETE FROM books'))).to.deep.equal({ rows: [], changes: 2 });
    });

    it('is the same when it is prepared, however often', async () => {
      await books.insert(1, 'a');
      const statement = { ...read(`SELECT name FROM books WHERE id = ${placeholder()}`, 1), prepare: true };
      for (let i = 0; i < 5; i++) expect((await books.db.run(statement)).rows).to.deep.equal([['a']]);
      expect((await books.db.run({ ...statement, parameters: [2] })).rows).to.deep.equal([]);
    });

    it('is right for many different prepared texts', async () => {
      for (let i = 0; i < 600; i++) {
        const { rows } = await books.db.run({ ...read(`SELECT ${i} + ${placeholder()}`, 1), prepare: true });
        expect(Number(rows[0]?.[0])).to.equal(i + 1);
      }
    });

    it('is right after the table of a prepared statement was altered', async () => {
      const { db } = books;
      await db.run(write('CREATE TABLE pages (id INTEGER)'));
      await db.run(write('INSERT INTO pages VALUES (1)'));
      const all = { ...read('SELECT * FROM pages'), prepare: true };
      expect((await db.run(all)).rows).to.deep.equal([[1]]);
      await db.run(write("ALTER TABLE pages ADD COLUMN title VARCHAR(9) DEFAULT 'x'"));
      expect((await db.run(all)).rows).to.deep.equal([[1, 'x']]);
    });

    it('is counted', async () => {
      const before = books.db.statements;
      await books.ids();
      await books.insert(1);
      await failure(books.insert(1));
      expect(books.db.statements - before).to.equal(3);
    });
  });

  describe('its errors', () => {
    it('tell a unique violation, its table and column, and no value', async () => {
      await books.insert(1, 'secret');
      const error = await failure(
        books.db.run({ ...write("INSERT INTO books VALUES (2, 'secret')"), model: 'shop.Book' }),
      );
      expect(error).to.be.instanceOf(UniqueViolationError);
      expect(error).to.include({ table: 'books' }).and.have.deep.property('columns', ['name']);
      expect(error.message).to.match(/^shop\.Book: INSERT failed: another row has this value in /);
      expect(error.message).to.not.include('secret');
      expect(error.cause).to.be.instanceOf(Error);
    });

    it('tell a violation of the primary key', async () => {
      await books.insert(1, 'a');
      const error = await failure(books.insert(1, 'b'));
      expect(error).to.be.instanceOf(UniqueViolationError).and.have.deep.property('columns', ['id']);
    });

    it('tell foreign key and not null violations', async () => {
      const { db } = books;
      await db.run(write('CREATE TABLE pages (book INTEGER NOT NULL REFERENCES books (id))'));
      expect(await failure(db.run(write('INSERT INTO pages VALUES (99)')))).to.be.instanceOf(ForeignKeyViolationError);
      const error = await failure(db.run(write('INSERT INTO pages VALUES (NULL)')));
      expect(error).to.be.instanceOf(NotNullViolationError);
      expect(error).to.include({ table: 'pages' }).and.have.deep.property('columns', ['book']);
      await books.insert(1);
      await db.run(write('INSERT INTO pages VALUES (1)'));
      expect(await failure(db.run(write('DELETE FROM books')))).to.be.instanceOf(ForeignKeyViolationError);
    });

    it('keep values out of other messages', async () => {
      const { db } = books;
      await db.run(write("CREATE TABLE pages (size INTEGER CHECK (size < 10), day DATE CHECK (day < '2000-01-01'))"));
      const statement = write(`INSERT INTO pages (size, day) VALUES (${placeholder()}, '1999-01-01')`, 123_456);
      const error = await failure(db.run(statement));
      expect(error).to.be.instanceOf(DatabaseError);
      expect(error.message)
        .to.match(/^INSERT failed: /)
        .and.not.include('123456');
      if (books.kind !== 'postgres') return;
      expect(error.message).to.equal(
        'INSERT failed: a value violates the constraint pages_size_check (SQLSTATE 23514).',
      );
      const text = await failure(db.run(write('INSERT INTO pages (size) VALUES ($1)', 'secret')));
      expect(text.message).to.equal('INSERT failed: the database refused a value (SQLSTATE 22P02).');
    });

    it("keep out what users' triggers say", async () => {
      const { db } = books;
      await db.run(write('CREATE TABLE pages (size INTEGER)'));
      const texts = books.kind === 'postgres' ? refusingTrigger.postgres : refusingTrigger.sqlite;
      for (const text of texts) await db.run(write(text));
      const error = await failure(db.run(write('INSERT INTO pages VALUES (1)')));
      expect(error.message).to.match(
        /^INSERT failed: a trigger (or function )?refused it \((SQLITE_CONSTRAINT_TRIGGER|SQLSTATE P0001)\)\.$/,
      );
    });

    it('name what is wrong with the SQL', async () => {
      const error = await failure(books.db.run(read('SELECT * FROM missing')));
      expect(error).to.be.instanceOf(DatabaseError).and.not.instanceOf(ConnectionError);
      expect(error.message).to.match(/^SELECT failed: .*missing/);
    });

    it('leave the connection usable where a parameter cannot be written', async () => {
      const circular: Record<string, unknown> = {};
      circular['self'] = circular;
      await books.db.transaction(async () => {
        await books.insert(1);
        const error = await failure(books.db.run(read(`SELECT ${placeholder()}`, circular)));
        expect(error).to.be.instanceOf(DatabaseError).and.not.instanceOf(ConnectionError);
        expect(await books.ids()).to.deep.equal([1]);
      });
    });
  });

  describe('telemetry', () => {
    it('tells text, model, rows and time of each statement, and no parameters', async () => {
      const events: unknown[] = [];
      const listener = (event: unknown): void => void events.push(event);
      subscribe('moneyclip:query', listener);
      await books.db.run({ ...read(`SELECT ${placeholder()}`, 'secret'), model: 'shop.Book' });
      await books.db.transaction(() => failure(books.db.transaction(() => books.db.run(read('SELECT broken')))));
      unsubscribe('moneyclip:query', listener);
      await books.ids();
      expect(events[0]).to.include({
        connection: 'default',
        model: 'shop.Book',
        text: `SELECT ${placeholder()}`,
        rows: 1,
      });
      expect(events[0]).to.have.property('durationMs').that.is.a('number').within(0, 10_000);
      const texts = events.slice(1).map((event) => (event as { text: string }).text);
      expect(texts).to.deep.equal([
        books.kind === 'postgres' ? 'BEGIN' : 'BEGIN IMMEDIATE',
        'SAVEPOINT moneyclip_2',
        'SELECT broken',
        'ROLLBACK TO SAVEPOINT moneyclip_2',
        'RELEASE SAVEPOINT moneyclip_2',
        'COMMIT',
      ]);
      expect(events[3]).to.have.property('error').that.is.instanceOf(DatabaseError);
      expect(JSON.stringify(events)).to.not.include('secret');
    });
  });

  describe('close()', () => {
    it('waits for what is running, and refuses what comes later', async () => {
      const db = await openDatabase(await freshDatabase(books.kind), { name: 'closing' });
      await db.run(write('CREATE TABLE books (id INTEGER)'));
      const begun = gate();
      const release = gate();
      const work = db.transaction(async () => {
        begun.open();
        await release.promise;
        await db.run(write('INSERT INTO books VALUES (1)'));
        return db.run(read('SELECT id FROM books'));
      });
      await begun.promise;
      const closing = db.close();
      for (const attempt of [db.run(read('SELECT 1')), db.transaction(() => undefined)]) {
        const error = await failure(attempt);
        expect(error).to.be.instanceOf(UsageError);
        expect(error.message).to.equal("The connection 'closing' is closed; use it before close(), or connect again.");
      }
      release.open();
      expect((await work).rows).to.deep.equal([[1]]);
      await closing;
      await db.close();
    });

    it('is refused inside a transaction, which it would wait for', async () => {
      const error = await failure(books.db.transaction(() => books.db.close()));
      expect(error).to.be.instanceOf(UsageError);
      expect(error.message).to.equal('close() inside a transaction would wait for itself; call it outside.');
      expect(await books.ids()).to.deep.equal([]);
    });
  });
});
