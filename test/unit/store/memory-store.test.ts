import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { UsageError } from '../../../src/errors.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { entryOverheadBytes, textBytes } from '../../../src/store/text-bytes.js';
import { FakeClock } from '../../../src/testing/index.js';

const entry = (key: string, value = 'text', ttlMs = 0) => ({ key, value, ttlMs });

describe('MemoryStore', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  it('holds no more entries than allowed, and lets go of the one that was used least recently', () => {
    const store = new MemoryStore({ maxEntries: 3, clock });
    store.write(['a', 'b', 'c'].map((key) => entry(key)));
    store.peek('a');
    store.read(['b']);
    store.write([entry('d')]);
    expect(store.read(['a', 'b', 'c', 'd'])).to.deep.equal(['text', 'text', undefined, 'text']);
    expect(store.entries).to.equal(3);
  });

  it('holds no more bytes than allowed', () => {
    const store = new MemoryStore({ maxBytes: 10_000, clock });
    for (let index = 0; index < 100; index += 1) store.write([entry(`key ${index}`, 'x'.repeat(1000))]);
    expect(store.bytes).to.be.within(8_000, 10_000);
    expect(store.peek('key 99')).to.have.length(1000);
  });

  it('counts keys, texts and bookkeeping, and gives back what was dropped, replaced or has expired', () => {
    const store = new MemoryStore({ clock });
    store.write([entry('key', 'x'.repeat(50))]);
    expect(store.bytes).to.equal(entryOverheadBytes + 3 + 50);
    store.write([entry('key', 'x', 10)]);
    expect(store.bytes).to.equal(entryOverheadBytes + 3 + 1);
    clock.advance(10);
    expect(store.peek('key')).to.equal(undefined);
    expect(store.bytes).to.equal(0);
    store.write([entry('key')]);
    store.drop(['key']);
    expect(store.bytes).to.equal(0);
  });

  it('does not keep a text that is larger than the whole store, nor the one that it replaces', () => {
    const store = new MemoryStore({ maxBytes: 1000, clock });
    store.write([entry('a', 'old')]);
    store.write([entry('a', 'x'.repeat(1000))]);
    expect(store.peek('a')).to.equal(undefined);
    expect(store.acquire([entry('b', 'x'.repeat(1000))])).to.deep.equal([undefined]);
  });

  it('answers undefined to an acquire whose text was pushed out by others of the same call', () => {
    const store = new MemoryStore({ maxEntries: 2, clock });
    expect(store.acquire(['a', 'b', 'c'].map((key) => entry(key)))).to.deep.equal([undefined, 'text', 'text']);
  });

  it('keeps a text for its ttl on the clock that is given, and one with a ttl of 0 for ever', () => {
    const store = new MemoryStore({ clock });
    store.write([entry('a', 'short', 5), entry('b', 'for ever')]);
    clock.advance(4);
    expect(store.peek('a')).to.equal('short');
    clock.advance(1);
    expect(store.peek('a')).to.equal(undefined);
    clock.advance(1e12);
    expect(store.peek('b')).to.equal('for ever');
  });

  it('counts an object that it holds by the bytes that are given', () => {
    const store = new MemoryStore({ maxBytes: 1000, clock });
    store.hold('a', {}, { bytes: 500, ttlMs: 0 });
    expect(store.bytes).to.equal(entryOverheadBytes + 1 + 500);
    store.hold('b', {}, { bytes: 500, ttlMs: 0 });
    expect([store.held('a'), store.held('b')]).to.deep.equal([undefined, {}]);
  });

  it('shows what it holds past its ttl to those who judge by themselves, and to no others', () => {
    const store = new MemoryStore({ clock });
    const value = {};
    store.hold('object', value, { bytes: 1, ttlMs: 5 });
    store.write([entry('text', 'text', 5)]);
    clock.advance(5);
    expect([store.held('object'), store.held('text')]).to.deep.equal([value, 'text']);
    expect(store.read(['object', 'text'])).to.deep.equal([undefined, undefined]);
  });

  it('works on a clock that starts at 0', () => {
    const early = new FakeClock(0);
    const store = new MemoryStore({ clock: early });
    store.write([entry('a', 'text', 5)]);
    early.advance(5);
    expect(store.peek('a')).to.equal(undefined);
  });

  it('is empty when it was closed', async () => {
    const store = new MemoryStore({ clock });
    store.write([entry('a')]);
    await store.close();
    expect(store.entries).to.equal(0);
  });

  it('refuses bounds that are no whole numbers above 0', () => {
    for (const value of [0, -1, 1.5, Number.NaN, Infinity, 2 ** 24 + 1]) {
      expect(() => new MemoryStore({ maxEntries: value })).to.throw(
        UsageError,
        `maxEntries of a memory store must be a whole number from 1 to 16777216; got ${value}`,
      );
    }
    expect(() => new MemoryStore({ maxBytes: 0 })).to.throw(
      UsageError,
      'maxBytes of a memory store must be a whole number from 1 to 9007199254740991; got 0',
    );
  });
});

describe('textBytes', () => {
  it('counts one byte a character up to Latin-1, and two where there is any other', () => {
    expect(textBytes('')).to.equal(0);
    expect(textBytes('abc')).to.equal(3);
    expect(textBytes('é\u00ff')).to.equal(2);
    expect(textBytes('aЖ')).to.equal(4);
    expect(textBytes('🙂')).to.equal(4);
  });
});
