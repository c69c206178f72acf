import type { Random } from '../../test/support/random.js';
import type { History, Judge, Seen, StartedRead, Way } from './history.js';
import type { Realm } from './process.js';
import type { Scheduler } from './scheduler.js';
import type { State } from './simulated-database.js';
import type { StoredRow } from './sql.js';

export const ids = [1, 2, 3] as const;
export const parts = [0, 1] as const;

class RolledBack extends Error {}

/** Errors that a program has to expect of this library, by the names of their classes. */
const expected = new Set([
  'UniqueViolationError',
  'ConnectionError',
  'RecordNotFoundError',
  'StoreUnavailableError',
  'UnconfirmedInvalidationError',
  'WriteRefusedError',
]);

/** What all clients of a run share. */
export interface Stage {
  readonly scheduler: Scheduler;
  readonly history: History;
  /** Resolves when the client's next step is picked. */
  readonly until: (what: string) => Promise<void>;
  /** Gives a number that no row has had. */
  readonly nextValue: () => number;
  /** Whether to begin anything new. */
  readonly isOpen: () => boolean;
  /** One of so many things that clients do is a write. */
  readonly oneWrites: () => number;
  /** Whether clients ask the database itself at times: what these have seen others must not see older. */
  readonly readsPast: boolean;
}

/** One caller in one process, who reads and writes one thing after the other. */
export class Client {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #realm: Realm;
  readonly #process: number;

  constructor(stage: Stage, realm: Realm, process: number) {
    this.#stage = stage;
    this.#random = stage.scheduler.random;
    this.#realm = realm;
    this.#process = process;
  }

  async run(): Promise<void> {
    while (this.#stage.isOpen()) {
      await this.#stage.until(`p${this.#process} begins something`);
      try {
        await (this.#random.below(this.#stage.oneWrites()) === 0 ? this.#write() : this.#read());
      } catch (error) {
        if (error instanceof RolledBack || expected.has(error instanceof Error ? error.name : '')) continue;
        this.#stage.history.violations.push(`p${this.#process} met an error that nobody expects: ${String(error)}`);
      }
    }
  }

  /** Reads everything once and judges it. */
  async readAll(): Promise<void> {
    for (const id of ids) {
      await this.#readRow(id);
      await this.#readBadge(id);
    }
    for (const part of parts) {
      await this.#readCount(part);
      await this.#readList(part);
      await this.#readPair(1, 2);
      await this.#readNested(part, 1, 2);
    }
  }

  #read(): Promise<void> {
    if (this.#stage.readsPast && this.#random.below(6) === 0) return this.#readPast(this.#random.oneOf(ids));
    const [first, second, part] = [this.#random.oneOf(ids), this.#random.oneOf(ids), this.#random.oneOf(parts)];
    switch (this.#random.below(7)) {
      case 0:
      case 1:
        return this.#readRow(first);
      case 2:
        return this.#readCount(part);
      case 3:
        return this.#readList(part);
      case 4:
        return this.#readPair(first, second);
      case 5:
        return this.#readBadge(first);
      default:
        return this.#readNested(part, first, second);
    }
  }

  async #readRow(id: number): Promise<void> {
    const started = this.#begin(`row ${id}`);
    const row = await this.#realm.Cell.cache.find(id);
    const answer = row && { part: row.part, value: row.value };
    this.#end(started, answer, ({ fits }) =>
      fits('row', id, (each) => each?.[1] === answer?.part && each?.[2] === answer?.value),
    );
  }

