import { expect } from 'chai';
import { describe, it } from 'mocha';
import { DriftCheck, type CheckedHit } from '../../../src/cache/drift-check.js';
import { Keyspace } from '../../../src/cache/keyspace.js';
import { CacheDriftError } from '../../../src/index.js';
import { noDrift } from '../../../src/telemetry/drift-counters.js';
import { FakeClock } from '../../../src/testing/index.js';
import { rejection } from '../../support/rejection.js';

describe('the drift check', () => {
  it('names what an entry depends on, not the stamps that every entry has', async () => {
    const keyspace = new Keyspace('app:', { style: 'hashed', gated: true });
    const stamps = ['open', 'one', 'all', 'epoch'];
    const check = new DriftCheck({
      settings: { share: 1, most: 1, graceMs: 0, onMismatch: 'throw' },
      engine: { keyspace, readStamps: () => Promise.resolve(stamps) },
      clock: new FakeClock(),
      counters: noDrift(),
      connection: 'default',
      inSnapshot: (work) => work(),
    });
    const hit: CheckedHit = {
      label: 'Book',
      key: 'k',
      stampKeys: keyspace.stamps(['books#1', 'books!']),
      stamps,
      stored: [1],
      createdAt: 0,
      isOne: true,
      payload: () => Promise.resolve([2]),
    };
    const error = await rejection(check.check(hit) ?? Promise.resolve(), CacheDriftError);
    expect(error.message).to.match(/It depends on books#1, books!\.$/);
  });
});
