import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { connect, MemoryStore, type CacheStore } from '../../src/index.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { Environment } from './support/environment.js';
import { Article, Author, models, scripts } from './support/models.js';
import { writeByOtherProgram } from './support/other-program.js';

interface RawDatabase {
  prepare(text: string): { iterate(): IterableIterator<unknown> };
}

/** A hit on SQLite is as fresh as the file, whoever wrote to it. */
describe('3.8: what is cached of a SQLite file', () => {
  for (const storeKind of ['memory', 'asynchronous memory', 'redis'] as const) {
    describe(`in ${storeKind}`, () => {
      const env = new Environment('sqlite', storeKind);
      let author: Author;
      before(() => env.open());
      after(() => env.close());

      beforeEach(async () => {
        author = await Author.create({ name: 'old', slug: `fresh-${Math.random()}` });
        scripts.outer = async (self) => self.name;
      });

      const sqlOf = (name: string): string => `UPDATE coherence_authors SET name = '${name}' WHERE id = ${author.id}`;
      const seen = async (): Promise<unknown[]> => [
        (await Author.cache.get(author.id)).name,
        (await Author.cache.get({ slug: author.slug ?? '' })).name,
        await author.outer(),
      ];
      const all = (name: string): string[] => [name, name, name];

      it('shows at once what another process wrote', async () => {
        expect(await seen()).to.deep.equal(all('old'));
        await writeByOtherProgram(env.databaseUrl, sqlOf('new'));
        expect(await seen()).to.deep.equal(all('new'));
        await writeByOtherProgram(env.databaseUrl, sqlOf('newer'));
        expect(await seen()).to.deep.equal(all('newer'));
      });

      it('shows at once what raw knex wrote', async () => {
        expect(await seen()).to.deep.equal(all('old'));
        await env.db.knex('coherence_authors').where({ id: author.id }).update({ name: 'new' });
        expect(await seen()).to.deep.equal(all('new'));
        await env.db.knex.raw(sqlOf('newer'));
        expect(await seen()).to.deep.equal(all('newer'));
      });

      it('shows what a transaction of raw knex wrote once it is committed, and nothing that was rolled back', async () => {
        expect(await seen()).to.deep.equal(all('old'));
        const rolledBack = await env.db.knex.transaction();
        await rolledBack.raw(sqlOf('never'));
        expect(await seen()).to.deep.equal(all('old'));
        await rolledBack.rollback();
        expect(await seen()).to.deep.equal(all('old'));
        const committed = await env.db.knex.transaction();
        await committed.raw(sqlOf('new'));
        expect(await seen()).to.deep.equal(all('old'));
        await committed.commit();
        expect(await seen()).to.deep.equal(all('new'));
      });

      it('shows foreign writes between own ones', async () => {
        for (let round = 0; round < 3; round += 1) {
          await Author.objects.filter({ id: author.id }).update({ name: `own ${round}` });
          expect(await seen()).to.deep.equal(all(`own ${round}`));
          await writeByOtherProgram(env.databaseUrl, sqlOf(`foreign ${round}`));
          await Article.create({ title: 'own write to another table', category: 1 });
          expect(await seen()).to.deep.equal(all(`foreign ${round}`));
          await env.db.knex.raw(sqlOf(`raw ${round}`));
          await Article.create({ title: 'again', category: 1 });
          expect(await seen()).to.deep.equal(all(`raw ${round}`));
        }
      });

      it('shows a foreign insert where there was no row, and a foreign delete', async () => {
        const id = author.id + 1_000_000;
        expect(await Author.cache.find(id)).to.equal(undefined);
        await writeByOtherProgram(env.databaseUrl, `INSERT INTO coherence_authors (id, name) VALUES (${id}, 'new')`);
        expect((await Author.cache.get(id)).name).to.equal('new');
        await writeByOtherProgram(env.databaseUrl, `DELETE FROM coherence_authors WHERE id = ${id}`);
        expect(await Author.cache.find(id)).to.equal(undefined);
      });

      it('does not peek at what a foreign write outdated', async () => {
        await Author.cache.get(author.id);
        await writeByOtherProgram(env.databaseUrl, sqlOf('new'));
        expect(Author.cache.peek(author.id)).to.equal(undefined);
      });

      it('does not keep what was read before a foreign write and stored after it', async () => {
        const reading = env.database.hold(/^SELECT.*"coherence_authors"/, 'after');
        const late = Author.cache.get(author.id);
        await reading.reached;
        await writeByOtherProgram(env.databaseUrl, sqlOf('new'));
        reading.release();
        await late;
        expect(await seen()).to.deep.equal(all('new'));
      });

      if (storeKind !== 'memory') {
        it('lets no reader pass while a foreign write is still being made known to the store', async () => {
          await seen();
          await writeByOtherProgram(env.databaseUrl, sqlOf('new'));
          const dropping = env.store?.hold('drop', 'before');
          const first = Author.cache.get(author.id);
          await dropping?.reached;
          const second = Author.cache.get(author.id);
          await env.settle();
          dropping?.release();
          expect([(await first).name, (await second).name]).to.deep.equal(['new', 'new']);
        });
      }

      it('stays a hit for own writes to other rows', async () => {
        await seen();
        await Article.create({ title: 'own write', category: 1 });
        expect((await Author.cache.explain(author.id)).state).to.equal('hit');
      });

      it("A4: shows another process's write while somebody iterates on the pool's connection", async () => {
        expect(await seen()).to.deep.equal(all('old'));
        const client = env.db.knex.client as {
          acquireConnection(): Promise<RawDatabase>;
          releaseConnection(raw: RawDatabase): Promise<void>;
        };
        const raw = await client.acquireConnection();
        const rows = raw.prepare('SELECT id FROM coherence_authors').iterate();
        try {
          rows.next();
          await writeByOtherProgram(env.databaseUrl, sqlOf('new'));
          expect(await seen()).to.deep.equal(all('new'));
          expect(await seen()).to.deep.equal(all('new'));
        } finally {
          rows.return?.();
          await client.releaseConnection(raw);
        }
        expect(await seen()).to.deep.equal(all('new'));
      });
    });
  }

  it('is forgotten by a process that did not see what happened since', async () => {
    const cache = await sharedRedisUrl();
    const prefix = freshPrefix();
    const env = new Environment('sqlite', 'memory');
    await env.open();
    const author = await Author.create({ name: 'old' });
    await env.close();
    const first = await connect({ database: env.databaseUrl, cache, prefix });
    expect((await Author.cache.get(author.id)).name).to.equal('old');
    await first.close();
    await writeByOtherProgram(env.databaseUrl, `UPDATE coherence_authors SET name = 'new' WHERE id = ${author.id}`);
    const second = await connect({ database: env.databaseUrl, cache, prefix });
    expect((await Author.cache.get(author.id)).name).to.equal('new');
    await second.close();
  });

  it('is forgotten under every prefix, where prefixes change', async () => {
    let tenant = 'a:';
    const store: CacheStore = new MemoryStore();
    const env = new Environment('sqlite', 'memory');
    await env.open();
    await env.close();
    const root = freshPrefix();
    const db = await connect({
      database: env.databaseUrl,
      cache: store,
      prefix: () => root + tenant,
      clock: new FakeClock(),
    });
    await db.createTables(models);
    const author = await Author.create({ name: 'old' });
    for (tenant of ['a:', 'b:']) expect((await Author.cache.get(author.id)).name).to.equal('old');
    await writeByOtherProgram(env.databaseUrl, `UPDATE coherence_authors SET name = 'new' WHERE id = ${author.id}`);
    for (tenant of ['a:', 'b:']) expect((await Author.cache.get(author.id)).name).to.equal('new');
    await db.close();
  });
});
