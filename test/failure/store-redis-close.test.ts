import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, describe, it } from 'mocha';
import { freePort } from '../setup/free-port.js';
import { attempt, Bench, failureOf, slackMs } from './redis-bench.js';

describe('closing a store in Redis', () => {
  const bench = new Bench();

  afterEach(() => bench.clear());

  it('ends the connection that the store made, after what is in flight', async () => {
    const server = await bench.startServer();
    const store = await bench.open(server.url);
    const reading = store.read(['a']);
    await store.close();
    expect(await reading).to.deep.equal([undefined]);
    expect(await failureOf(store.read(['a']))).to.match(/Connection is closed/);
  });

  it('leaves a client alone that was given', async () => {
    const server = await bench.startServer();
    const client = new Redis(server.port);
    bench.afterwards(() => client.disconnect());
    const store = await bench.open(client);
    await store.close();
    expect(await client.ping()).to.equal('PONG');
  });

  it('lets the program end, whether there is a connection or not', async () => {
    const server = await bench.startServer();
    const urls = [server.url, `redis://127.0.0.1:${await freePort()}`];
    const ends = await Promise.all(
      urls.map((url) =>
        runProgram(`
        const store = await openStore('${url}', { clock: systemClock });
        await store.write([{ key: 'a', value: '1', ttlMs: 0 }]).catch(() => undefined);
        await store.close();
        console.log('closed');`),
      ),
    );
    expect(ends).to.deep.equal(['closed\n', 'closed\n']);
  });

  it('lets the program end at once after the server went away', async () => {
    const server = await bench.startServer();
    const output = await runProgram(`
      import { once } from 'node:events';
      import { connectRedis } from './src/store/redis-client.ts';
      const client = await connectRedis('${server.url}');
      await once(client, 'ready');
      const pid = Number(/process_id:(\\d+)/.exec(await client.info('server'))[1]);
      process.kill(pid, 'SIGKILL');
      await once(client, 'close');
      client.disconnect();
      const closedAt = performance.now();
      process.on('exit', () => console.log(Math.round(performance.now() - closedAt)));`);
    expect(Number(output)).to.be.below(1_000);
  });

  it('gives up after two seconds when the server is stopped', async () => {
    const server = await bench.startServer();
    const store = await bench.open(server.url);
    await server.pause();
    const { ms, error } = await attempt(() => store.close());
    expect(error).to.equal(undefined);
    expect(ms).to.be.within(1_900, 2_000 + slackMs);
  });

  it('is quick when there is no connection', async () => {
    const store = await bench.open(`redis://127.0.0.1:${await freePort()}`);
    expect((await attempt(() => store.close())).ms).to.be.below(100);
  });
});

/** Runs a program that imports what it needs of the store, and answers its output; fails unless it ends by itself. */
async function runProgram(body: string): Promise<string> {
  const program = `
    import { openStore } from './src/store/open-store.ts';
    import { systemClock } from './src/support/clock.ts';
    ${body}`;
  const words = ['--import', 'tsx', '--input-type=module', '-e', program];
  const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: 10_000 });
  return stdout;
}
