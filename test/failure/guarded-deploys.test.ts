import { expect } from 'chai';
import createKnex, { type Knex } from 'knex';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  CachedModel,
  captureMigration,
  Column,
  PrimaryKey,
  Table,
  type CacheManager,
  type ConnectOptions,
  type Database,
  type Manager,
  type ModelClass,
} from '../../src/index.js';
import { startStandby } from '../setup/servers.js';
import { Book, Shelf, shelfModels } from '../support/captured-models.js';
import { CapturedServers } from '../support/captured-servers.js';
import { firstBook } from '../support/first-book.js';
import { heardByAll } from '../support/outbox.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';
import { warnings } from '../support/warnings.js';

const window = 500;
const longestGateMs = window * 1.05 + 50;
const checkMs = 50;

/** One table as two releases declare it, each in a process of its own. */
@Table('captured_notes', { label: 'captured.NoteOfOld', connection: 'old' })
class OldNote extends CachedModel {
  declare static objects: Manager<OldNote>;
  declare static cache: CacheManager<OldNote>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
  @Column({ type: 'integer' }) declare views: number;
}

@Table('captured_notes', { label: 'captured.NoteOfNew', connection: 'new' })
class NewNote extends CachedModel {
  declare static objects: Manager<NewNote>;
  declare static cache: CacheManager<NewNote>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
  @Column({ type: 'integer', volatile: true }) declare views: number;
  @Column({ type: 'string', index: true, default: 'none' }) declare kind: string;
}

/** The same in a release that calls a column volatile, of which the triggers need not know. */
@Table('captured_notes', { label: 'captured.NoteOfCounting', connection: 'counted' })
class CountedNote extends CachedModel {
  declare static objects: Manager<CountedNote>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
  @Column({ type: 'integer', volatile: true }) declare views: number;
}

