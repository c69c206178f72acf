import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import { openDatabase } from '../../../src/database/open-database.js';
import { freshDatabase, type DatabaseKind } from '../../setup/fresh.js';
import { read, write } from './statements.js';

const kinds: readonly DatabaseKind[] = ['sqlite', 'sqlite-memory', 'postgres'];

/** A database with a table `books (id, name unique)` that is empty before each test, and without a table `pages`. */
export interface Books {
  readonly kind: DatabaseKind;
  readonly db: DatabaseConnection;
  insert(id: number, name?: string): Promise<unknown>;
  /** The ids of all books. */
  ids(): Promise<unknown[]>;
}

/** Describes the same tests once for every kind of database. */
export function describeOnEveryDatabase(title: string, describeTests: (books: Books) => void): void {
  for (const kind of kinds) {
    describe(`${title} on ${kind}`, () => {
      const fixture = new BooksFixture(kind);
      before(() => fixture.open());
      beforeEach(() => fixture.empty());
      after(() => fixture.db.close());
      describeTests(fixture);
    });
  }
}

class BooksFixture implements Books {
  readonly kind: DatabaseKind;
  #db: DatabaseConnection | undefined;

  constructor(kind: DatabaseKind) {
    this.kind = kind;
  }

  get db(): DatabaseConnection {
    if (!this.#db) throw new Error('The database is open within tests only.');
    return this.#db;
  }

  insert = (id: number, name = `n${id}`): Promise<unknown> =>
    this.db.run(write(`INSERT INTO books (id, name) VALUES (${id}, '${name}')`));

  ids = async (): Promise<unknown[]> => (await this.db.run(read('SELECT id FROM books ORDER BY id'))).rows.flat();

  async empty(): Promise<void> {
    await this.db.run(write('DROP TABLE IF EXISTS pages'));
    await this.db.run(write('DELETE FROM books'));
  }

  async open(): Promise<void> {
    this.#db = await openDatabase(await freshDatabase(this.kind));
    await this.#db.run(write('CREATE TABLE books (id INTEGER PRIMARY KEY, name VARCHAR(50) UNIQUE)'));
  }
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof Error) return error;
  throw new Error(`Expected a rejection with an error, got ${String(error)}`);
}

/** A promise that a test resolves. */
export function gate(): { readonly promise: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => (open = resolve));
  return { promise, open: () => open() };
}
