import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import type { Fill } from '../../../src/cache/engine-options.js';
import { packText, unpackText } from '../../../src/cache/packed-text.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { FakeClock, FlakyStore } from '../../../src/testing/index.js';
import { engineOver } from '../../support/engine-over.js';

const long = JSON.stringify(Array.from({ length: 1_500 }, (_, index) => [index, `title ä\ud800 ${index}`]));

describe('long texts of entries', () => {
  it('are packed and come back exactly', () => {
    const text = packText(long);
    expect(text.length).to.be.below(long.length / 2);
    expect(text).to.match(/^z[\w+/=]+$/);
    expect(unpackText(text)).to.equal(long);
  });

  it('are left as they are where they are not long, or gain nothing', () => {
    const random = JSON.stringify(randomBytes(40_000).toString('base64'));
    for (const text of ['', 'x'.repeat(32_768), random]) {
      expect(packText(text)).to.equal(text);
      expect(unpackText(text)).to.equal(text);
    }
  });

  it('are no entry where they were damaged', () => {
    expect(unpackText('z!!')).to.equal('z!!');
    expect(unpackText(packText(long).slice(0, 200))).to.match(/^z/);
  });
});

describe('an engine', () => {
  const clock = new FakeClock();

  const fill = (payload: unknown): Fill => ({ key: 'key', stamps: ['s'], payload, ttlMs: 1_000, costMs: 0 });

  it('packs what it writes to a store elsewhere, and reads it', async () => {
    const memory = new MemoryStore({ clock });
    memory.write([{ key: 'stamp', value: 's', ttlMs: 0 }]);
    const engine = engineOver({ store: new FlakyStore(memory), clock }); // answers like one elsewhere
    expect(engine.fill(fill([long]))).to.equal(true);
    await engine.drain();
    expect(memory.peek('key')).to.match(/^z/);
    const found = await engine.lookup('key', ['stamp']);
    expect(found.state === 'hit' && found.entry.payload).to.deep.equal([JSON.parse(JSON.stringify(long))]);
  });

  it('does not store what is larger than allowed', async () => {
    const memory = new MemoryStore({ clock });
    const engine = engineOver({ store: memory, clock });
    expect(engine.fill({ ...fill('x'.repeat(100)), maxBytes: 100 })).to.equal(false);
    expect(memory.entries).to.equal(0);
    expect(engine.fill({ ...fill('x'.repeat(100)), maxBytes: 200 })).to.equal(true);
    expect(memory.entries).to.equal(1);
  });
});
