import type { Awaitable } from '../../support/awaitable.js';
import { retryWhile } from '../../support/retry-while.js';
import type { CacheWrite, ListPage } from '../cache-store.js';
import type { CacheDialect, StoredText, StoredWrite } from './cache-dialect.js';
import { storedKey, storedText, textOf } from './stored-text.js';

/** Runs work on a connection. */
export type WithConnection<Connection> = <T>(work: (connection: Connection) => Awaitable<T>) => Awaitable<T>;

type Texts = (string | undefined)[];

/** Beyond every time that a ttl may reach, and within what each database and JavaScript count exactly. */
const foreverMs = 2 ** 52;
/** Others hold a lock for less, unless something is wrong; a caller does not wait any longer. */
const longestRetryMs = 250;
/**
 * So many rows that were put there pay for looking at twice as many in search of expired ones: what has expired and was
 * not deleted stays less than what was put there since.
 */
const rowsPerSweep = 500;

/**
 * Texts in a table of a SQL database: the work of a `CacheStore`, whatever the database is. The table is made when it
 * is missing, also when somebody deletes it later.
 */
export class CacheTable<Connection> {
  readonly #dialect: CacheDialect<Connection>;
  readonly #withConnection: WithConnection<Connection>;
  readonly #underWay = new Set<Promise<unknown>>();
  #rowsUntilSweep = rowsPerSweep;
  #sweeping = false;
  /** Where the next search for expired rows begins: anywhere at first, so that short-lived processes share the work. */
  #sweptTo: string | undefined;

  constructor(dialect: CacheDialect<Connection>, withConnection: WithConnection<Connection>) {
    this.#dialect = dialect;
    this.#withConnection = withConnection;
  }

  async read(keys: readonly string[]): Promise<Texts> {
    if (keys.length === 0) return [];
    const stored = keys.map(storedKey);
    const distinct = [...new Set(stored)];
    const found = await this.#run((connection) => this.#dialect.read(connection, distinct));
    return inOrder(stored, found);
  }

  async acquire(requests: readonly CacheWrite[]): Promise<Texts> {
    if (requests.length === 0) return [];
    const rows = requests.map(toRow);
    const first = new Map(rows.toReversed().map((row) => [row.key, row]));
    const found = await this.#run((connection) => this.#dialect.acquire(connection, [...first.values()]));
    this.#havePut(rows);
    return inOrder(
      rows.map(({ key }) => key),
      found,
    );
  }

  async write(entries: readonly CacheWrite[]): Promise<void> {
    if (entries.length === 0) return;
    const rows = entries.flatMap((entry) => [toRow(entry), ...noteOf(entry)]);
    const last = new Map(rows.map((row) => [row.key, row]));
    await this.#run((connection) => this.#dialect.write(connection, [...last.values()]));
    this.#havePut(rows);
  }

  async list(
    list: string,
    { after, limit }: { readonly after: string | undefined; readonly limit: number },
  ): Promise<ListPage> {
    const begin = storedText(list) + listMark;
    const range = { after: begin + storedText(after ?? ''), before: storedText(list) + afterListMark, limit };
    const found = await this.#run((connection) => this.#dialect.range(connection, range));
    const items = found.map(([key, text]) => ({ key: textOf(key.slice(begin.length)), text: textOf(text) }));
    return { items, next: items.length < limit ? undefined : items.at(-1)?.key };
  }

  async drop(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const distinct = [...new Set(keys.map(storedKey))];
    await this.#run((connection) => this.#dialect.drop(connection, distinct));
  }

  /** Resolves when nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
  }

  async #run<T>(work: (connection: Connection) => Awaitable<T>): Promise<T> {
    const running = this.#attempt(work);
    this.#underWay.add(running);
    try {
      return await running;
    } finally {
      this.#underWay.delete(running);
    }
  }

  async #attempt<T>(work: (connection: Connection) => Awaitable<T>): Promise<T> {
    try {
      return await this.#retry(work);
    } catch (error) {
      if (!this.#dialect.isMissingTable(error)) throw error;
    }
    await this.#retry((connection) => this.#dialect.createTable(connection));
    return this.#retry(work);
  }

  #retry<T>(work: (connection: Connection) => Awaitable<T>): Promise<T> {
    const attempt = (): Awaitable<T> => this.#withConnection(work);
    return retryWhile((error) => this.#dialect.isTransient(error), attempt, longestRetryMs);
  }

  #havePut(rows: readonly StoredWrite[]): void {
    this.#rowsUntilSweep -= rows.length;
    if (this.#rowsUntilSweep > 0 || this.#sweeping) return;
    const limit = 2 * (rowsPerSweep - this.#rowsUntilSweep);
    this.#rowsUntilSweep = rowsPerSweep;
    this.#sweptTo ??= rows[0]?.key ?? '';
    void this.#sweep(this.#sweptTo, limit);
  }

  /** Nobody waits for it, and one that fails is made up for by the next. */
  async #sweep(after: string, limit: number): Promise<void> {
    this.#sweeping = true;
    try {
      this.#sweptTo = (await this.#run((connection) => this.#dialect.sweep(connection, after, limit))) ?? '';
    } catch {
      // the store's users learn of it by their own operations
    } finally {
      this.#sweeping = false;
    }
  }
}

/** Stands between a list and the key of an entry in it. */
const listMark = ' ';
/** The character that comes next. */
const afterListMark = '!';

/** An entry's place in its list: a row of its own, which ends with the entry. */
function noteOf({ key, ttlMs, note }: CacheWrite): StoredWrite[] {
  return note ? [toRow({ key: note.list + listMark + key, value: note.text, ttlMs })] : [];
}

function toRow({ key, value, ttlMs }: CacheWrite): StoredWrite {
  const lifeMs = ttlMs === 0 ? foreverMs : Math.max(1, Math.round(ttlMs));
  return { key: storedKey(key), value: storedText(value), lifeMs };
}

function inOrder(keys: readonly string[], found: readonly StoredText[]): Texts {
  const texts = new Map(found);
  return keys.map((key) => {
    const stored = texts.get(key);
    return stored === undefined ? undefined : textOf(stored);
  });
}