describe('the guarded level while something is changed', function () {
  this.timeout(40_000);
  const servers = new CapturedServers();
  const { opened } = servers;
  const { titleNow, hit, cached } = firstBook(opened);
  let knex: Knex;
  let heard: ReturnType<typeof warnings>;

  const open = (name = 'default', options: Partial<ConnectOptions> = {}): Promise<Database> =>
    servers.open({ name, capture: { pollMs: 5, checkMs }, guarantee: { level: 'guarded', window }, ...options });
  const migrate = async (...models: readonly ModelClass[]): Promise<void> => {
    await captureMigration({ models }).up(knex);
  };
  const noteCached = (model: typeof OldNote | typeof NewNote): Promise<void> =>
    until(async () => {
      await model.cache.get(1);
      return (await model.cache.explain(1)).state === 'hit';
    });

  beforeEach(async () => {
    heard = warnings('moneyclip, change capture');
    knex = createKnex({ client: 'pg', connection: servers.postgres.url, pool: { min: 0, max: 1 } });
    await migrate(...shelfModels);
    await servers.other.query('CREATE TABLE captured_notes (id int PRIMARY KEY, text text, views int)');
    await servers.other.query("INSERT INTO captured_notes VALUES (1, 'first', 0)");
  });

  afterEach(async () => {
    heard.end();
    await servers.other.query('DROP TABLE captured_notes; DROP EVENT TRIGGER IF EXISTS refuse');
    await knex.destroy();
  });

  describe('by a release that adds an indexed column and calls another one volatile', () => {
    const addColumn = (): Promise<unknown> =>
      servers.other.query("ALTER TABLE captured_notes ADD COLUMN kind text NOT NULL DEFAULT 'none'");

    it('caches nothing of the table in the new release before it is migrated, and goes on in the old one', async () => {
      await migrate(OldNote);
      await addColumn();
      await open('old');
      await noteCached(OldNote);
      await open('new');
      const why = "the triggers do not record the column 'kind'; run: npx moneyclip migrate";
      const { state, reason } = await NewNote.cache.explain(1);
      expect([state, reason]).to.deep.equal(['bypass', `changes of table captured_notes are not captured: ${why}`]);
      for (const text of ['second', 'third']) {
        await NewNote.objects.filter({ id: 1 }).update({ text });
        expect((await OldNote.cache.get(1)).text).to.equal(text);
        expect((await NewNote.cache.get(1)).text).to.equal(text);
        await noteCached(OldNote);
      }
      expect(heard.end()).to.deep.equal([
        `moneyclip, change capture of connection 'new': nothing is cached that depends on captured_notes (${why})`,
      ]);
    });

    it('serves nothing old in either while both write, once it is migrated', async () => {
      await migrate(OldNote);
      await open('old');
      await noteCached(OldNote);
      await addColumn();
      await migrate(NewNote);
      const why = "the triggers take the column 'views' for volatile; run: npx moneyclip migrate";
      await until(async () => (await OldNote.cache.explain(1)).reason?.endsWith(why) === true);
      await open('new');
      const ofKind = NewNote.objects.filter({ kind: 'none' }).cache();
      const texts = async (): Promise<string[]> => (await ofKind.all()).map(({ text }) => text);
      for (let round = 0; round < 5; round += 1) {
        await noteCached(NewNote);
        await texts();
        await OldNote.objects.filter({ id: 1 }).update({ text: `old ${round}` });
        expect((await NewNote.cache.get(1)).text).to.equal(`old ${round}`);
        expect(await texts()).to.deep.equal([`old ${round}`]);
        await noteCached(NewNote);
        await NewNote.objects.filter({ id: 1 }).update({ text: `new ${round}`, views: round });
        expect((await OldNote.cache.get(1)).text).to.equal(`new ${round}`);
        expect((await NewNote.cache.get(1)).views).to.equal(round);
        expect(await texts()).to.deep.equal([`new ${round}`]);
      }
    });
  });

  it('makes one that leads hear for another, also of what only that one calls volatile', async () => {
    await migrate(OldNote);
    await open('old'); // which leads
    await noteCached(OldNote);
    await open('counted');
    const text = async (): Promise<unknown> => (await CountedNote.objects.filter({ id: 1 }).cache().values('text'))[0];
    const counted = opened[1];
    for (const next of ['second', 'third']) {
      await until(async () => {
        const earlier = counted?.stats().hits ?? 0;
        await text();
        return (counted?.stats().hits ?? 0) > earlier;
      });
      await servers.other.query('UPDATE captured_notes SET text = $1', [next]);
      await heardByAll(servers.other);
      expect(await text()).to.deep.equal({ text: next });
    }
  });

  it('serves nothing old of two applications under one prefix that know different tables', async () => {
    await migrate(OldNote);
    await open('old'); // which leads, and knows no books
    await noteCached(OldNote);
    const db = await open();
    const hits = async (): Promise<number> => {
      await Book.cache.get(1);
      return db.stats().hits;
    };
    for (const title of ['second', 'third']) {
      await until(async () => (await hits()) < (await hits()));
      await servers.other.query('UPDATE captured_books SET title = $1 WHERE id = 1', [title]);
      await heardByAll(servers.other);
      expect(await titleNow()).to.equal(title);
      await until(async () => (await hits()) < (await hits()));
      await Book.objects.filter({ id: 1 }).update({ title: `${title} again` });
      expect(await titleNow()).to.equal(`${title} again`);
    }
  });

  it('goes on as before where a migration is interrupted half way', async () => {
    await open();
    await cached('first');
    await servers.other.query(
      `CREATE OR REPLACE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
         IF EXISTS (SELECT FROM pg_trigger WHERE tgname = 'moneyclip_capture_update' AND tgrelid = 'captured_notes'::regclass)
         THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; END $$;
       CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION refuse()`,
    );
    await open('old');
    await rejection(migrate(OldNote), Error);
    await servers.other.query('DROP EVENT TRIGGER refuse');
    const why = 'public.captured_notes has no trigger moneyclip_capture_insert; run: npx moneyclip migrate';
    expect((await OldNote.cache.explain(1)).reason).to.contain(why);
    await cached('first');
    await Book.objects.filter({ id: 1 }).update({ title: 'second' });
    expect(await titleNow()).to.equal('second');
    await migrate(OldNote);
    await noteCached(OldNote);
  });

  it('lets readers and writers go on while everything is taken away and made again, and serves nothing old', async () => {
    const db = await open();
    await cached('first');
    let isOver = false;
    let longestMs = 0;
    let writes = 0;
    const load = (async () => {
      while (!isOver) {
        const title = `title ${writes}`;
        const startedAt = performance.now();
        await Book.objects.filter({ id: 1 }).update({ title });
        longestMs = Math.max(longestMs, performance.now() - startedAt);
        expect(await titleNow()).to.equal(title);
        await titleNow();
        writes += 1;
      }
    })();
    load.catch(() => (isOver = true));
    await until(() => isOver || writes > 20);
    await captureMigration({ models: shelfModels }).down(knex);
    await until(async () => isOver || (await db.capture.status()).silence !== undefined);
    await new Promise((resolve) => setTimeout(resolve, 2 * longestGateMs));
    const without = writes;
    await until(() => isOver || writes > without + 20); // they need not wait any more
    await migrate(Shelf, Book);
    await until(async () => isOver || (await hit()) !== undefined);
    isOver = true;
    await load;
    expect(longestMs).to.be.lessThan(5000);
    expect(await titleNow()).to.equal(`title ${writes - 1}`);
  });

  it('caches nothing in a process that reads a hot standby, and takes nothing of what others cached', async () => {
    const standby = await startStandby(servers.postgres);
    try {
      await open();
      await cached('first');
      const lagging = await open('old', { database: standby.url });
      expect((await lagging.capture.status()).silence).to.equal(
        'this server is a hot standby, whose rows lag behind; connect to the primary',
      );
      expect((await OldNote.cache.explain(1)).state).to.equal('bypass');
      await Book.objects.filter({ id: 1 }).update({ title: 'second' });
      expect(await titleNow()).to.equal('second');
    } finally {
      await opened.pop()?.close();
      await standby.kill();
    }
  });
});
