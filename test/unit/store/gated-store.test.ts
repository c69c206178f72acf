import { expect } from 'chai';
import { EventEmitter } from 'node:events';
import { describe, it } from 'mocha';
import type { CacheStore } from '../../../src/index.js';
import type { GateClient } from '../../../src/store/gate/gate-client.js';
import { GatedStore } from '../../../src/store/gate/gated-store.js';
import { RedisGate } from '../../../src/store/gate/redis-gate.js';
import { FakeClock } from '../../../src/testing/index.js';

const key = '{p:}gate';
const own = 'a'.repeat(40);
const windowMs = 1000;

/** A client that says which process it talks to, and nothing else. */
class Client extends EventEmitter {
  readonly status = 'ready';
  runId = own;

  info(): Promise<string> {
    return Promise.resolve(`# Server\r\nredis_version:7.2.4\r\nrun_id:${this.runId}\r\n`);
  }
}

/** A store that answers what a test put there, and notes what it was asked. */
class Answers implements CacheStore {
  readonly name = 'answers';
  readonly asked: string[] = [];
  readonly texts = new Map<string, string>();
  /** Called while an answer is on its way. */
  meanwhile: () => void = () => undefined;

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    this.asked.push(`read ${keys.slice(0, 3).join(' ')}`);
    this.meanwhile();
    return Promise.resolve(keys.map((each) => this.texts.get(each)));
  }

  acquire(requests: readonly { readonly key: string; readonly value: string }[]): Promise<string[]> {
    this.asked.push(`acquire ${requests.map((request) => request.key).join(' ')}`);
    return Promise.resolve(requests.map(({ value }) => value));
  }

  write(): Promise<void> {
    return Promise.resolve();
  }

  drop(keys: readonly string[]): Promise<void> {
    this.asked.push(`drop ${keys.slice(0, 3).join(' ')}`);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

async function setUp(): Promise<{ client: Client; store: Answers; gated: GatedStore; clock: FakeClock }> {
  const client = new Client();
  const store = new Answers();
  const clock = new FakeClock();
  const gate = new RedisGate({ client: client as EventEmitter as Client & GateClient, key, clock, windowMs });
  await gate.instance.known();
  store.texts.set(key, `e1|${own}|7|99`);
  store.texts.set('s', 'stamp');
  return { client, store, gated: new GatedStore(store, gate), clock };
}

describe('a store with a gate', () => {
  it('shows the epoch while the gate is of the process that answers', async () => {
    const { gated, store } = await setUp();
    expect(await gated.read(['entry', key, 's'])).to.deep.equal([undefined, 'e1', 'stamp']);
    store.texts.set(key, `e1|${'b'.repeat(40)}|7|99`);
    expect(await gated.read(['entry', key, 's'])).to.deep.equal([undefined, undefined, 'stamp']);
    store.texts.set(key, 'something else');
    expect(await gated.read([key])).to.deep.equal([undefined]);
    store.texts.delete(key);
    expect(await gated.read([key])).to.deep.equal([undefined]);
    expect(gated.gate.lapses).to.equal(1);
  });

  it('shows nothing where the connection ended while the answer was on its way', async () => {
    const { gated, store, client } = await setUp();
    store.meanwhile = () => client.emit('close');
    expect(await gated.read([key])).to.deep.equal([undefined]);
    store.meanwhile = () => undefined;
    client.emit('ready');
    await gated.gate.instance.known();
    expect(await gated.read([key])).to.deep.equal(['e1']);
  });

  it('shows nothing between a new connection and the name of its process', async () => {
    const { gated, client } = await setUp();
    client.info = () => new Promise(() => undefined);
    client.emit('close');
    client.emit('ready');
    expect(await gated.read([key])).to.deep.equal([undefined]);
  });

  it('shows nothing once the beat has stood still for the window', async () => {
    const { gated, store, clock } = await setUp();
    expect(await gated.read([key])).to.deep.equal(['e1']);
    clock.advance(windowMs);
    expect(await gated.read([key])).to.deep.equal(['e1']);
    clock.advance(1);
    expect(await gated.read([key])).to.deep.equal([undefined]);
    store.texts.set(key, `e1|${own}|8|99`);
    expect(await gated.read([key])).to.deep.equal(['e1']);
  });

  it('reads the gate first where the keys take several commands', async () => {
    const { gated, store } = await setUp();
    const keys = ['entry', key, ...Array.from({ length: 1500 }, (_, index) => `s${index}`), 's'];
    const texts = await gated.read(keys);
    expect(store.asked).to.deep.equal([`read ${key} entry s0`]);
    expect([texts.length, texts[1], texts.at(-1)]).to.deep.equal([keys.length, 'e1', 'stamp']);
  });

  it('never acquires the gate, but reads it', async () => {
    const { gated, store } = await setUp();
    const requests = [key, 'a', 'b'].map((name) => ({ key: name, value: `new ${name}`, ttlMs: 1 }));
    expect(await gated.acquire(requests)).to.deep.equal(['e1', 'new a', 'new b']);
    expect(store.asked).to.deep.equal([`read ${key}`, 'acquire a b']);
    store.texts.delete(key);
    expect(await gated.acquire(requests)).to.deep.equal([undefined, 'new a', 'new b']);
  });

  it('looks at the gate after it dropped', async () => {
    const { gated, store } = await setUp();
    expect(await gated.dropAndLook(['a', 'b'])).to.equal(true);
    expect(store.asked).to.deep.equal(['drop a b', `read ${key}`]);
    store.texts.delete(key);
    expect(await gated.dropAndLook(['a'])).to.equal(false);
  });

  it('takes nothing for dropped where another process may have answered than that which dropped', async () => {
    const { gated, store, client } = await setUp();
    const reconnect = async (): Promise<void> => {
      client.emit('close');
      client.emit('ready');
      await gated.gate.instance.known();
    };
    const { drop } = store;
    store.drop = async (keys) => {
      await reconnect();
      await drop.call(store, keys);
    };
    const many = Array.from({ length: 1500 }, (_, index) => `s${index}`);
    expect(await gated.dropAndLook(many)).to.equal(false);
    store.drop = drop;
    expect(await gated.dropAndLook(many)).to.equal(true);
  });
});
