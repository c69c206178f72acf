import { expect } from 'chai';
import { after, beforeEach, describe, it } from 'mocha';
import {
  cached,
  computeSignal,
  ComputeTimeoutError,
  invalidateAll,
  UsageError,
  type CachedFunction,
} from '../../src/index.js';
import { FakeClock } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Article, Runs } from '../support/article-models.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';

const runs = new Runs();
/** What holds up each run that is told to wait. */
let gate: Promise<void> = Promise.resolve();
let open: () => void = () => undefined;

function close(): void {
  gate = new Promise((resolve) => {
    open = resolve;
  });
}

/** What is no error can be thrown too. */
function rejecting(reason: unknown): Promise<never> {
  return Promise.reject(reason);
}

async function titles(name: string): Promise<string> {
  const run = runs.note(name);
  const articles = await Article.objects.orderBy('id').all();
  await gate;
  return `${articles.map(({ title }) => title).join()} ${run}`;
}

const fresh = cached('fresh.plain', () => titles('fresh'), { earlyRefresh: false });
const soft = cached('fresh.soft', () => titles('soft'), { ttl: '10m', softTtl: '1m', earlyRefresh: false });
const stale = cached('fresh.stale', () => titles('stale'), {
  ttl: '10m',
  stale: true,
  staleFor: '30s',
  earlyRefresh: false,
});
const unbounded = cached('fresh.unbounded', () => titles('unbounded'), {
  ttl: '10m',
  stale: true,
  earlyRefresh: false,
});
const around = cached('fresh.around', async () => `${await stale()} around`, { earlyRefresh: false });
const eager = cached('fresh.eager', () => titles('eager'), { ttl: '10m', earlyRefresh: 1e9 });
const failing = cached(
  'fresh.failing',
  async (kind: 'error' | 'usage' | 'text') => {
    runs.note('failing');
    await Article.objects.count();
    if (kind === 'usage') throw new UsageError('wrong');
    if (kind === 'text') await rejecting('only a text');
    throw Object.assign(new RangeError('out of range'), { code: 'E_RANGE' });
  },
  { ttl: '10m', errorTtl: '1m' },
);
const aroundFailing = cached('fresh.around-failing', async () =>
  failing('error').catch(() => `caught ${runs.note('around')}`),
);
const signals: (AbortSignal | undefined)[] = [];
const slow = cached(
  'fresh.slow',
  async () => {
    signals.push(computeSignal());
    return titles('slow');
  },
  { computeTimeout: '1s' },
);
const slowMany = cached('fresh.slow-many', (id: number) => titles(`one ${id}`), {
  computeTimeout: '1s',
  loadMany: async (calls) => {
    signals.push(computeSignal());
    const made = await titles('many');
    return calls.map(([id]) => `${id} ${made}`);
  },
});
const locked = cached('fresh.locked', () => titles('locked'), {
  ttl: '10m',
  softTtl: '1m',
  lock: true,
  earlyRefresh: false,
});
const all: readonly CachedFunction<never, unknown>[] = [
  fresh,
  soft,
  stale,
  unbounded,
  around,
  eager,
  failing,
  aroundFailing,
  slow,
  slowMany,
  locked,
];

