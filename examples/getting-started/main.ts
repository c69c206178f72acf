import { connect, CachedForeignKey, CachedModel, Column, moneyclip, PrimaryKey, Table } from 'moneyclip';
import type { CacheManager, Manager, Related } from 'moneyclip';

// Every column says its type here, because tsx and other tools built on esbuild emit no types of properties.
// Compiled by tsc with emitDecoratorMetadata, @Column() alone is enough for text, numbers, booleans and dates.

@Table('users')
class User extends CachedModel {
  declare static objects: Manager<User>;
  declare static cache: CacheManager<User>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare username: string;

  @moneyclip() // nothing to declare: what it reads is found while it runs
  async documentCount(): Promise<number> {
    return Document.objects.filter({ createdBy: this }).count();
  }
}

@Table('documents')
class Document extends CachedModel {
  declare static objects: Manager<Document>;
  declare static cache: CacheManager<Document>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string', maxLength: 200 }) declare title: string;
  @CachedForeignKey(() => User) declare createdBy: Related<User>;
  declare createdById: number;
}

const db = await connect({
  database: process.env['DATABASE_URL'] ?? 'sqlite::memory:', // or 'sqlite:app.db', 'postgres://…'
  cache: process.env['REDIS_URL'] ?? 'memory:', // or 'redis://…'
});
await db.createTables([User, Document]);

const ann = await User.create({ username: 'ann' });
const bob = await User.create({ username: 'bob' });
const { id } = await Document.create({ title: 'Draft', createdBy: ann });

async function show(when: string): Promise<void> {
  const before = db.stats().statements;
  const document = await Document.cache.get(id); // by primary key
  const author = await document.createdBy; // through the cache
  const same = await User.cache.get({ username: author.username }); // by a unique column
  const counts = `ann ${await ann.documentCount()}, bob ${await bob.documentCount()}`;
  const statements = db.stats().statements - before;
  console.log(`${when}: '${document.title}' by ${same.username}; documents: ${counts}; SQL statements: ${statements}`);
}

await show('cold');
await show('warm');

const document = await Document.cache.get(id);
document.title = 'Final';
document.createdBy = bob;
await document.save(); // corrects everything that was computed from the row, as it was and as it is

await show('after a save');
await show('warm again');

await document.delete();
const found = await Document.cache.find(id);
console.log(`after a delete: ${found ? 'still there' : 'gone'}; bob's documents: ${await bob.documentCount()}`);

await User.objects.delete();
await db.close();
