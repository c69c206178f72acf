import { expect } from 'chai';
import { Redis } from 'ioredis';
import { after, before, beforeEach, describe, it } from 'mocha';
import {
  CachedForeignKey,
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  type Database,
  type Manager,
  type Related,
} from '../../src/index.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { startRedis, type TestServer } from '../setup/servers.js';

let runs = 0;

@Table('tracked_authors', { label: 'tracked.Author' })
class Author extends CachedModel {
  declare static objects: Manager<Author>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('tracked_notes', { label: 'tracked.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @CachedForeignKey(() => Author) declare author: Related<Author>;
  declare authorId: number;

  @moneyclip()
  async summary(): Promise<{ title: string; authors: string[] }> {
    runs += 1;
    const note = await Note.objects.get({ id: this.id });
    return { title: note.title, authors: [(await note.author).name] };
  }
}

/** The same tables as another process sees them: with the same cache, and nothing else in common. */
@Table('tracked_authors', { label: 'tracked.AuthorElsewhere', connection: 'elsewhere' })
class AuthorElsewhere extends CachedModel {
  declare static objects: Manager<AuthorElsewhere>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('tracked_notes', { label: 'tracked.NoteElsewhere', connection: 'elsewhere' })
class NoteElsewhere extends CachedModel {
  declare static objects: Manager<NoteElsewhere>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
}

/** What the server was asked for while `task` ran, by the names of the commands. */
async function commandsOf(server: Redis, task: () => Promise<unknown>): Promise<Record<string, number>> {
  await server.config('RESETSTAT');
  await task();
  const facts = await server.info('commandstats');
  const counts = [...facts.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)].map(([, name, calls]) => [name, Number(calls)]);
  const { 'config|resetstat': _reset, info: _info, ...rest } = Object.fromEntries(counts) as Record<string, number>;
  return rest;
}

for (const database of ['postgres', 'sqlite'] as const) {
  describe(`values that Redis tells of, on ${database}`, () => {
    let server: TestServer;
    let redis: Redis;
    let db: Database;
    let elsewhere: Database;
    let note: Note;

    before(async () => {
      server = await startRedis();
      redis = new Redis(server.port);
      const options = { database: await freshDatabase(database), cache: server.url, prefix: freshPrefix() };
      db = await connect(options);
      elsewhere = await connect({ ...options, name: 'elsewhere' });
      await db.createTables([Author, Note]);
    });

    beforeEach(async () => {
      const author = await Author.objects.create({ name: 'Ada' });
      note = await Note.objects.create({ title: 'first', authorId: author.id });
      for (let time = 0; time < 4; time += 1) {
        await note.summary();
        await new Promise((resolve) => setImmediate(resolve)); // the fill is on its way, before the next read
      }
      runs = 0;
    });

    after(async () => {
      await db.close();
      await elsewhere.close();
      await redis.quit();
      await server.kill();
    });

    it('takes one ping a hit, and no key', async () => {
      const commands = await commandsOf(redis, async () => {
        for (let time = 0; time < 5; time += 1) {
          expect(await note.summary()).to.eql({ title: 'first', authors: ['Ada'] });
        }
      });
      expect(commands).to.eql({ ping: 5 });
      expect(runs).to.equal(0);
    });

    it('takes one ping for many that are asked for at once', async () => {
      const notes = await Note.objects.bulkCreate(
        Array.from({ length: 70 }, (_, index) => ({ title: `note ${index}`, authorId: note.authorId })),
      );
      const all = (): Promise<unknown> => Promise.all(notes.map((each) => each.summary()));
      for (let time = 0; time < 4; time += 1) {
        await all();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const expected = notes.map(({ title }) => ({ title, authors: ['Ada'] }));
      const commands = await commandsOf(redis, async () => expect(await all()).to.eql(expected));
      expect(commands).to.eql({ ping: 1 });
      await NoteElsewhere.objects.filter({ id: notes[3]?.id ?? 0 }).update({ title: 'changed' });
      await Author.objects.filter({ id: note.authorId }).update({ name: 'Grace' });
      const changed = expected.map(({ title }, index) => ({
        title: index === 3 ? 'changed' : title,
        authors: ['Grace'],
      }));
      for (let time = 0; time < 4; time += 1) expect(await all()).to.eql(changed);
    });

    it('takes one ping for a list of many rows, and gives everybody instances of their own', async () => {
      const title = 'a title '.repeat(25).trim(); // so that the entry has some 10,000 characters
      const { id } = await Author.objects.create({ name: 'Long' });
      await Note.objects.bulkCreate(Array.from({ length: 50 }, () => ({ title, authorId: id })));
      const titles = async (): Promise<Set<string>> => {
        const list = await Note.objects.filter({ authorId: id }).orderBy('id').cache().all();
        expect(list).to.have.lengthOf(50);
        const seen = new Set(list.map((each) => each.title));
        for (const each of list) each.title = 'mine';
        return seen;
      };
      for (let time = 0; time < 4; time += 1) {
        await titles();
        await new Promise((resolve) => setImmediate(resolve));
      }
      const commands = await commandsOf(redis, async () => expect([...(await titles())]).to.eql([title]));
      expect(commands).to.eql({ ping: 1 });
      const expectFirst = async (changed: string): Promise<void> => {
        for (let time = 0; time < 4; time += 1) expect([...(await titles())]).to.eql([changed, title]);
      };
      const first = await Note.objects.filter({ authorId: id }).orderBy('id').first();
      await Note.objects.filter({ id: first?.id ?? 0 }).update({ title: 'here' });
      await expectFirst('here');
      await db.knex('tracked_notes').where('id', first?.id).update({ title: 'there' });
      await elsewhere.invalidateAll();
      await expectFirst('there');
    });

    it('gives everybody a value of their own, from the run on', async () => {
      await Note.objects.filter({ id: note.id }).update({ title: 'another' });
      for (let time = 0; time < 8; time += 1) {
        const mine = await note.summary();
        expect(mine, `time ${time}`).to.eql({ title: 'another', authors: ['Ada'] });
        mine.authors.push('somebody');
        mine.title = 'mine';
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(runs).to.equal(1);
    });

    it('computes anew after each save, delete and invalidation, of this process and of another', async () => {
      const changes: readonly (() => Promise<unknown>)[] = [
        async () => Object.assign(await Note.objects.get({ id: note.id }), { title: 'here' }).save(),
        async () => Object.assign(await Author.objects.get({ id: note.authorId }), { name: 'Grace' }).save(),
        () => NoteElsewhere.objects.filter({ id: note.id }).update({ title: 'there' }),
        () => AuthorElsewhere.objects.filter({ id: note.authorId }).update({ name: 'Edsger' }),
        () => NoteElsewhere.objects.update({ title: 'everywhere' }),
        () => elsewhere.invalidateAll(),
      ];
      for (const [index, change] of changes.entries()) {
        for (let time = 0; time < 4; time += 1) {
          await note.summary();
          await new Promise((resolve) => setImmediate(resolve));
        }
        const commands = await commandsOf(redis, () => note.summary());
        expect(commands, `warm before change ${index}`).to.eql({ ping: 1 });
        runs = 0;
        await change();
        const stored = await Note.objects.get({ id: note.id });
        const author = await Author.objects.get({ id: note.authorId });
        expect(await note.summary(), `after change ${index}`).to.eql({ title: stored.title, authors: [author.name] });
        expect(runs, `runs after change ${index}`).to.equal(1);
      }
    });
  });
}
