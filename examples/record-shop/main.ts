import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { connect } from 'moneyclip';
import { storeShop } from './data.js';
import { Artist, Invoice, Line, models, Playlist, Track } from './models.js';
import { questions } from './questions.js';

/*
 * Asks a record shop the same questions again and again, and writes between: each line shows how many SQL statements
 * the answer took. Without --data it has a small shop of its own; Chinook's JSON file may take its place.
 */

const { values: options } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite::memory:' },
    cache: { type: 'string', default: 'memory:' },
    data: { type: 'string' },
  },
});
const db = await connect({
  database: options.database,
  cache: options.cache,
  prefix: `record-shop:${randomUUID()}:`, // an application has one prefix; this one makes its database anew each time
});
await db.createTables(models);
await storeShop(options.data);

async function askAll(when: string): Promise<void> {
  console.log(when);
  for (const { name, ask } of questions) {
    const before = db.stats().statements;
    const answer = await ask();
    console.log(`  ${db.stats().statements - before} SQL  ${name}: ${answer}`);
  }
}

await askAll('At first');
await askAll('Again');

await Artist.objects.filter({ id: 1 }).update({ name: 'The Cache Hits' });
await askAll('The artist has a new name');

// Keys of its own: PostgreSQL does not count on from those that it was given.
const invoice = await Invoice.create({ id: 1_000_000, customer: 1 });
await Line.objects.bulkCreate([3, 6].map((trackId) => ({ id: 1_000_000 + trackId, invoice, trackId, quantity: 2 })));
await askAll('Customer 1 bought two tracks, twice each');

const [playlist] = await Playlist.objects.filter({ id: 2 }).all();
await playlist?.tracks.add(1);
await askAll('Playlist 2 has one track more');

await Track.objects.filter({ id: 1 }).update({ name: 'The first track' });
await askAll('A track has a new name');

await db.close();
