import { expect } from 'chai';
import { isDeepStrictEqual } from 'node:util';
import { connect, type Database } from '../../src/index.js';
import { forEachCombination, type OpenCombination } from '../setup/combinations.js';
import { chinookPath, loadChinook, readChinook, type ChinookRow, type ChinookTable } from '../support/chinook-data.js';
import { Artist, Employee, Invoice, Track } from '../support/chinook-models.js';
import { ChinookRandomWrites } from '../support/chinook-random-writes.js';
import { ChinookSample } from '../support/chinook-sample.js';
import { Random } from '../support/random.js';

const writesPerCombination = 60;

/** A row as a plain object: every column with its exact value and type. */
function typed(row: ChinookRow | undefined): object | undefined {
  return row && Object.fromEntries(Object.entries(row));
}

/** Compares quickly, and describes the first difference where there is one. */
function expectSame(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  expect(actual.length, `${what}: number of rows`).to.equal(expected.length);
  const index = actual.findIndex((one, position) => !isDeepStrictEqual(one, expected[position]));
  if (index >= 0) expect(actual[index], `${what}, row ${index}`).to.deep.equal(expected[index]);
}

/** Every row that is in the database now, as it is there and as the cache answers it. */
async function expectCacheEqualsDatabase({ name, model }: ChinookTable): Promise<void> {
  const stored = await model.objects.orderBy('id').all();
  const cached = await model.cache.getMany(stored.map(({ id }) => id));
  expectSame(cached.map(typed), stored.map(typed), `${name} through the cache`);
  expectSame(
    cached.map((row) => row?.toJSON()),
    stored.map((row) => row.toJSON()),
    `${name} as JSON`,
  );
}

/** How many reads the cache answered and how many the database did, while `work` ran. */
async function countReads(db: Database, work: () => Promise<unknown>): Promise<{ hits: number; others: number }> {
  const before = db.stats();
  await work();
  const after = db.stats();
  const others = after.misses + after.bypasses - before.misses - before.bypasses;
  return { hits: after.hits - before.hits, others };
}

describe('the Chinook data', function () {
  this.timeout(60_000);
  const tables = readChinook();
  if (!tables) {
    it(`are at ${chinookPath()}, or where CHINOOK_JSON says (skipped: they are not there)`, function () {
      if (process.env['CI'] === 'true') throw new Error('CI needs the Chinook data; CHINOOK_JSON may name their place');
      this.skip(); // the data are no part of the project: whoever has none sees the test named as skipped, and CI fails
    });
    return;
  }
  const rowCount = tables.reduce((sum, { rows }) => sum + rows.length, 0);
  const seed = Random.fromEnvironment('CHINOOK_SEED').seed;

  forEachCombination((combination) => {
    if (combination.database !== 'sqlite-memory') describeOn(combination, tables, { rowCount, seed });
  });
});

function describeOn(
  combination: OpenCombination,
  tables: readonly ChinookTable[],
  { rowCount, seed }: { readonly rowCount: number; readonly seed: number },
): void {
  let db: Database;

  before(async () => {
    const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
    db = await connect({ database, cache, prefix: combination.freshPrefix() });
    await loadChinook(db, combination.database, tables);
  });
  after(() => db.close());

  it('are stored exactly', async () => {
    for (const { name, model, rows } of tables) {
      const stored = await model.objects.orderBy('id').all();
      const given = rows.toSorted((left, right) => Number(left['id']) - Number(right['id']));
      expectSame(stored.map(typed), given, name);
    }
  });

  it('read the same through the cache as without it, cold', async () => {
    const { hits, others } = await countReads(db, async () => {
      for (const table of tables) await expectCacheEqualsDatabase(table);
    });
    expect({ hits, others }).to.deep.equal({ hits: 0, others: rowCount });
  });

  it('read the same through the cache as without it, warm, with nothing but hits', async () => {
    const { hits, others } = await countReads(db, async () => {
      for (const table of tables) await expectCacheEqualsDatabase(table);
    });
    expect({ hits, others }).to.deep.equal({ hits: rowCount, others: 0 });
  });

  it('follow foreign keys through the cache to the rows that the database has', async () => {
    const statements = (): number => db.stats().statements;
    const [tracks, invoices] = await Promise.all([Track.objects.all(), Invoice.objects.all()]);
    const titles = await db
      .knex('chinook_tracks as t')
      .join('chinook_albums as a', 'a.id', 't.album_id')
      .select('t.id', 'a.title');
    const titleOf = new Map(titles.map((row: { id: number; title: string }) => [row.id, row.title]));
    const before = statements();
    await Promise.all(tracks.map(async (track) => expect((await track.album)?.title).to.equal(titleOf.get(track.id))));
    const managers = await Promise.all(
      invoices.map(async (invoice) => (await (await (await invoice.customer).supportRep)?.reportsTo)?.title),
    );
    expect(new Set(managers)).to.deep.equal(new Set(['Sales Manager']));
    expect(statements() - before, 'statements, the rows being warm').to.equal(0);
    expect(await (await Employee.cache.get(1)).reportsTo).to.equal(null);
  });

  it('give an artist with more albums than others the sales that SQL computes', async () => {
    const artist = await Artist.cache.get(90); // Iron Maiden: 21 albums with 213 tracks
    const [row] = await db
      .knex('chinook_invoice_lines as l')
      .join('chinook_tracks as t', 't.id', 'l.track_id')
      .join('chinook_albums as a', 'a.id', 't.album_id')
      .where('a.artist_id', 90)
      .sum('l.quantity as sold');
    expect(await artist.trackCount()).to.equal(213);
    expect(await artist.sales()).to.equal(99 * Number(row?.['sold']));
  });

  it(`read and compute the same after each of ${writesPerCombination} random writes (CHINOOK_SEED=${seed})`, async () => {
    const random = new Random(seed);
    const sample = await ChinookSample.choose(db.knex, random);
    const writes = new ChinookRandomWrites(random, sample, check);
    async function check(): Promise<void> {
      const after = `CHINOOK_SEED=${seed}, after:\n${writes.done.join('\n')}\n`;
      expect(await sample.computed(), after).to.deep.equal(await sample.bySql(db.knex));
      const { cached, stored } = await sample.rows();
      expectSame(cached, stored, after);
    }
    await check();
    for (let count = 0; count < writesPerCombination; count += 1) {
      await writes.next();
      await check();
    }
    for (const table of tables) await expectCacheEqualsDatabase(table);
  });

  it('are nothing but hits again once they were read after the writes', async () => {
    const { hits, others } = await countReads(db, async () => {
      for (const table of tables) await expectCacheEqualsDatabase(table);
    });
    expect(others).to.equal(0);
    expect(hits).to.be.greaterThan(rowCount * 0.9);
  });
}
