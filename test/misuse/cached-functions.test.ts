import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  cached,
  CachedModel,
  cacheOf,
  connect,
  invalidateTag,
  moneyclip,
  Table,
  UsageError,
  type CachedFunction,
  type CachedOptions,
  type Database,
} from '../../src/index.js';
import { Article } from '../support/article-models.js';
import { rejection, thrown } from '../support/rejection.js';

function declare(options: unknown, run: unknown = async () => 1): void {
  cached('wrong.one', run as () => Promise<number>, options as CachedOptions<[], number>).undeclare();
}

const models =
  'write a class, a function () => Model, a label or a query set. A class whose module is still loading is undefined here.';

const wrongOptions: readonly (readonly [string, unknown, string])[] = [
  ['no object', 5, 'the options must be an object, got number'],
  ['null', null, 'the options must be an object, got null'],
  ['an unknown option', { tttl: 1 }, "unknown option 'tttl'; did you mean 'ttl'?"],
  ['a key that is a text', { key: 'x' }, 'key must be a function, got string'],
  ['a listener that is none', { onHit: true }, 'onHit must be a function, got boolean'],
  ['a loader that is none', { loadMany: [] }, 'loadMany must be a function, got object'],
  [
    'names that are none',
    { args: 'a, b' },
    "args must be a list of the names of the arguments, such as ['category', 'year']",
  ],
  [
    'a watch that is a text',
    { watch: 'Article' },
    'watch must be a list of models, query sets or [Model, path], or a function of the arguments, got string',
  ],
  ['an undefined model', { watch: [undefined] }, `the watched model is undefined; ${models}`],
  ['an undefined model with a path', { watch: [[undefined, () => []]] }, `the watched model is undefined; ${models}`],
  [
    'a path that is none',
    { watch: [[Article, 'category']] },
    'after a watched model comes a path, a function from its row to arguments, or { when: (row) => true or false }; got string',
  ],
  [
    'a condition that is none',
    { watch: [[Article, () => [], { when: true }]] },
    'after a watched model comes a path, a function from its row to arguments, or { when: (row) => true or false }; got object',
  ],
  [
    'a ttl below 0',
    { ttl: -1 },
    "ttl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got -1",
  ],
  [
    'a ttl that cannot be read',
    { ttl: 'soon' },
    "ttl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 'soon'",
  ],
  [
    'a soft ttl that cannot be read',
    { softTtl: 'soon' },
    "softTtl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 'soon'",
  ],
  [
    'a soft ttl as long as the ttl',
    { ttl: '1m', softTtl: '60s' },
    'softTtl (60000 ms) must be shorter than ttl (60000 ms)',
  ],
  [
    'a time that may be stale, without stale',
    { staleFor: '1m' },
    'staleFor says how long an old value may be served, which needs stale: true',
  ],
  ['a stale that is a time', { stale: '1m' }, 'stale must be true or false, got string; how long is said by staleFor'],
  ['a lock that is a text', { lock: 'yes' }, 'lock must be true, false or { waitMs, pollMs, holdMs }, got string'],
  ['a lock with an unknown setting', { lock: { wait: 1 } }, "lock: unknown option 'wait'; use waitMs, pollMs, holdMs"],
  [
    'a lock that waits below 0',
    { lock: { waitMs: -1 } },
    'lock.waitMs must be a number of milliseconds above 0, got -1',
  ],
  [
    'a lock that is held for a text',
    { lock: { holdMs: '1s' } },
    'lock.holdMs must be a number of milliseconds above 0, got string',
  ],
  [
    'a lock that ends before the computation may',
    { lock: { holdMs: 10 }, computeTimeout: '1s' },
    'lock.holdMs (10 ms) must not be shorter than computeTimeout (1000 ms)',
  ],
  ['a maxBytes of 0', { maxBytes: 0 }, 'maxBytes must be a whole number above 0, got 0'],
  ['a maxBytes that is a text', { maxBytes: '1kB' }, 'maxBytes must be a whole number above 0, got string'],
  ['instances that are none', { instances: 'keys' }, "instances must be 'value' or 'reference', got a string"],
  [
    'a codec and instances by reference',
    { codec: { encode: () => 1, decode: () => 1 }, instances: 'reference' },
    "codec and instances: 'reference' both say how values are stored; leave out one of them",
  ],
  ['a sweep that is a time', { sweep: '1m' }, 'sweep must be true or false, got string'],
  [
    'a sweep without a soft ttl',
    { sweep: true },
    'sweep computes values again that are older than softTtl; say how old that is',
  ],
  [
    'a repopulate that is a time',
    { repopulate: '5s' },
    "repopulate must be true, false or { after: '5s' }, got string",
  ],
  ['a repopulate of null', { repopulate: null }, "repopulate must be true, false or { after: '5s' }, got null"],
  [
    'an unknown setting of repopulate',
    { repopulate: { after: '5s', times: 1 } },
    "repopulate: unknown option 'times'; use after",
  ],
  [
    'a repopulate after a time below 0',
    { repopulate: { after: -5 } },
    "repopulate.after must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got -5",
  ],
  [
    'a repopulate without a path',
    { repopulate: true },
    'repopulate computes the values anew whose arguments a path gives; add one to watch: [[Model, (row) => [...]]], or leave repopulate out',
  ],
  ['a drift check that is a share', { driftCheck: 0.5 }, 'driftCheck must be true or false, got number'],
  [
    'a lock that looks less often than it waits',
    { lock: { waitMs: 10, pollMs: 50 } },
    'lock.pollMs (50 ms) must not be longer than lock.waitMs (10 ms)',
  ],
  ['a codec that is none', { codec: 5 }, 'codec must be { encode, decode }, two functions, got 5'],
  [
    'a codec without decode',
    { codec: { encode: () => 1 } },
    'codec must be { encode, decode }, two functions, got an instance of Object',
  ],
  ['a skip that is a text', { skip: 'yes' }, 'skip must be a boolean or a function, got a string'],
  ['a skip and a lock', { skip: true, lock: true }, 'skip: true stores nothing, so there is nothing to lock'],
  ['a version that is none', { version: {} }, 'version must be a string or a number, got an instance of Object'],
  ['a tag that is a number', { tag: 5 }, 'tag: a tag must be a text that is not empty, got number'],
  [
    'an error ttl of 0',
    { errorTtl: 0 },
    "errorTtl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 0",
  ],
  [
    'a compute timeout below 0',
    { computeTimeout: '-1s' },
    "computeTimeout must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got '-1s'",
  ],
  [
    'a time to be stale of 0',
    { stale: true, staleFor: 0 },
    "staleFor must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got 0",
  ],
  [
    'an eagerness below 0',
    { earlyRefresh: -1 },
    'earlyRefresh must be true, false or a number from 0, such as 1; got -1',
  ],
  [
    'an eagerness that is a text',
    { earlyRefresh: 'yes' },
    'earlyRefresh must be true, false or a number from 0, such as 1; got string',
  ],
];

