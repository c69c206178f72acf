import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { GateClient, GatePipeline } from '../../../src/store/gate/gate-client.js';
import { RedisGate } from '../../../src/store/gate/redis-gate.js';
import { FakeClock } from '../../../src/testing/index.js';

const facts = 'redis_version:7.4.0\r\nrun_id:abc\r\nmaster_replid:def\r\n';
const windowMs = 500;

/** A Redis whose clock is set back all the time: it takes every renewal. */
class SetBack implements GateClient {
  readonly status = 'ready';
  renewals = 0;

  info(): Promise<string> {
    return Promise.resolve(facts);
  }

  eval(): Promise<unknown> {
    this.renewals += 1;
    return Promise.resolve(1);
  }

  pipeline(): GatePipeline {
    const queue = (): void => undefined;
    const exec: GatePipeline['exec'] = () =>
      Promise.resolve([
        [null, ['1', '0']],
        [null, facts],
        [null, facts],
      ]);
    return { time: queue, info: queue, get: queue, exec };
  }

  on(): void {
    // It is always connected.
  }
}

describe('RedisGate', () => {
  const open = (): { clock: FakeClock; client: SetBack; gate: RedisGate } => {
    const clock = new FakeClock();
    const client = new SetBack();
    return { clock, client, gate: new RedisGate({ client, key: 'gate', clock, windowMs }) };
  };

  it('is renewed within the window after Redis was asked for its time', async () => {
    const { clock, client, gate } = open();
    const look = await gate.look();
    clock.advance(windowMs - 1);
    expect(await gate.renew(look, { epoch: 'e', beat: '1', windowMs })).to.equal('renewed');
    expect(client.renewals).to.equal(1);
  });

  it('is not renewed later, whatever the clock of Redis says by then', async () => {
    const { clock, client, gate } = open();
    const look = await gate.look();
    clock.advance(windowMs);
    expect(await gate.renew(look, { epoch: 'e', beat: '1', windowMs })).to.equal('late');
    expect(client.renewals).to.equal(0);
  });
});
