/** A user's program by `import`: compiled with tsc and run, and run with tsx. Prints ok. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { CachedModel, Column, connect, PrimaryKey, Table, type CacheManager, type Manager } from 'moneyclip';
import { cachedHandler } from 'moneyclip/http';
import { CountingStore } from 'moneyclip/testing';

const loaded = Object.keys(createRequire(import.meta.url).cache);
const drivers = loaded.filter((path) => /node_modules\/(pg|ioredis|better-sqlite3)\//.test(path));
assert.deepEqual(drivers, [], 'importing the package loads no driver');
assert.equal(typeof CountingStore, 'function');
assert.equal(typeof cachedHandler, 'function');

@Table('documents')
class Document extends CachedModel {
  declare static objects: Manager<Document>;
  declare static cache: CacheManager<Document>;

  @PrimaryKey({ type: 'integer' }) declare id: number;
  @Column({ type: 'string', maxLength: 200 }) declare title: string;
}

const db = await connect({ database: 'sqlite::memory:' });
await db.createTables([Document]);
const { id } = await Document.create({ title: 'first' });
const cold = await Document.cache.get(id);
const warm: Document = await Document.cache.get(id);
assert.deepEqual([cold.title, warm.title], ['first', 'first']);
warm.title = 'second';
await warm.save();
assert.equal((await Document.cache.get(id)).title, 'second');
await db.close();
process.stdout.write('ok\n');