describe('a cached function that is declared wrongly', () => {
  for (const [what, options, message] of wrongOptions) {
    it(`with ${what} says so at once, and declares nothing`, () => {
      thrown(() => declare(options), UsageError, `cached('wrong.one'): ${message}`);
      expect(() => cacheOf('wrong.one')).to.throw(UsageError);
    });
  }

  it('under the label of a method names both places at the declaration, whichever is first', async () => {
    const advice = 'values are told apart by their label, so give one of them another';
    const place = String.raw`test/misuse/cached-functions\.test\.ts:\d+:\d+`;
    const declareModel = (): void => {
      @Table('wrong_labelled_later', { label: 'wrong.Later' })
      class Later extends CachedModel {
        @moneyclip()
        async first(): Promise<number> {
          return 1;
        }

        @moneyclip()
        async second(): Promise<number> {
          return 2;
        }
      }
      void Later;
    };
    const one = cached('wrong.Later.second', async () => 2);
    const later = thrown(declareModel, UsageError).message;
    expect(later).to.match(
      new RegExp(
        `^the label 'wrong\\.Later\\.second' is declared twice, at ${place} and at the method Later\\.second: ${advice}$`,
      ),
    );
    cached('wrong.Later.first', async () => 1).undeclare(); // nothing is left of the model
    one.undeclare();
    declareModel();
    const { message } = thrown(() => cached('wrong.Later.first', async () => 2), UsageError);
    expect(message).to.match(
      new RegExp(
        `^the label 'wrong\\.Later\\.first' is declared twice, at the method Later\\.first and at ${place}: ${advice}$`,
      ),
    );
  });

  it('without a label or a function says so', () => {
    thrown(
      () => cached('', async () => 1),
      UsageError,
      'cached(label, function): the label must be a text that is not empty, got an empty text',
    );
    thrown(
      () => cached(5 as unknown as string, async () => 1),
      UsageError,
      'cached(label, function): the label must be a text that is not empty, got number',
    );
    thrown(
      () => declare({}, 'x'),
      UsageError,
      "cached('wrong.one', …): expected a function to keep the results of, got string",
    );
  });

  it('under a label that is taken names both places', () => {
    const first = cached('wrong.twice', async () => 1);
    const { message } = thrown(() => cached('wrong.twice', async () => 2), UsageError);
    expect(message).to.match(
      /^the label 'wrong\.twice' is declared twice, at test\/misuse\/cached-functions\.test\.ts:\d+:\d+ and at test\/misuse\/cached-functions\.test\.ts:\d+:\d+: values are told apart by their label, so give one of them another$/,
    );
    expect(cacheOf('wrong.twice')).to.equal(first);
    first.undeclare();
  });
});

