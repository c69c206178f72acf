import { inspect } from 'node:util';
import { expect } from 'chai';
import pg from 'pg';
import { StoreUnavailableError } from '../../src/errors.js';
import { startPostgres, type TestServer } from '../setup/servers.js';
import { attempt, Bench, deadlineMs, entry, failureOf, slackMs, untilAnswered } from './redis-bench.js';
import { Relay } from './relay.js';

describe('a store in PostgreSQL', () => {
  const bench = new Bench();
  let server: TestServer;

  before(async () => {
    server = await startPostgres();
  });
  beforeEach(() => command('DROP TABLE IF EXISTS moneyclip_cache'));
  afterEach(() => bench.clear());
  after(() => server.kill());

  async function command(sql: string): Promise<void> {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    try {
      await client.query(sql);
    } finally {
      await client.end();
    }
  }

  it('that is stopped answers within the deadline, and delivers what was dropped before it reads again', async () => {
    const store = await bench.open(server.url);
    await store.write([entry('a', 'outdated'), entry('b')]);
    await server.pause();
    const { ms, error } = await attempt(() => store.drop(['a']));
    expect(error).to.be.instanceOf(StoreUnavailableError);
    expect(ms).to.be.within(deadlineMs - 5, deadlineMs + slackMs);
    await server.resume();
    expect(await untilAnswered(store, 'a')).to.equal(undefined);
    expect(await store.read(['b'])).to.deep.equal(['of b']);
  });

  it('that was killed has forgotten all, since it may have lost what was dropped last', async () => {
    const store = await bench.open(server.url);
    await store.write([entry('a'), entry('b')]);
    await store.drop(['a']);
    await server.kill();
    expect(await failureOf(store.read(['b']))).to.be.instanceOf(StoreUnavailableError);
    await server.process.start();
    expect(await untilAnswered(store, 'a')).to.equal(undefined);
    expect(await store.read(['b'])).to.deep.equal([undefined]);
    expect(await store.acquire([entry('b', 'new')])).to.deep.equal(['new']);
  });

  it('that was restarted in good order still has what it had', async () => {
    const store = await bench.open(server.url);
    await store.write([entry('a'), entry('b')]);
    await store.drop(['a']);
    await server.restart();
    expect(await untilAnswered(store, 'b')).to.equal('of b');
    expect(await store.read(['a'])).to.deep.equal([undefined]);
  });

  it('does not keep a program from starting, and is used from when it is there', async () => {
    await server.kill();
    const { ms, value: store } = await attempt(() => bench.open(server.url));
    expect(ms).to.be.below(1_000);
    expect(await failureOf(store!.read(['a']))).to.match(/ECONNREFUSED/);
    await server.process.start();
    expect(await untilAnswered(store!, 'a')).to.equal(undefined);
  });

  it('that takes no writes is not read while it refuses an invalidation', async () => {
    const store = await bench.open(server.url);
    await store.write([entry('a', 'outdated'), entry('b')]);
    await command('ALTER SYSTEM SET default_transaction_read_only = on');
    await command('SELECT pg_reload_conf()');
    await untilRefused(() => store.write([entry('secret', 'secret')]));
    expect(await store.read(['a'])).to.deep.equal(['outdated']);
    expect(await failureOf(store.drop(['a']))).to.match(/could not drop: cannot execute .* in a read-only transaction/);
    expect(await failureOf(store.read(['a']))).to.match(/1 invalidations are waiting/);
    await command('ALTER SYSTEM RESET default_transaction_read_only');
    await command('SELECT pg_reload_conf()');
    expect(await untilAnswered(store, 'a')).to.equal(undefined);
    expect(await store.read(['b'])).to.deep.equal(['of b']);
  });

  async function untilRefused(write: () => Promise<void>): Promise<void> {
    for (;;) {
      const error = await failureOf(write());
      if (error === undefined) continue;
      expect(error).to.match(/could not write: cannot execute INSERT in a read-only transaction/);
      expect(inspect(error, { depth: 9 })).to.not.include('secret');
      return;
    }
  }

  it('gets a new connection when the old one leads nowhere, without a word from the network', async () => {
    const relay = await Relay.start(server.port);
    bench.afterwards(() => relay.close());
    const store = await bench.open(server.url.replace(`:${server.port}/`, `:${relay.port}/`));
    await store.write([entry('a')]);
    relay.loseConnections();
    expect(await failureOf(store.read(['a']))).to.match(/no answer within 250 ms/);
    expect(await untilAnswered(store, 'a')).to.equal('of a');
  });

  it('says why when it refuses the user, without repeating the password', async () => {
    const url = server.url.replace('moneyclip@', 'nobody:secret@');
    const error = await failureOf((await bench.open(url)).read(['a']));
    expect(error).to.match(/could not read: role "nobody" does not exist/);
    expect(inspect(error, { depth: 9 })).to.not.include('secret');
  });

  it('makes its table once where many come at the same time, and anew when somebody has deleted it', async () => {
    const stores = await Promise.all(Array.from({ length: 4 }, () => bench.open(server.url)));
    for (let round = 0; round < 5; round += 1) {
      await command('DROP TABLE IF EXISTS moneyclip_cache');
      const found = await Promise.all(stores.map((store, index) => store.acquire([entry('a', `${round} ${index}`)])));
      expect(new Set(found.flat()).size).to.equal(1);
      expect(found[0]?.[0]).to.match(new RegExp(`^${round} `));
    }
  });

  it('says so where it must not make its table', async () => {
    await command('DROP ROLE IF EXISTS guest');
    await command('CREATE ROLE guest LOGIN');
    const store = await bench.open(server.url.replace('moneyclip@', 'guest@'));
    expect(await failureOf(store.read(['a']))).to.match(/could not read: permission denied for schema public/);
  });
});