  async #readPast(id: number): Promise<void> {
    const started = this.#begin(`row ${id} itself`);
    const [row] = await this.#realm.Cell.objects.noCache().filter({ id }).all();
    const answer = row && { part: row.part, value: row.value };
    this.#end(started, answer, ({ fits }) =>
      fits('row', id, (each) => each?.[1] === answer?.part && each?.[2] === answer?.value),
    );
  }

  async #readCount(part: number): Promise<void> {
    const started = this.#begin(`count of part ${part}`);
    const count = await this.#realm.Cell.objects.filter({ part }).cache().count();
    this.#end(started, count, (seen) => isCount(seen, part, count));
  }

  async #readList(part: number): Promise<void> {
    const started = this.#begin(`list of part ${part}`);
    const rows = await this.#realm.Cell.objects.filter({ part }).cache().all();
    const values = new Map(rows.map(({ id, value }) => [id, value]));
    this.#end(started, [...values], ({ fits }) =>
      ids.every((id) => fits(`list ${part}`, id, (row) => valueIn(row, part) === values.get(id))),
    );
  }

  async #readPair(first: number, second: number): Promise<void> {
    const started = this.#begin(`pair of ${first} and ${second}`);
    const pair = await this.#realm.pair(first, second);
    this.#end(started, pair, (seen) => areValues(seen, [first, second], pair));
  }

  async #readNested(part: number, first: number, second: number): Promise<void> {
    const started = this.#begin(`nested of ${part}, ${first} and ${second}`);
    const nested = await this.#realm.nested(part, first, second);
    const [count = 0, ...values] = nested;
    this.#end(started, nested, (seen) => isCount(seen, part, count) && areValues(seen, [first, second, first], values));
  }

  /** Asks an instance that was read a while ago for what is computed of its row now; without its row, it speaks for itself. */
  async #readBadge(id: number): Promise<void> {
    const instance = await this.#realm.Cell.cache.find(id);
    if (!instance) return;
    await this.#stage.until(`p${this.#process} keeps an instance for a while`);
    const started = this.#begin(`badge of ${id}`);
    const { value } = instance;
    const [badge] = await instance.badge();
    this.#end(started, badge, ({ fits }) => fits('row', id, (row) => (row ? row[2] : value) === badge));
  }

  #begin(what: string): StartedRead {
    this.#stage.scheduler.note(`p${this.#process} reads ${what}`);
    return this.#stage.history.begin(this.#process, what);
  }

  #end(started: StartedRead, answer: unknown, judge: Judge): void {
    this.#stage.scheduler.note(`p${this.#process} got ${JSON.stringify(answer)}`);
    this.#stage.history.end(started, answer, judge);
  }

  #write(): Promise<void> {
    const id = this.#random.oneOf(ids);
    switch (this.#random.below(7)) {
      case 0:
        return this.#create(id);
      case 1:
        return this.#delete(id);
      case 2:
        return this.#save(id);
      case 3:
        return this.#updateWhere({ id });
      case 4:
        return this.#updateWhere({ part: this.#random.oneOf(parts) });
      case 5:
        return this.#updateTogether(false);
      default:
        return this.#updateTogether(true);
    }
  }

  async #create(id: number): Promise<void> {
    const value = this.#stage.nextValue();
    await this.#acknowledged(hasValue(value), () =>
      this.#realm.Cell.create({ id, part: this.#random.oneOf(parts), value }),
    );
  }

  async #delete(id: number): Promise<void> {
    const since = this.#stage.history.now;
    const deleted = await this.#realm.Cell.objects.filter({ id }).delete();
    if (deleted === 0) return; // somebody else did, to whom it may not be acknowledged yet
    this.#stage.history.acknowledge(this.#process, since, (state, before) => before.has(id) && !state.has(id));
  }

  /** Saves an instance that comes from the cache and may be outdated by then. */
  async #save(id: number): Promise<void> {
    const instance = await this.#realm.Cell.cache.find(id);
    if (!instance) return;
    const value = this.#stage.nextValue();
    instance.value = value;
    instance.part = this.#random.oneOf(parts);
    await this.#acknowledged(hasValue(value), () => instance.save());
  }

  async #updateWhere(where: { id: number } | { part: number }): Promise<void> {
    const value = this.#stage.nextValue();
    const part = this.#random.oneOf(parts);
    await this.#acknowledged(hasValue(value), () =>
      this.#realm.Cell.objects.filter(where).update('id' in where ? { value, part } : { value }),
    );
  }

  /** Two rows get one value in a transaction, in which rows are read too; it may roll back. */
  async #updateTogether(rollsBack: boolean): Promise<void> {
    const { Cell, transaction, pair } = this.#realm;
    const value = this.#stage.nextValue();
    await this.#acknowledged(hasValue(value), () =>
      transaction(async () => {
        await Cell.objects.filter({ id: 1 }).update({ value });
        await Cell.cache.find(1);
        await Cell.objects.filter({ id: 2 }).update({ value });
        await pair(1, 2);
        if (rollsBack) throw new RolledBack();
      }),
    );
  }

  async #acknowledged(isDone: (state: State, before: State) => boolean, write: () => Promise<unknown>): Promise<void> {
    const since = this.#stage.history.now;
    await write();
    this.#stage.history.acknowledge(this.#process, since, isDone);
  }
}

function hasValue(value: number): (state: State) => boolean {
  return (state) => [...state.values()].some((row) => row[2] === value);
}

/** The value of a row that is in a part. */
function valueIn(row: StoredRow | undefined, part: number): number | undefined {
  return row?.[1] === part ? row[2] : undefined;
}

/** Whether so many rows may have been in a part. */
function isCount({ versions }: Seen, part: number, count: number): boolean {
  const way: Way = `count ${part}`;
  const most = ids.filter((id) => versions(way, id).some((row) => row?.[1] === part)).length;
  const least = ids.filter((id) => versions(way, id).every((row) => row?.[1] === part)).length;
  return least <= count && count <= most;
}

/** Whether rows may have had these values; 0 stands for no row. */
function areValues({ fits }: Seen, rows: readonly number[], values: readonly number[]): boolean {
  return rows.every((id, index) => fits('row', id, (row) => (row?.[2] ?? 0) === values[index]));
}
