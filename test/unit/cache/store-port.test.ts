import { expect } from 'chai';
import { describe, it } from 'mocha';
import { StorePort } from '../../../src/cache/store-port.js';
import type { CacheStore } from '../../../src/store/cache-store.js';

/** A store elsewhere that answers when it is told to. */
class SlowStore implements CacheStore {
  readonly name = 'slow';
  readonly asked: (readonly string[])[] = [];
  readonly #waiting: (() => void)[] = [];

  read(): never {
    throw new Error('it is asked by callbacks');
  }

  request(keys: readonly string[], resolve: (texts: (string | undefined)[]) => void): void {
    this.asked.push(keys);
    this.#waiting.push(() => resolve(keys.map((key) => `of ${key}`)));
  }

  answer(): void {
    for (const answer of this.#waiting.splice(0)) answer();
  }

  acquire(): (string | undefined)[] {
    return [];
  }

  write(): void {
    // nothing is kept
  }

  drop(): void {
    // nothing is kept
  }

  async close(): Promise<void> {
    // nothing is open
  }
}

describe('what is read from a store in one tick', () => {
  function opened(): { store: SlowStore; port: StorePort; answers: unknown[] } {
    const store = new SlowStore();
    const port = new StorePort(store, () => undefined);
    return { store, port, answers: [] };
  }

  const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const sizes = ({ asked }: SlowStore): number[] => asked.map(({ length }) => length);

  function askFor(count: number, kind: 'request' | 'requestValue', { port, answers }: ReturnType<typeof opened>): void {
    for (let index = 0; index < count; index += 1) {
      const key = `${kind} ${index}`;
      port[kind](
        key,
        [],
        (texts) => answers.push([key, ...texts]),
        () => answers.push('failed'),
      );
    }
  }

  it('is one command for rows, however many', async () => {
    const all = opened();
    askFor(200, 'request', all);
    await tick();
    expect(sizes(all.store)).to.eql([200]);
  });

  it('is two for many computed values, of which the first leaves while others are asked for', async () => {
    const all = opened();
    askFor(31, 'requestValue', all);
    expect(sizes(all.store)).to.eql([]);
    askFor(69, 'requestValue', all);
    expect(sizes(all.store)).to.eql([32]);
    await tick();
    expect(sizes(all.store)).to.eql([32, 68]);
    all.store.answer();
    expect(all.answers).to.have.length(100);
    expect(all.answers[0]).to.eql(['requestValue 0', 'of requestValue 0']);
    expect(all.answers[99]).to.eql(['requestValue 68', 'of requestValue 68']);
  });

  it('takes along what else was asked for before', async () => {
    const all = opened();
    askFor(40, 'request', all);
    askFor(31, 'requestValue', all);
    expect(sizes(all.store)).to.eql([]);
    askFor(1, 'requestValue', all);
    expect(sizes(all.store)).to.eql([72]);
    await tick();
    expect(sizes(all.store)).to.eql([72]);
  });

  it('is one command while the store is busy with another', async () => {
    const all = opened();
    askFor(1, 'request', all);
    await tick();
    askFor(100, 'requestValue', all);
    await tick();
    expect(sizes(all.store)).to.eql([1, 100]);
    all.store.answer();
    askFor(100, 'requestValue', all);
    expect(sizes(all.store)).to.eql([1, 100, 32]);
  });
});
