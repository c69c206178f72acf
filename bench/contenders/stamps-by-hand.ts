import { Redis } from 'ioredis';
import { connectRedis } from '../../src/store/redis-client.js';
import { DirectRedis } from '../../src/store/direct-redis.js';
import type { DocumentLike, Session, World } from '../contender.js';
import { badgeOf, documentCount, documentOf, idsTo, userCount, userOf, type PlainDocument } from '../dataset.js';
import { PlainDatabase } from './plain-database.js';
import { setAll } from './set-all.js';

type Texts = readonly (string | undefined)[];

/** A value with the stamps that it was computed under; a row is the list of its values. */
type Entry = readonly [stamps: string, value: unknown];

interface Asked {
  readonly keys: readonly string[];
  readonly resolve: (texts: Texts) => void;
}

const stamp = 'AbCdEfGhIjKl';
const sharedByDocuments = ['{by-hand:}s:b:documents', '{by-hand:}epoch'];
const sharedByUsers = ['{by-hand:}s:b:users', '{by-hand:}epoch'];

/**
 * What a cache that is right by itself cannot do without, and nothing else: each value is read with the stamps of all that
 * it was computed from, by one MGET for each tick over the library's own connection, and answered only where they are those
 * that it carries. It decodes no dates, tracks nothing and has no deadline. Its keys are as long, and as many, as those of the library.
 */
export async function open(world: World): Promise<Session> {
  const redis = new DirectRedis(await connectRedis(world.redisUrl, { protocol: 2 }));
  await new Promise<void>((resolve) => redis.on('ready', () => resolve()));
  const database = new PlainDatabase(world.postgresUrl);
  const held: PlainDocument[] = []; // by their ids, as somebody has read them who changes them
  const ask = collecting(redis);
  const get = async (key: string, stamps: readonly string[]): Promise<unknown> => valueIn(await ask([key, ...stamps]));
  const read = async (id: number): Promise<WithAuthor> =>
    toDocument(await get(documentKey(id), [rowStamp('documents', id), ...sharedByDocuments]));
  const username = async (id: number): Promise<string> =>
    usernameOf(await get(userKey(id), [rowStamp('users', id), ...sharedByUsers]));
  return {
    warm: async () => {
      const filling = new Redis(world.redisUrl);
      await fill(filling);
      await filling.quit();
      for (const id of idsTo(documentCount)) held[id] = documentOf(id);
    },
    read,
    authors: (ids) => Promise.all(ids.map(async (id) => username((await read(id)).authorId))),
    authorsInBulk: async (ids) => {
      const documents = await getMany(redis, ids.map(documentKey), stampsOf('documents', ids, sharedByDocuments));
      const authors = documents.map((row) => toDocument(row).authorId);
      return (await getMany(redis, authors.map(userKey), stampsOf('users', authors, sharedByUsers))).map(usernameOf);
    },
    badge: async (id) => (await get(badgeKey(id), badgeStamps(id))) as string, // filled below
    save: async (id, views) => {
      const document = held[id]!;
      await database.setViewsOf(document, views);
      await redis.unlink(stampsOfSave(document));
    },
    close: async () => {
      await redis.quit();
      await database.close();
    },
  };
}

interface WithAuthor extends DocumentLike {
  readonly authorId: number;
}

const documentKey = (id: number): string => `by-hand:Documents1:${id}`;
const userKey = (id: number): string => `by-hand:UsersOfDoc:${id}`;
const badgeKey = (id: number): string => `by-hand:value:D4JqCZaokL31vd${String(id).padStart(8, '0')}`;
const rowStamp = (table: string, id: number): string => `{by-hand:}s:r:${table}:${id}`;

function stampsOf(table: string, ids: readonly number[], shared: readonly string[]): string[] {
  return [...ids.map((id) => rowStamp(table, id)), ...shared];
}

