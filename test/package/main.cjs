/** A user's program by `require()`, without a compiler. Prints ok. */
const assert = require('node:assert/strict');
const { CachedModel, Column, connect, PrimaryKey, Table } = require('moneyclip');
const { CountingStore } = require('moneyclip/testing');

const drivers = Object.keys(require.cache).filter((path) => /node_modules\/(pg|ioredis|better-sqlite3)\//.test(path));
assert.deepEqual(drivers, [], 'loading the package loads no driver');

class Document extends CachedModel {}
PrimaryKey({ type: 'integer' })(Document.prototype, 'id');
Column({ type: 'string', maxLength: 200 })(Document.prototype, 'title');
Table('documents')(Document);

async function main() {
  assert.equal(typeof CountingStore, 'function');
  const db = await connect({ database: 'sqlite::memory:' });
  await db.createTables([Document]);
  const { id } = await Document.create({ title: 'first' });
  assert.equal((await Document.cache.get(id)).title, 'first');
  assert.equal((await Document.cache.get(id)).title, 'first');
  await db.close();
  process.stdout.write('ok\n');
}

void main();