describe('a cached function that is called wrongly', () => {
  let db: Database;

  before(async () => {
    db = await connect({ database: 'sqlite::memory:' });
    await db.createTables([Article]);
  });

  after(() => db.close());

  const where = "cached('wrong.call')";
  const wrongCalls: readonly (readonly [string, CachedOptions<readonly unknown[], unknown>, unknown, string])[] = [
    [
      'a function',
      {},
      () => 1,
      `${where}: arguments must be plain data, Dates, bigints, Maps, Sets, bytes, URLs, stored model instances or instances of classes with a codec to make a key; got a function`,
    ],
    [
      'NaN',
      {},
      Number.NaN,
      `${where}: arguments must be plain data, Dates, bigints, Maps, Sets, bytes, URLs, stored model instances or instances of classes with a codec to make a key; got NaN`,
    ],
    [
      'a key without a text',
      { key: () => Symbol('x') },
      1,
      `${where}: key: arguments must be plain data, Dates, bigints, Maps, Sets, bytes, URLs, stored model instances or instances of classes with a codec to make a key; got a symbol`,
    ],
    [
      'an empty tag',
      { tag: () => [''] },
      1,
      `${where}: tag: a tag must be a text that is not empty, got an empty text`,
    ],
    [
      'a tag that is a number',
      { tag: () => [5] as unknown as string[] },
      1,
      `${where}: tag: a tag must be a text that is not empty, got number`,
    ],
    [
      'an unknown watched label',
      { watch: ['press.Nothing'] },
      1,
      `${where} names 'press.Nothing', but no model with that label is declared.`,
    ],
    [
      'sources that are no list',
      { watch: () => 5 as unknown as [] },
      1,
      `${where}: watch must give a list of models and query sets, got number`,
    ],
    [
      'a source that is none',
      { watch: () => [5 as unknown as string] },
      1,
      `${where}: the watched model is 5; ${models}`,
    ],
  ];
  for (const [what, options, argument, message] of wrongCalls) {
    it(`with ${what} rejects`, async () => {
      const one = cached('wrong.call', async (..._: readonly unknown[]): Promise<unknown> => 1, options);
      const error = await rejection(one(argument), UsageError).finally(() => one.undeclare());
      expect(error.message.slice(0, message.length)).to.equal(message);
    });
  }

  it('and gives what cannot be kept rejects', async () => {
    const one = cached('wrong.result', async (): Promise<unknown> => () => 1);
    const error = await rejection(one(), UsageError).finally(() => one.undeclare());
    expect(error.message).to.match(/^wrong\.result: the result cannot be cached: /);
  });

  it('and gives too few values for many calls rejects', async () => {
    const one = cached('wrong.many', async (number: number) => number, { loadMany: async () => [1] });
    await rejection(
      one.getMany([[1], [2]]),
      UsageError,
      "cached('wrong.many'): loadMany must give a list of one value for each of the 2 calls, in their order; got 1 values",
    ).finally(() => one.undeclare());
  });

  it('with arguments that are no lists rejects', async () => {
    const one = cached('wrong.lists', async (number: number) => number);
    const list = "cached('wrong.lists').getMany(): expected a list of calls, such as [[1], [2]], got 1";
    const args = 'expected the arguments of a call as a list, such as [1], got 1';
    await rejection(one.getMany(1 as unknown as []), UsageError, list);
    await rejection(one.getMany([1] as unknown as []), UsageError, `cached('wrong.lists').getMany(): ${args}`);
    await rejection(one.set(1 as unknown as [number], 2), UsageError, `cached('wrong.lists').set(): ${args}`);
    one.undeclare();
  });

  it('with a soft life that is longer than the life of its connection rejects', async () => {
    const one = cached('wrong.soft', async (number: number) => number, { softTtl: '2d' });
    await rejection(
      one(1),
      UsageError,
      "cached('wrong.soft'): softTtl (172800000 ms) must be shorter than the connection's ttl, as none is given, (3600000 ms)",
    ).finally(() => one.undeclare());
  });

  it('and whose codec cannot read what it writes rejects', async () => {
    const codec = {
      encode: () => 1,
      decode: (): number => {
        throw new Error('no');
      },
    };
    const one = cached('wrong.codec', async (number: number) => number, { codec });
    await rejection(one(1), UsageError, 'wrong.codec: its codec cannot decode what it has just encoded').finally(() =>
      one.undeclare(),
    );
  });

  it('for some of its arguments without their names rejects', async () => {
    const one = cached('wrong.matching', async (...numbers: number[]) => numbers);
    await rejection(
      one.invalidateMatching({ a: 1 }),
      UsageError,
      "cached('wrong.matching'): its values can only be told apart by names if they are declared: args: ['…'], in the order of its parameters",
    ).finally(() => one.undeclare());
  });

  it('and whose path does not work is reported once', async () => {
    const warnings: string[] = [];
    const note = ({ message }: Error): unknown => warnings.push(message);
    process.on('warning', note);
    const one = cached('wrong.path', async (category: number) => category, {
      watch: [[Article, (article: Article) => ({ kategory: article.category })]],
    });
    await one(1);
    for (const title of ['a', 'b']) await Article.create({ title, category: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    one.undeclare();
    expect(warnings).to.deep.equal([
      "cached('wrong.path'): the path of a watched row failed, so all of its values were dropped: cached('wrong.path'): 'kategory' is none of its arguments, which are category; declare others by args: ['…']",
    ]);
  });

  it('and is computed from itself rejects, also by way of many at once', async () => {
    const one: { (number: number): Promise<unknown>; undeclare(): void } = cached(
      'wrong.endless',
      (number: number): unknown => one(number),
    );
    const message = 'wrong.endless: the value is computed from itself, for the same arguments; it would never end';
    await rejection(one(1), UsageError, message);
    one.undeclare();
    const batch: CachedFunction<[number], unknown> = cached(
      'wrong.batch',
      async (number: number): Promise<unknown> => number,
      {
        loadMany: async (calls): Promise<unknown[]> => batch.getMany(calls),
      },
    );
    await rejection(batch.getMany([[1], [2]]), UsageError, message.replace('endless', 'batch')).finally(() =>
      batch.undeclare(),
    );
  });

  it('by a tag that is none rejects', async () => {
    await rejection(
      invalidateTag(5 as unknown as string),
      UsageError,
      'invalidateTag(): a tag must be a text that is not empty, got number',
    );
  });

  it('by a label that is nearly right says which it may be', () => {
    const one = cached('wrong.near', async () => 1);
    thrown(
      () => cacheOf('wrong.naer'),
      UsageError,
      "cacheOf('wrong.naer'): nothing is declared under this label; did you mean 'wrong.near'? " +
        'Import the module that declares it first, or name it in connect({ workers: […] }).',
    );
    one.undeclare();
  });
});