function badgeStamps(id: number): string[] {
  return [
    `{by-hand:}s:k:Document.badge::%s(%s)["${id}",""]`,
    '{by-hand:}s:l:Document.badge',
    '{by-hand:}epoch',
    rowStamp('documents', id),
    '{by-hand:}s:b:documents',
    rowStamp('users', (id % userCount) + 1),
    '{by-hand:}s:b:users',
  ];
}

/** Of the row, the table, and every condition that the row meets. */
const stampsOfSave = ({ id, slug, authorId }: PlainDocument): string[] => [
  '{by-hand:}s:t:documents',
  rowStamp('documents', id),
  `{by-hand:}s:c:documents:slug=${slug}`,
  `{by-hand:}s:c:documents:author_id=${authorId}`,
];

/** One MGET for all that is asked for in one tick; what a list has in the same place as the one before is asked for once. */
function collecting(redis: DirectRedis): (keys: readonly string[]) => Promise<Texts> {
  let waiting: Asked[] = [];
  const flush = async (): Promise<void> => {
    const all = waiting;
    waiting = [];
    const keys: string[] = [];
    let before: readonly string[] = [];
    let placesBefore: readonly number[] = [];
    const places = all.map((asked) => {
      const own = asked.keys.map((key, index) => (key === before[index] ? placesBefore[index]! : keys.push(key) - 1));
      before = asked.keys;
      placesBefore = own;
      return own;
    });
    const texts = await redis.mget(keys);
    for (const [index, { resolve }] of all.entries()) resolve(places[index]!.map((place) => texts[place]));
  };
  return (keys) =>
    new Promise((resolve) => {
      const isFirst = waiting.push({ keys, resolve }) === 1;
      if (isFirst) void Promise.resolve().then(() => process.nextTick(() => void flush()));
    });
}

/** The value of the first text, if the others are the stamps in it. */
function valueIn(texts: Texts): unknown {
  return valueUnder(texts[0], texts.slice(1).join(' '));
}

function valueUnder(text: string | undefined, current: string): unknown {
  const [stamps, value] = JSON.parse(text ?? '[""]') as Entry;
  if (stamps !== current) throw new Error('what is stored was invalidated');
  return value;
}

async function getMany(redis: DirectRedis, keys: readonly string[], stamps: readonly string[]): Promise<unknown[]> {
  const texts = await redis.mget([...keys, ...stamps]);
  const shared = texts.slice(2 * keys.length).join(' ');
  return keys.map((_, index) => valueUnder(texts[index], `${texts[keys.length + index]} ${shared}`));
}

function toDocument(row: unknown): WithAuthor {
  const cells = row as never[]; // filled below
  return {
    id: cells[0]!,
    title: cells[1]!,
    slug: cells[2]!,
    body: cells[3]!,
    status: cells[4]!,
    views: cells[5]!,
    rating: cells[6]!,
    published: cells[7]!,
    size: cells[8]!,
    meta: cells[9]!,
    authorId: cells[10]!,
    createdAt: cells[11]!,
    updatedAt: cells[12]!,
  } as WithAuthor;
}

function usernameOf(row: unknown): string {
  return (row as string[])[1]!; // filled below
}

async function fill(redis: Redis): Promise<void> {
  const entry = (count: number, value: unknown): string =>
    JSON.stringify([Array.from({ length: count }, () => stamp).join(' '), value]);
  const documents = idsTo(documentCount);
  const users = idsTo(userCount);
  const stamps = new Set([...documents.flatMap(badgeStamps), ...users.map((id) => rowStamp('users', id))]);
  await setAll(redis, [
    ...documents.map((id) => [documentKey(id), entry(3, Object.values(documentOf(id)))] as const),
    ...users.map((id) => [userKey(id), entry(3, Object.values(userOf(id)))] as const),
    ...documents.map((id) => [badgeKey(id), entry(7, badgeOf(id))] as const),
    ...[...stamps].map((key) => [key, stamp] as const),
  ]);
}
