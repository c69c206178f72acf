import { expect } from 'chai';
import { describe, it } from 'mocha';
import { connect, UsageError } from '../../src/index.js';
import { cachedFragment, cachedHandler, cachedNodeHandler, type PageOptions } from '../../src/http/index.js';
import { rejection, thrown } from '../support/rejection.js';

function declare(options: unknown): void {
  cachedHandler('wrong.page', () => new Response(), options as PageOptions<Request>).undeclare();
}

const statuses = 'statuses must be a list of numbers from 200 to 599 without 206 and 304, such as [200, 404]';

const wrongOptions: readonly (readonly [unknown, string])[] = [
  [5, 'the options must be an object, got number'],
  [null, 'the options must be an object, got null'],
  [{ querry: ['a'] }, "unknown option 'querry'; did you mean 'query'?"],
  [
    { errorTtl: 5 },
    "unknown option 'errorTtl'; use query, key, private, vary, statuses, maxBytes, watch, tag, version, connection, " +
      'ttl, softTtl, stale, staleFor, lock, earlyRefresh, computeTimeout',
  ],
  [{ query: 'page' }, "query must be a list of names of parameters, such as ['page']; got string"],
  [{ query: [5] }, "query must be a list of names of parameters, such as ['page']; got a list with something else"],
  [{ vary: 'accept' }, "vary must be a list of names of headers, such as ['accept-language']; got string"],
  [{ vary: ['*'] }, "vary must name headers; with '*' no page could be kept"],
  [{ key: 'a' }, 'key must be a function of the request, got string'],
  [{ private: true }, 'private must be a function of the request, got boolean'],
  [{ statuses: 200 }, statuses],
  [{ statuses: [206] }, statuses],
  [{ statuses: [100] }, statuses],
  [{ maxBytes: 0 }, 'maxBytes must be a whole number of bytes above 0, got 0'],
  [{ maxBytes: '1m' }, 'maxBytes must be a whole number of bytes above 0, got string'],
  [{ ttl: -1 }, "ttl must be a duration: milliseconds above 0, or a text such as '30s', '10m', '1h' or '7d'; got -1"],
  [
    { watch: [undefined] },
    'the watched model is undefined; write a class, a function () => Model, a label or a query set. A class whose module is still loading is undefined here.',
  ],
];

describe('wrong pages and fragments', () => {
  it('are refused where they are declared', () => {
    for (const [options, message] of wrongOptions) {
      thrown(() => declare(options), UsageError, `cachedHandler('wrong.page'): ${message}`);
    }
    const verbs = { cachedHandler, cachedNodeHandler, cachedFragment } as unknown as Record<
      string,
      (label: unknown, run: unknown) => unknown
    >;
    for (const [verb, declareBy] of Object.entries(verbs)) {
      const expected = `${verb}(label, function): the label must be a text that is not empty, got`;
      thrown(() => declareBy('', () => ''), UsageError, `${expected} an empty text`);
      thrown(() => declareBy(5, () => ''), UsageError, `${expected} number`);
      thrown(
        () => declareBy('wrong.page', 'no'),
        UsageError,
        `${verb}('wrong.page', …): expected a function, got string`,
      );
    }
    declare({}); // the label is still free
  });

  it('are refused where their label is taken', () => {
    const page = cachedHandler('wrong.taken', () => new Response());
    const error = thrown(() => cachedNodeHandler('wrong.taken', () => undefined), UsageError);
    expect(error.message).to.match(
      /^the label 'wrong.taken' is declared twice, at test\/misuse\/http\.test\.ts:\d+:\d+ and at test\/misuse\/http\.test\.ts:\d+:\d+: /,
    );
    page.undeclare();
  });

  it('are refused where a key has no text or a fragment is none', async () => {
    const db = await connect({ database: 'sqlite::memory:' });
    const keyed = cachedHandler('wrong.key', () => new Response(), { key: () => () => 1 });
    const fragment = cachedFragment('wrong.fragment', async () => 5 as unknown as string);
    try {
      await rejection(
        keyed(new Request('http://localhost/')),
        UsageError,
        "cachedHandler('wrong.key'): key and private: arguments must be plain data, Dates, bigints, Maps, Sets, bytes, URLs, stored model instances or instances of classes with a codec to make a key; got a function at [1]",
      );
      await rejection(
        fragment(),
        UsageError,
        "cachedFragment('wrong.fragment'): the function must give a text, got number",
      );
    } finally {
      keyed.undeclare();
      fragment.undeclare();
      await db.close();
    }
  });
});
