import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { CacheWrite } from '../../../src/store/cache-store.js';
import { MemoryStore } from '../../../src/store/memory-store.js';
import { describeCacheStore, FakeClock, FlakyStore } from '../../../src/testing/index.js';

describe('describeCacheStore', () => {
  const clock = new FakeClock();
  const facts = { inProcess: false, exactTtl: true };
  const advance = (ms: number) => clock.advance(ms);

  /** Runs the contract by a runner of its own, and answers the names of the tests that fail. */
  async function failuresOf(open: () => MemoryStore | FlakyStore): Promise<string[]> {
    const tests: (readonly [string, () => Promise<void>])[] = [];
    const runner = {
      describe: (_name: string, body: () => void) => body(),
      it: (name: string, body: () => Promise<void>) => tests.push([name, body]),
    };
    describeCacheStore({ name: 'a store', open, facts, runner, advance });
    const failures: string[] = [];
    for (const [name, body] of tests) await body().catch(() => failures.push(name));
    return failures;
  }

  it('passes a store that keeps the interface, by the runner that is given', async () => {
    expect(await failuresOf(() => new FlakyStore(new MemoryStore({ clock })))).to.deep.equal([]);
  });

  it('waits for real without a way to move the clock on', async () => {
    const names: string[] = [];
    const runner = {
      describe: (_name: string, body: () => void) => body(),
      it: (name: string, body: () => Promise<void>) =>
        void (name.includes('ttl') && names.push(name) && running.push(body())),
    };
    const running: Promise<void>[] = [];
    describeCacheStore({
      name: 'a store',
      open: () => new MemoryStore(),
      facts: { inProcess: true, exactTtl: false },
      runner,
    });
    await Promise.all(running);
    expect(names).to.have.length.above(2);
  });

  it('tells a store that is in process from one that is not', async () => {
    expect(await failuresOf(() => new MemoryStore({ clock }))).to.have.length(1);
  });

  const breaches: Readonly<Record<string, typeof MemoryStore>> = {
    'answers in another order': class extends MemoryStore {
      override read(keys: readonly string[]): (string | undefined)[] {
        return super.read(keys).reverse();
      }
    },
    'lets the last acquire win': class extends MemoryStore {
      override acquire(requests: readonly CacheWrite[]): (string | undefined)[] {
        this.write(requests);
        return this.read(requests.map(({ key }) => key));
      }
    },
    'drops nothing': class extends MemoryStore {
      override drop(): void {}
    },
    'forgets the ttl': class extends MemoryStore {
      override write(entries: readonly CacheWrite[]): void {
        super.write(entries.map((entry) => ({ ...entry, ttlMs: 0 })));
      }
    },
    'does not replace': class extends MemoryStore {
      override write(entries: readonly CacheWrite[]): void {
        super.write(entries.filter(({ key }) => this.peek(key) === undefined));
      }
    },
    'cuts texts at NUL': class extends MemoryStore {
      override read(keys: readonly string[]): (string | undefined)[] {
        return super.read(keys).map((text) => text?.split('\u0000')[0]);
      }
    },
  };

  for (const [breach, Breaching] of Object.entries(breaches)) {
    it(`finds a store that ${breach}`, async () => {
      expect(await failuresOf(() => new FlakyStore(new Breaching({ clock })))).to.not.deep.equal([]);
    });
  }
});
