import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { UsageError } from '../../../src/errors.js';
import { Held } from '../../../src/store/held.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { entryOverheadBytes, textBytes } from '../../../src/store/text-bytes.js';
import { FakeClock } from '../../../src/testing/index.js';

const entry = (key: string, value = 'text', ttlMs = 0) => ({ key, value, ttlMs });

class Plain extends Held {
  readonly bytes: number;

  constructor(bytes: number) {
    super();
    this.bytes = bytes;
  }
}

class Relying extends Plain {
  readonly #others: readonly Held[];

  constructor(others: readonly Held[]) {
    super(1);
    this.#others = others;
  }

  override get reliesOn(): readonly Held[] {
    return this.#others;
  }
}

describe('MemoryStore', () => {
  let clock: FakeClock;

  beforeEach(() => {
    clock = new FakeClock();
  });

  it('holds no more entries than allowed, and lets go of the one that was not used since it came', () => {
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

  it('counts an object that it holds by the bytes that it says', () => {
    const store = new MemoryStore({ maxBytes: 1000, clock });
    const [first, second] = [new Plain(500), new Plain(500)];
    store.hold('a', first);
    expect(store.bytes).to.equal(entryOverheadBytes + 1 + 500);
    store.hold('b', second);
    expect([store.held('a'), store.held('b')]).to.deep.equal([undefined, second]);
    expect([first.gone, second.gone]).to.deep.equal([true, false]);
  });

  it('marks an object as gone that is larger than the whole store', () => {
    const store = new MemoryStore({ maxBytes: 1000, clock });
    const held = new Plain(1000);
    store.hold('a', held);
    expect([store.held('a'), held.gone, store.bytes]).to.deep.equal([undefined, true, 0]);
  });

  it('shows what it holds past its ttl to those who judge by themselves, and to no others', () => {
    const store = new MemoryStore({ clock });
    store.write([entry('text', 'text', 5)]);
    clock.advance(5);
    expect(store.held('text')).to.include({ text: 'text', gone: false });
    expect(store.read(['text'])).to.deep.equal([undefined]);
  });

  it('lets nothing go that something held relies on, until that goes', () => {
    const store = new MemoryStore({ maxEntries: 3, clock });
    store.write([entry('stamp')]);
    const stamp = store.held('stamp');
    store.hold('relying', new Relying(stamp ? [stamp] : []));
    store.write([entry('a'), entry('b')]);
    expect([store.peek('stamp'), store.peek('b')]).to.deep.equal(['text', 'text']);
    store.drop(['relying']);
    store.write([entry('c'), entry('d'), entry('e')]);
    expect(store.peek('stamp')).to.equal(undefined);
    expect(stamp?.gone).to.equal(true);
  });

  it('drops what something relies on all the same', () => {
    const store = new MemoryStore({ clock });
    store.write([entry('stamp')]);
    const stamp = store.held('stamp');
    const relying = new Relying(stamp ? [stamp] : []);
    store.hold('relying', relying);
    store.drop(['stamp']);
    expect([store.peek('stamp'), stamp?.gone, relying.gone]).to.deep.equal([undefined, true, false]);
  });

  it('makes room also where all that is held was just used, or relies on each other', () => {
    const store = new MemoryStore({ maxEntries: 2, clock });
    for (let index = 0; index < 20; index += 1) {
      store.write([entry(`stamp:${index}`)]);
      const stamp = store.held(`stamp:${index}`);
      store.hold(`entry:${index}`, new Relying(stamp ? [stamp] : []));
      store.held(`entry:${index}`);
    }
    expect(store.entries).to.equal(2);
  });

  it('keeps what is used again and again, whatever else comes and goes', () => {
    const store = new MemoryStore({ maxEntries: 10, clock });
    store.write([entry('row:1'), entry('text')]);
    for (let index = 0; index < 200; index += 1) {
      expect([store.peek('row:1'), store.peek('text')], `after ${index}`).to.deep.equal(['text', 'text']);
      store.write([entry(`others:${index}`)]);
    }
    expect(store.entries).to.equal(10);
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
