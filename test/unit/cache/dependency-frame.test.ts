import { expect } from 'chai';
import { describe, it } from 'mocha';
import { currentFrame, DependencyFrame, runInFrame } from '../../../src/cache/dependency-frame.js';

/** A promise, and how to resolve it. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('runInFrame', () => {
  it('shows the frame to everything inside, however many awaits lie between, and to nobody else', async () => {
    const frame = new DependencyFrame({});
    const inside = runInFrame(frame, async () => {
      await turn();
      return currentFrame();
    });
    expect(currentFrame()).to.equal(undefined);
    expect(await inside).to.equal(frame);
    expect(currentFrame()).to.equal(undefined);
  });

  it('keeps the frame of one that still runs when others end, whether they answer, throw or reject', async () => {
    const frame = new DependencyFrame({});
    const goOn = gate();
    const inside = runInFrame(frame, async () => {
      await goOn.opened;
      await turn();
      return currentFrame();
    });
    expect(runInFrame(new DependencyFrame({}), () => 1)).to.equal(1);
    expect(() => runInFrame(new DependencyFrame({}), () => expect.fail('thrown'))).to.throw('thrown');
    await runInFrame(new DependencyFrame({}), () => Promise.reject(new Error('rejected'))).catch(() => undefined);
    await turn();
    goOn.open();
    expect(await inside).to.equal(frame);
  });

  it('hides the frame from what is run in none, and shows it again after that', async () => {
    const frame = new DependencyFrame({});
    await runInFrame(frame, async () => {
      expect(await runInFrame(undefined, async () => currentFrame())).to.equal(undefined);
      await turn();
      expect(currentFrame()).to.equal(frame);
    });
  });

  it('leaves nothing behind in what outlives all that was run', async () => {
    const goOn = gate();
    let late: Promise<unknown> | undefined;
    await runInFrame(new DependencyFrame({}), async () => {
      late = goOn.opened.then(async () => {
        await turn();
        return currentFrame();
      });
    });
    await turn();
    goOn.open();
    expect(await late).to.equal(undefined);
  });
});