describe('a computed value', () => {
  after(() => all.forEach((one) => one.undeclare()));

  forEachCombination((combination) => {
    const clock = new FakeClock();
    const db = connected(combination, [Article], { clock });

    beforeEach(async () => {
      runs.reset();
      signals.length = 0;
      gate = Promise.resolve();
      await Article.create({ id: 1, title: 'a', category: 1 });
    });

    /** Lets a lock be given back, which nobody waits for. */
    async function released(): Promise<void> {
      for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      // commands are answered in their order, and none is to be under way when time jumps
      for (let turn = 0; turn < 5; turn += 1) await db().cache.get('whatever');
    }

    async function rename(title: string): Promise<void> {
      await Article.objects.filter({ id: 1 }).update({ title });
    }

    it('is always fresh where nothing else is said', async () => {
      expect(await fresh()).to.equal('a 1');
      await rename('b');
      expect(await fresh()).to.equal('b 2');
    });

    it('is served past its soft ttl while exactly one reader makes it again', async () => {
      expect(await soft()).to.equal('a 1');
      const facts = await soft.entry();
      expect(Number(facts?.softExpiresAt) - Number(facts?.createdAt)).to.be.within(54_000, 66_000);
      clock.advance(50_000);
      expect([await soft(), runs.of('soft')]).to.deep.equal(['a 1', 1]);
      clock.advance(20_000);
      expect((await soft.entry())?.stale).to.equal(true);
      close();
      expect(await Promise.all([soft(), soft(), soft()])).to.deep.equal(['a 1', 'a 1', 'a 1']);
      await until(() => runs.of('soft') === 2);
      expect(await soft()).to.equal('a 1');
      open();
      await until(async () => (await soft.peek()) === 'a 2');
      expect([await soft(), runs.of('soft'), (await soft.entry())?.stale]).to.deep.equal(['a 2', 2, false]);
      await rename('b');
      expect(await soft(), 'a soft ttl is no leave to be outdated').to.equal('b 3');
    });

    it('is served after an invalidation, where that is allowed, while exactly one reader makes it again', async () => {
      expect(await stale()).to.equal('a 1');
      await rename('b');
      close();
      expect(await Promise.all([stale(), stale(), stale()])).to.deep.equal(['a 1', 'a 1', 'a 1']);
      const facts = await stale.entry();
      expect([facts?.value, facts?.stale]).to.deep.equal(['a 1', true]);
      expect(await stale.peek()).to.equal(undefined);
      await until(() => runs.of('stale') === 2);
      open();
      await until(async () => (await stale.peek()) === 'b 2');
      expect(await stale()).to.equal('b 2');
      expect(runs.of('stale')).to.equal(2);
    });

    it('is served no longer after it ceased to be current than was allowed', async () => {
      expect(await stale()).to.equal('a 1');
      clock.advance(60_000);
      expect(await stale(), 'seen to be current now').to.equal('a 1');
      await rename('b');
      clock.advance(31_000);
      expect(await stale()).to.equal('b 2');
      clock.advance(60_000);
      await rename('c');
      expect(await stale(), 'when it was last seen to be current is too long ago').to.equal('c 3');
    });

    it('is served until its ttl is over where no other bound is given', async () => {
      expect(await unbounded()).to.equal('a 1');
      clock.advance(500_000);
      await rename('b');
      expect(await unbounded()).to.equal('a 1');
      await until(async () => (await unbounded.peek()) === 'b 2');
      clock.advance(700_000);
      expect(await unbounded()).to.equal('b 3');
    });

    it('is not served outdated once it was cleared, nor inside another computation', async () => {
      expect(await stale()).to.equal('a 1');
      await stale.invalidateAll();
      close();
      expect(await stale()).to.equal('a 1');
      open();
      await until(async () => (await stale.peek()) === 'a 2');
      await stale.clear();
      expect(await stale()).to.equal('a 3');
      await invalidateAll();
      expect(await stale()).to.equal('a 4');
      await rename('b');
      expect(await around()).to.equal('b 5 around');
    });

    it('is made again shortly before its end, the more eagerly the longer that takes', async () => {
      close();
      const first = eager();
      await until(() => runs.of('eager') === 1);
      clock.advance(1);
      open();
      expect(await first).to.equal('a 1');
      clock.advance(1000);
      expect(await eager()).to.equal('a 1');
      await until(() => runs.of('eager') === 2);
    });

    it('may be an error that is kept for a while, and falls with what was read before it', async () => {
      const first = await rejection(failing('error'), RangeError, 'out of range');
      const second = await rejection(failing('error'), Error, 'out of range');
      expect([second.name, (second as { code?: string }).code]).to.deep.equal(['RangeError', 'E_RANGE']);
      expect(second).to.not.equal(first);
      expect(runs.of('failing')).to.equal(1);
      expect([await failing.peek('error'), await failing.entry('error')]).to.deep.equal([undefined, undefined]);
      await Article.create({ id: 2, title: 'b', category: 1 });
      await rejection(failing('error'), RangeError);
      clock.advance(70_000);
      await rejection(failing('error'), RangeError);
      expect(runs.of('failing')).to.equal(3);
      expect(await aroundFailing()).to.equal('caught 1');
      expect(await aroundFailing(), 'what went on after a failure is not kept').to.equal('caught 2');
    });

    it('is no error of the program, and may be one that is no Error', async () => {
      for (const _ of [1, 2]) await rejection(failing('usage'), UsageError, 'wrong');
      expect(runs.of('failing')).to.equal(2);
      expect(await failing('text').catch((error: unknown) => error)).to.equal('only a text');
      await rejection(failing('text'), Error, 'only a text');
      expect(runs.of('failing')).to.equal(3);
    });

    it('is given up after its timeout: callers hear of it, the signal is aborted, nothing is stored', async () => {
      close();
      const calls = [slow(), slow()].map((call) =>
        rejection(call, ComputeTimeoutError, 'fresh.slow: the value was not computed within 1000 ms'),
      );
      await until(() => signals.length === 1 && clock.scheduled > 0);
      expect(signals[0]?.aborted).to.equal(false);
      clock.advance(1000);
      const [error] = await Promise.all(calls);
      expect([signals[0]?.aborted, signals[0]?.reason]).to.deep.equal([true, error]);
      open();
      await until(() => runs.of('slow') === 1);
      expect(await slow.peek()).to.equal(undefined);
      expect(await slow()).to.equal('a 2');
      clock.advance(5000);
      expect(signals[1]?.aborted, 'one that was in time is left alone').to.equal(false);
      expect(computeSignal()).to.equal(undefined);
    });

    it('of many at once is given up in the same way', async () => {
      close();
      const givenUp = rejection(slowMany.getMany([[1], [2]]), ComputeTimeoutError);
      await until(() => signals.length === 1 && clock.scheduled > 1);
      expect(signals[0]?.aborted).to.equal(false);
      clock.advance(1000);
      const error = await givenUp;
      expect(error.message).to.equal('fresh.slow-many: the value was not computed within 1000 ms');
      expect([signals[0]?.aborted, signals[0]?.reason]).to.deep.equal([true, error]);
      open();
      await until(() => runs.of('many') === 1);
      expect(await slowMany.peek(1)).to.equal(undefined);
      expect(await slowMany.getMany([[1], [2]])).to.deep.equal(['1 a 2', '2 a 2']);
      clock.advance(5000);
      expect(signals[1]?.aborted, 'one that was in time is left alone').to.equal(false);
    });

    it('under a lock is made once, and made again behind its readers once', async () => {
      expect(await Promise.all([locked(), locked(), locked()])).to.deep.equal(['a 1', 'a 1', 'a 1']);
      await released();
      clock.advance(70_000);
      expect(await locked()).to.equal('a 1');
      await until(async () => (await locked.peek()) === 'a 2');
      await released();
      await rename('b');
      expect(await locked()).to.equal('b 3');
    });
  });
});
