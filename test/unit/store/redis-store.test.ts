import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { RedisClient } from '../../../src/store/redis-client.js';
import { RedisStore } from '../../../src/store/redis-store.js';

/** Only what a drop asks of a client; the rest is never called. */
function clientOf(requestUnlink?: NonNullable<RedisClient['requestUnlink']>): RedisClient {
  const client = { status: 'ready', isCluster: false, options: {}, ...(requestUnlink && { requestUnlink }) };
  return client as unknown as RedisClient;
}

const dropped = (store: RedisStore, keys: readonly string[]): Promise<void> =>
  new Promise((resolve, reject) => store.requestDrop(keys, resolve, reject));

describe('RedisStore, asked by callbacks to drop', () => {
  it('asks its client, where that takes them, and tells why it failed without what was asked', async () => {
    const asked: (readonly string[])[] = [];
    const store = new RedisStore(
      clientOf((keys, resolve, reject) => {
        asked.push(keys);
        if (keys[0] === 'bad') reject(Object.assign(new Error('no'), { command: { args: keys } }));
        else resolve();
      }),
    );
    await dropped(store, ['a', 'b']);
    const error: unknown = await dropped(store, ['bad']).catch((reason: unknown) => reason);
    expect(asked).to.deep.equal([['a', 'b'], ['bad']]);
    expect(error).to.have.property('message', 'no');
    expect(error).to.not.have.property('command');
  });

  it('drops by what it was given for that, whatever the client takes', async () => {
    const asked: string[][] = [];
    const unlink = (): never => expect.fail('the client was asked');
    const store = new RedisStore(clientOf(unlink), {}, async (keys) => void asked.push(keys));
    await dropped(store, ['a', 'b']);
    expect(asked).to.deep.equal([['a', 'b']]);
  });
});
