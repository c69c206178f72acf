import { expect } from 'chai';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startPostgres, startRedis, type TestServer } from './servers.js';

async function select(server: TestServer, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: server.url, connectionTimeoutMillis: 300 });
  client.on('error', () => {}); // a server that is killed says so here too
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows;
  } finally {
    await client.end();
  }
}

async function failure(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no failure',
    (error: Error) => error.message,
  );
}

function redisClient(server: TestServer): Redis {
  const client = new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => null, commandTimeout: 300 });
  client.on('error', () => {}); // the promises of the commands tell it
  return client;
}

describe('a PostgreSQL for tests', () => {
  let server: TestServer;
  before(async () => {
    server = await startPostgres({ settings: { max_connections: 17 } });
  });
  after(() => server.stop());

  it('answers at its url, with the settings that were asked for', async () => {
    expect(await select(server, 'SHOW max_connections')).to.deep.equal([{ max_connections: '17' }]);
  });

  it('keeps its data and its port over a restart', async () => {
    await select(server, 'CREATE TABLE kept (id int)');
    const { port } = server;
    await server.restart();
    expect(await select(server, 'SELECT count(*)::int AS rows FROM kept')).to.deep.equal([{ rows: 0 }]);
    expect(server.port).to.equal(port);
  });

  it('refuses connections when killed, cuts those that are open, and comes back with a restart', async () => {
    const open = new pg.Client({ connectionString: server.url });
    await open.connect();
    const cut = new Promise<string>((resolve) => open.once('error', (error: Error) => resolve(error.message)));
    await server.kill();
    expect(await cut).to.match(/terminated unexpectedly/);
    expect(await failure(select(server, 'SELECT 1'))).to.match(/ECONNREFUSED/);
    await server.restart();
    expect(await select(server, 'SELECT 1 AS one')).to.deep.equal([{ one: 1 }]);
  });

  it('answers nothing while paused, on new and on open connections', async () => {
    const open = new pg.Client({ connectionString: server.url });
    await open.connect();
    await server.pause();
    let answered = false;
    const query = open.query('SELECT 1').then(() => (answered = true));
    expect(await failure(select(server, 'SELECT 1'))).to.match(/timeout/);
    expect(answered).to.equal(false);
    await server.resume();
    expect(await query).to.equal(true);
    await open.end();
  });
});

describe('a Redis for tests', () => {
  let server: TestServer;
  before(async () => {
    server = await startRedis({ settings: { maxmemory: '3mb' } });
  });
  after(() => server.stop());

  it('answers at its url, with the settings that were asked for', async () => {
    const client = redisClient(server);
    expect(await client.config('GET', 'maxmemory')).to.deep.equal(['maxmemory', String(3 * 1024 * 1024)]);
    client.disconnect();
  });

  it('forgets everything over a restart, and keeps its port', async () => {
    const before = redisClient(server);
    await before.set('a', '1');
    before.disconnect();
    await server.restart();
    const after = redisClient(server);
    expect(await after.get('a')).to.equal(null);
    after.disconnect();
  });

  it('refuses connections when killed, and comes back with a restart', async () => {
    await server.kill();
    const client = redisClient(server);
    expect(await failure(client.ping())).to.match(/closed|max retries|ECONNREFUSED/i);
    client.disconnect();
    await server.restart();
    const again = redisClient(server);
    expect(await again.ping()).to.equal('PONG');
    again.disconnect();
  });

  it('answers nothing while paused, and then everything', async () => {
    const client = redisClient(server);
    await client.ping();
    await server.pause();
    expect(await failure(client.ping())).to.match(/timed out/);
    await server.resume();
    expect(await client.ping()).to.equal('PONG');
    client.disconnect();
  });

  it('says why it does not start', async () => {
    expect(await failure(startRedis({ args: ['--no-such-setting', 'x'] }))).to.match(
      /ended instead of starting[^]*Bad directive/,
    );
  });

  it('keeps data over a restart when it is told to', async () => {
    const durable = await startRedis({ settings: { appendonly: 'yes', appendfsync: 'always' } });
    const before = redisClient(durable);
    await before.set('a', '1');
    before.disconnect();
    await durable.kill();
    await durable.restart();
    const after = redisClient(durable);
    expect(await after.get('a')).to.equal('1');
    after.disconnect();
    await durable.stop();
  });
});
