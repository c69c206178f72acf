import { describe, it } from 'mocha';
import { connect, UsageError, type Database } from '../../src/index.js';
import { rejection } from '../support/rejection.js';

const wrong: readonly (readonly [string, (cache: Database['cache']) => Promise<unknown>, string])[] = [
  [
    'a name that is a number',
    (cache) => cache.get(5 as unknown as string),
    'db.cache.get(name, …): the name must be a text that is not empty, got number',
  ],
  [
    'an empty name',
    (cache) => cache.delete(''),
    'db.cache.delete(name, …): the name must be a text that is not empty, got an empty text',
  ],
  [
    'no options',
    (cache) => cache.set('a', 1, undefined as unknown as { ttl: number }),
    "db.cache.set('a'): say how long the value is kept: { ttl: '1h' }",
  ],
  [
    'a ttl that cannot be read',
    (cache) => cache.set('a', 1, { ttl: 'soon' }),
    "db.cache.set('a'): ttl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 'soon'",
  ],
];

describe('a plain value that is kept wrongly', () => {
  for (const [what, use, message] of wrong) {
    it(`with ${what} rejects`, async () => {
      const db = await connect({ database: 'sqlite::memory:' });
      await rejection(use(db.cache), UsageError, message);
      await db.close();
    });
  }
});
