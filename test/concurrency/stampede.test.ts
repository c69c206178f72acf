import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';

type Mode = 'lock' | 'free' | 'soft' | 'stale';

const program = fileURLToPath(new URL('support/stampede.ts', import.meta.url));

describe('many misses of one computed value in several processes', function () {
  this.timeout(120_000);
  let children: ChildProcess[] = [];
  let address: readonly [string, string, string];
  let redis: Redis;

  beforeEach(async () => {
    const cache = await sharedRedisUrl();
    address = [await freshDatabase('postgres'), cache, freshPrefix()];
    redis = new Redis(cache);
  });

  afterEach(async () => {
    await Promise.all(children.map(end));
    children = [];
    await redis.quit();
  });

  async function start(count: number, mode: Mode): Promise<readonly ChildProcess[]> {
    children = Array.from({ length: count }, () =>
      fork(program, [...address, mode], { execArgv: ['--import', 'tsx'] }),
    );
    await Promise.all(children.map((child) => heard(child, 'ready')));
    return children;
  }

  async function end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.send('end');
    await once(child, 'exit');
  }

  /** Resolves with the first message about this. NOTE: by one listener, since two messages may come in one turn. */
  function heard(
    child: ChildProcess,
    what: 'ready' | 'running' | 'passed' | 'invalidated' | 'values',
  ): Promise<string[]> {
    return new Promise((resolve) => {
      const hear = (message: unknown): void => {
        const values = (message as { values?: string[] }).values; // a child sends texts, or values
        if (message !== what && (what !== 'values' || !values)) return;
        child.off('message', hear);
        resolve(values ?? []);
      };
      child.on('message', hear);
    });
  }

  function runs(): Promise<string | null> {
    return redis.get(`${address[2]}runs`);
  }

  for (const [mode, most] of [
    ['lock', 1],
    ['free', 4],
  ] as const) {
    it(`1,000 in 4 processes cause ${mode === 'lock' ? 'one computation under a lock' : 'at most four without a lock'}`, async () => {
      const four = await start(4, mode);
      const answers = four.map((child) => heard(child, 'values'));
      for (const child of four) child.send({ calls: 250 });
      const values = (await Promise.all(answers)).flat();
      expect(Number(await runs())).to.be.within(1, most);
      expect(new Set(values).size).to.be.at.most(most);
    });
  }

  it('the one that computes is killed: after the stated time one other takes its place, and all get its value', async () => {
    const [holder, ...others] = await start(4, 'lock');
    if (!holder) return expect.fail('nobody started');
    const running = heard(holder, 'running');
    holder.send({ calls: 1, hang: true });
    await running;
    const killedAt = Date.now();
    const answers = others.map((child) => heard(child, 'values'));
    for (const child of others) child.send({ calls: 250 });
    holder.kill('SIGKILL');
    const values = (await Promise.all(answers)).flat();
    expect(new Set(values)).to.deep.equal(new Set(['made by 2']));
    expect(await runs()).to.equal('2');
    expect(Date.now() - killedAt).to.be.within(1000, 15_000);
    return undefined;
  });

  for (const mode of ['soft', 'stale'] as const) {
    const when = mode === 'soft' ? 'past its soft life' : 'that was invalidated, with stale,';
    it(`a value ${when} is made anew by one process while all of them serve it`, async () => {
      const four = await start(4, mode);
      const [filler] = four;
      if (!filler) return expect.fail('nobody started');
      const ask = async (calls: number): Promise<Set<string>> => {
        const answers = four.map((child) => heard(child, 'values'));
        for (const child of four) child.send({ calls });
        return new Set((await Promise.all(answers)).flat());
      };
      const filled = heard(filler, 'values');
      filler.send({ calls: 1 });
      expect(await filled).to.deep.equal(['made by 1']);
      const passed = Promise.all(four.map((child) => heard(child, 'passed')));
      for (const child of four) child.send({ pass: mode === 'soft' ? 120_000 : 1 });
      await passed;
      if (mode === 'stale') await Promise.all([heard(filler, 'invalidated'), filler.send('invalidate')]);
      for (const child of four) child.send('hold');
      const running = Promise.race(four.map((child) => heard(child, 'running')));
      expect(await ask(250), 'nobody waits').to.deep.equal(new Set(['made by 1']));
      await running;
      expect(await ask(250), 'nor while it is made').to.deep.equal(new Set(['made by 1']));
      for (const child of four) child.send('finish');
      while ((await ask(1)).has('made by 1')) await new Promise((resolve) => setImmediate(resolve));
      expect([await ask(250), await runs()]).to.deep.equal([new Set(['made by 2']), '2']);
      return undefined;
    });
  }
});
