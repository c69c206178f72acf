import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { whenItSends } from '../../tools/torture/faults/process-faults.js';
import type { Tap } from '../../tools/torture/world/spoilable-proxy.js';

describe('a fault that waits for what a process sends', () => {
  let tap: Tap = () => undefined;
  const proxy = { watch: (given: Tap): void => void (tap = given) };

  it('is not over before what it held back may pass, however long that takes', async () => {
    const steps: string[] = [];
    let release = (_passes: boolean): void => undefined;
    const held = new Promise<boolean>((resolve) => (release = resolve));
    const over = whenItSends(proxy, /unlink/, () => held, 5).then(() => steps.push('over'));
    expect(tap('mget')).to.equal(undefined);
    const passes = tap('unlink')?.then((answer) => steps.push(`passes: ${answer}`));
    await wait(20);
    expect(steps).to.eql([]);
    release(true);
    await Promise.all([passes, over]);
    expect(steps).to.have.members(['passes: true', 'over']);
    expect(tap('unlink')).to.equal(undefined, 'the second of them');
  });

  it('is over when nothing was sent for a while, and holds nothing back later', async () => {
    await whenItSends(proxy, /unlink/, () => Promise.resolve(false), 5);
    expect(tap('unlink')).to.equal(undefined);
  });
});
