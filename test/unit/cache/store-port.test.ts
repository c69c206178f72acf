import { expect } from 'chai';
import { describe, it } from 'mocha';
import { StorePort } from '../../../src/cache/store-port.js';
import type { CacheStore, Texts } from '../../../src/store/cache-store.js';

/** A store elsewhere that answers when it is told to. */
class SlowStore implements CacheStore {
  readonly name = 'slow';
  readonly asked: (readonly string[])[] = [];
  readonly #waiting: { readonly answer: () => void; readonly fail: () => void }[] = [];

  read(): never {
    throw new Error('it is asked by callbacks');
  }

  request(
    keys: readonly string[],
    resolve: (texts: (string | undefined)[]) => void,
    reject: (error: unknown) => void,
  ): void {
    this.asked.push(keys);
    const answer = (): void => resolve(keys.map((key) => `of ${key}`));
    this.#waiting.push({ answer, fail: () => reject(new Error('meant to')) });
  }

  answer(count = Infinity): void {
    for (const { answer } of this.#waiting.splice(0, count)) answer();
  }

  fail(): void {
    for (const { fail } of this.#waiting.splice(0)) fail();
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
      const answered = (texts: Texts): unknown => answers.push([key, ...texts]);
      const failed = (): unknown => answers.push('failed');
      if (kind === 'request') port.request(key, [], answered, failed);
      else port.requestValue(key, { id: index, stampKeys: [], withEntry: [key] }, answered, failed);
    }
  }

  it('is asked with its own list where it is alone, so that the command for it can be remembered', async () => {
    const { store, port } = opened();
    const list = { id: 1, stampKeys: ['stamp'], withEntry: ['value', 'stamp'] };
    const ignore = (): void => undefined;
    for (let turn = 0; turn < 2; turn += 1) {
      port.requestValue('value', list, ignore, ignore);
      await tick();
    }
    port.requestValue('value', list, ignore, ignore);
    port.request('row', ['stamp'], ignore, ignore);
    await tick();
    expect(store.asked.map((keys) => keys === list.withEntry)).to.eql([true, true, false]);
    expect(store.asked[2]).to.eql(['value', 'stamp', 'row']);
  });

  it('is one command, however much it is', async () => {
    const all = opened();
    askFor(100, 'request', all);
    askFor(100, 'requestValue', all);
    await tick();
    expect(sizes(all.store)).to.eql([200]);
  });

  it('is answered at once for rows, and for few computed values', async () => {
    const all = opened();
    askFor(100, 'request', all);
    askFor(63, 'requestValue', all);
    await tick();
    all.store.answer();
    expect(all.answers).to.have.length(163);
  });

  it('is answered in two parts for many computed values, each as it was asked for', async () => {
    const all = opened();
    askFor(100, 'requestValue', all);
    await tick();
    all.store.answer();
    expect(all.answers).to.have.length(50);
    await tick();
    expect(all.answers).to.eql(
      Array.from({ length: 100 }, (_, index) => [`requestValue ${index}`, `of requestValue ${index}`]),
    );
  });

  it('is answered at the same time for all who want the same, so that they share what is made', async () => {
    const all = opened();
    askFor(60, 'requestValue', all);
    askFor(80, 'requestValue', all);
    await tick();
    all.store.answer();
    expect(all.answers).to.have.length(120);
    await tick();
    expect(all.answers.slice(120)).to.eql(
      Array.from({ length: 20 }, (_, index) => [`requestValue ${60 + index}`, `of requestValue ${60 + index}`]),
    );
  });

  it('is answered at once while the store is busy with another', async () => {
    const all = opened();
    askFor(100, 'requestValue', all);
    await tick();
    askFor(1, 'request', all);
    await tick();
    all.store.answer(1);
    expect(all.answers).to.have.length(100);
    all.store.answer();
    expect(all.answers).to.have.length(101);
  });

  it('fails for all at once', async () => {
    const all = opened();
    askFor(100, 'requestValue', all);
    await tick();
    all.store.fail();
    expect(all.answers).to.eql(Array.from({ length: 100 }, () => 'failed'));
  });
});
