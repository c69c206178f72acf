import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import { cached, UsageError } from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

const runs = new Runs();
const minute = 60_000;
/** Around a call of somebody else, of which nothing can be seen. */
const rate = cached('time.rate', async (currency: string) => `${currency} ${runs.note(currency)}`, { ttl: '10m' });

describe('values that only time ends', () => {
  after(() => rate.undeclare());

  forEachCombination((combination) => {
    const clock = new FakeClock(Date.now());
    const db = connected(combination, [Article], { clock });
    beforeEach(() => runs.reset());

    it('of a function without dependencies are computed again after the ttl, and no write ends them', async () => {
      expect([await rate('EUR'), await rate('EUR'), await rate('CHF')]).to.deep.equal(['EUR 1', 'EUR 1', 'CHF 1']);
      expect((await rate.entry('EUR'))?.dependencies.filter((name) => name.startsWith('r:'))).to.deep.equal([]);
      await Article.create({ title: 'a', category: 1 });
      clock.advance(9 * minute - 1);
      expect(await rate('EUR')).to.equal('EUR 1');
      clock.advance(2 * minute + 1);
      expect([await rate('EUR'), await rate('EUR'), runs.of('CHF')]).to.deep.equal(['EUR 2', 'EUR 2', 1]);
    });

    it('of a function do not end together', async () => {
      const calls = Array.from({ length: 50 }, (_, index) => [`currency ${index}`] as [string]);
      await rate.getMany(calls);
      const lives = await Promise.all(
        calls.map(async (call) => {
          const { createdAt, expiresAt } = (await rate.entry(...call)) ?? {};
          return Number(expiresAt) - Number(createdAt);
        }),
      );
      expect(new Set(lives).size).to.be.greaterThan(40);
      expect(Math.min(...lives)).to.be.within(9 * minute, 10 * minute);
      expect(Math.max(...lives)).to.be.within(10 * minute, 11 * minute);
    });

    it('of db.cache end after their ttl to the millisecond, which begins anew with each set', async () => {
      const { cache } = db();
      const value = { since: new Date(5), tags: new Set(['a']) };
      await cache.set('name', value, { ttl: '1m' });
      clock.advance(minute - 1);
      expect(await cache.get('name')).to.deep.equal(value);
      await cache.set('name', 2, { ttl: 500 });
      clock.advance(499);
      expect(await cache.get('name')).to.equal(2);
      clock.advance(1);
      expect(await cache.get('name')).to.equal(undefined);
    });

    it('of db.cache are refused where they cannot be stored or their ttl is none, and the old one stays', async () => {
      const { cache } = db();
      await cache.set('name', 1, { ttl: '1m' });
      const set = (value: unknown, options: unknown): Promise<void> =>
        cache.set('name', value, options as { ttl: string });
      for (const options of [undefined, {}]) {
        const message = "db.cache.set('name'): say how long the value is kept: { ttl: '1h' }";
        await rejection(set(2, options), UsageError, message);
      }
      const must = "db.cache.set('name'): ttl must be a duration: milliseconds above 0, or a text such as";
      for (const [ttl, got] of [
        ['soon', "'soon'"],
        [-1, '-1'],
        [0, '0'],
        [Number.NaN, 'NaN'],
        [null, 'null'],
      ] as const) {
        await rejection(set(2, { ttl }), UsageError, `${must} '30s', '10m', '1h' or '7d'; got ${got}`);
      }
      for (const value of [() => 1, Symbol('x'), new WeakMap()]) {
        const { message } = await rejection(set(value, { ttl: '1m' }), UsageError);
        expect(message).to.match(/^db\.cache\.set\('name'\): the result cannot be cached: /);
      }
      expect(await cache.get('name')).to.equal(1);
    });
  });
});
