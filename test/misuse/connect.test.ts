import {
  CachedModel,
  connect,
  PrimaryKey,
  Table,
  UsageError,
  type CacheManager,
  type ConnectOptions,
} from '../../src/index.js';
import { expect } from 'chai';
import { rejection } from '../support/rejection.js';

@Table('misuse_logs', { label: 'misuse_logs.Entry' })
class Entry extends CachedModel {
  declare static cache: CacheManager<Entry>;
  @PrimaryKey() declare id: number;
}

const database = 'sqlite::memory:';
const durations = "must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got";

/** Options that the types refuse, with the exact message. */
const wrong: readonly (readonly [string, object | undefined, string])[] = [
  ['nothing', undefined, "connect({ database, … }): database is needed, such as 'sqlite:app.db' or 'postgres://…'"],
  [
    'no database',
    { cache: 'memory:' },
    "connect({ database, … }): database is needed, such as 'sqlite:app.db' or 'postgres://…'",
  ],
  ['an unknown option', { database, chache: 'memory:' }, "connect: unknown option 'chache'; did you mean 'cache'?"],
  [
    'an unknown failure policy',
    { database, onCacheFailure: 'ignore' },
    "connect: onCacheFailure is 'ignore'; use 'degrade' or 'throw'",
  ],
  ['an unknown style of keys', { database, keys: 'plain' }, "connect: keys is 'plain'; use 'hashed' or 'readable'"],
  [
    'a drift check of a wrong kind',
    { database, driftCheck: 'yes' },
    'connect: driftCheck is a string; use true or { share, most, graceMs, onMismatch }',
  ],
  [
    'a part of more than all',
    { database, driftCheck: { share: 2 } },
    'connect: driftCheck.share must be a number from 0 to 1; got a number',
  ],
  [
    'no check at a time',
    { database, driftCheck: { most: 0 } },
    'connect: driftCheck.most must be a whole number from 1; got a number',
  ],
  [
    'a grace that is no time',
    { database, driftCheck: { graceMs: '1s' } },
    'connect: driftCheck.graceMs must be a number of milliseconds; got text',
  ],
  [
    'an unknown end of a check',
    { database, driftCheck: { onMismatch: 'tell' } },
    "connect: driftCheck.onMismatch is text; use 'report' or 'throw'",
  ],
  [
    'an unknown option of the drift check',
    { database, driftCheck: { shares: 1 } },
    "connect: unknown option 'driftCheck.shares'; did you mean 'share'?",
  ],
  ['an unknown naming', { database, naming: 'camel' }, "connect: naming is 'camel'; use 'snake_case' or 'same'"],
  ['a name that is no text', { database, name: 7 }, "connect: name must be a text such as 'default'; got a number"],
  ['an empty name', { database, name: '' }, "connect: name must be a text such as 'default'; got empty text"],
  [
    'a prefix of another type',
    { database, prefix: ['shop:'] },
    "connect: prefix must be a text such as 'shop:', or a function that answers one; got an array",
  ],
  ['enabled as text', { database, enabled: 'no' }, 'connect: enabled must be true or false; got text'],
  [
    'a switch of another type',
    { database, preparedStatements: 0 },
    'connect: preparedStatements must be true or false; got a number',
  ],
  ['a bad ttl', { database, ttl: '10 minutes' }, `ttl ${durations} '10 minutes'`],
  ['a ttl of 0', { database, ttl: 0 }, `ttl ${durations} 0`],
  ['a negative ttl', { database, negativeTtl: -1 }, `negativeTtl ${durations} -1`],
  ['a bad timeout', { database, queryTimeout: 'soon' }, `queryTimeout ${durations} 'soon'`],
  [
    'an unknown operation in a policy',
    { database, policies: { 'auth.*': { ops: ['get', 'gett'] } } },
    "policies['auth.*'].ops: 'gett' is unknown; use 'all' or a list of get, fetch, count, exists, aggregate, reference, listReference",
  ],
  [
    'a policy that is no object',
    { database, policies: { x: true } },
    "policies['x']: expected { ops, ttl } or false, got true",
  ],
  [
    'an unknown option of a policy',
    { database, policies: { x: { opps: ['get'] } } },
    "policies['x']: unknown option 'opps'; did you mean 'ops'?",
  ],
  [
    'a policy with the ttl of an unknown operation',
    { database, policies: { x: { ttl: { row: '5m' } } } },
    "policies['x'].ttl: unknown option 'row'; use get, fetch, count, exists, aggregate, reference, listReference",
  ],
  ['a bad ttl in a policy', { database, policies: { x: { ttl: { get: 'x' } } } }, `policies['x'].ttl ${durations} 'x'`],
  [
    'a database of another kind',
    { database: 'mysql://localhost' },
    "database must be 'sqlite:<file>', 'sqlite::memory:', 'postgres://user@host:port/name', a knex config or a knex instance; got 'mysql:'.",
  ],
  [
    'an address of PostgreSQL that is no URL',
    { database: 'postgres://app@localhost:99999/shop' },
    "A PostgreSQL URL is 'postgres://user:password@host:port/name', with @ : / ? # % in a password written as %40 %3A %2F %3F %23 %25; this is not one.",
  ],
];

describe('connect', () => {
  for (const [what, options, message] of wrong) {
    it(`refuses ${what}`, async () => {
      await rejection(connect(options as unknown as ConnectOptions), UsageError, message);
    });
  }

  it('leaves nothing open when it refuses, so that the next call may use the name', async () => {
    await rejection(connect({ database, cache: 'memcached://x' }), UsageError);
    const db = await connect({ database });
    await rejection(
      connect({ database }),
      UsageError,
      "A connection named 'default' is open. Close it first, or give this one another name: connect({ name }).",
    );
    await db.close();
    await (await connect({ database })).close();
  });

  it('says what createTables is to be given', async () => {
    const db = await connect({ database });
    for (const [given, got] of [
      [undefined, 'undefined'],
      [Entry, 'a function'],
      [[Entry, undefined], 'a list with undefined'],
      [['Entry'], 'a list with text'],
    ] as const) {
      const models = given as never; // as in JavaScript
      const message = `createTables expects a list of models, such as [Author, Book], got ${got}`;
      await rejection(db.createTables(models), UsageError, message);
    }
    await db.close();
  });

  it('takes the first policy that matches; false keeps a model out of the cache for good', async () => {
    const db = await connect({ database, policies: { 'misuse_logs.E*': false, '*': { ops: 'all' } } });
    await db.createTables([Entry]);
    const { id } = await Entry.create({});
    await Entry.cache.get(id);
    await Entry.cache.get(id);
    expect(await Entry.cache.explain(id)).to.include({ state: 'bypass', reason: 'its policy forbids caching' });
    expect(db.stats().labels['misuse_logs.Entry']).to.include({ hits: 0, fills: 0, bypasses: 2 });
    await db.close();
  });
});
