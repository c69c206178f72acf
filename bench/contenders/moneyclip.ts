import { connect, type Database } from '../../src/index.js';
import type { Session, Work, World } from '../contender.js';
import { documentCount, documentOf, idsTo, userCount } from '../dataset.js';
import { Document, User } from './model.js';
import { functionsOfModels } from './moneyclip-functions.js';
import { listsOfModels } from './moneyclip-lists.js';

const chunk = 500;

/**
 * `<database>+<cache>`, such as `sqlite+memory`, `postgres+redis`, `postgres+off`; then what is special: `tracked` for
 * something that was computed before, `prefetch` or `foreign keys` for how authors are loaded along with a list, or a
 * number of lists that are cached while documents are saved.
 */
export async function open(world: World, variant: string): Promise<Session> {
  const [database, cache, special] = variant.split('+');
  const db = await connect({
    database: database === 'sqlite' ? `sqlite:${world.sqliteFile}` : world.postgresUrl,
    cache: cache === 'redis' ? world.redisUrl : 'memory:',
    ttl: '1d',
    enabled: cache !== 'off',
  });
  const held: Document[] = []; // by their ids
  return {
    warm: async (work) => {
      if (cache !== 'off') await warm(db);
      if (special === 'tracked') await (await Document.cache.get(1)).badge();
      await hold(held, work);
      if (work === 'save') await keepLists(Number(special) || 0);
    },
    read: (id) => Document.cache.get(id),
    authors: (ids) => Promise.all(ids.map(async (id) => (await (await Document.cache.get(id)).author).username)),
    authorsInBulk: async (ids) => {
      const documents = await Document.cache.getMany(ids);
      const authors = await User.cache.getMany(documents.map((document) => document!.authorId));
      return authors.map((author) => author!.username);
    },
    ...listsOfModels(special),
    ...functionsOfModels(),
    badge: (id) => held[id]!.badge(),
    save: async (id, views) => {
      const document = held[id] ?? (await Document.cache.get(id));
      document.views = views;
      await document.save();
    },
    forget: () => db.invalidateAll(),
    statements: () => db.stats().statements,
    storedBytes,
    close: () => db.close(),
  };
}

/** Until nothing is missing: a fill is not waited for by the read that causes it. */
async function warm(db: Database): Promise<void> {
  for (let before = -1; before !== db.stats().misses;) {
    before = db.stats().misses;
    await readAll(User, userCount);
    await readAll(Document, documentCount);
  }
}

async function readAll(model: typeof User | typeof Document, count: number): Promise<void> {
  const ids = idsTo(count);
  for (let start = 0; start < count; start += chunk) await model.cache.getMany(ids.slice(start, start + chunk));
}

/** Instances that a computed method is called on, or that are saved: they were read before the clock starts. */
async function hold(held: Document[], work: Work): Promise<void> {
  held.length = 0;
  if (work !== 'badge' && work !== 'save') return;
  for (const id of idsTo(documentCount)) held[id] = await Document.cache.get(id);
  if (work !== 'badge') return;
  const all = Object.values(held);
  for (let start = 0; start < all.length; start += chunk) {
    await Promise.all(all.slice(start, start + chunk).map((document) => document.badge()));
  }
}

/** Each under a condition of its own, on a column that is left alone: a save ends at most the one of its document. */
async function keepLists(count: number): Promise<void> {
  const keep = (id: number): Promise<unknown> =>
    Document.objects
      .filter({ slug: documentOf(id).slug })
      .cache()
      .all();
  const ids = idsTo(count);
  for (let start = 0; start < count; start += chunk) await Promise.all(ids.slice(start, start + chunk).map(keep));
}

async function storedBytes(ids: readonly number[]): Promise<number> {
  let sum = 0;
  for (const id of ids) sum += (await Document.cache.explain(id)).bytes ?? 0;
  return sum;
}
