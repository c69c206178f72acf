import { expect } from 'chai';
import { describe, it } from 'mocha';
import { Deadline, DeadlineError, Waiting } from '../../../src/support/deadline.js';
import { FakeClock } from '../../../src/testing/index.js';

function start(deadline: Deadline, promise: Promise<unknown> = new Promise(() => undefined)): { outcome: unknown } {
  const seen: { outcome: unknown } = { outcome: 'waiting' };
  deadline.race(promise).then(
    (value) => (seen.outcome = value),
    (error: unknown) => (seen.outcome = error),
  );
  return seen;
}

describe('Deadline', () => {
  it('settles like the promise', async () => {
    const deadline = new Deadline(new FakeClock(), 250);
    expect(await deadline.race(Promise.resolve('value'))).to.equal('value');
    const failure = new Error('failure');
    const { outcome } = await settled(start(deadline, Promise.reject(failure)));
    expect(outcome).to.equal(failure);
  });

  it('rejects in the millisecond of the deadline, and not before', async () => {
    const clock = new FakeClock();
    const seen = start(new Deadline(clock, 250));
    clock.advance(249);
    expect((await settled(seen)).outcome).to.equal('waiting');
    clock.advance(1);
    expect((await settled(seen)).outcome)
      .to.be.instanceOf(DeadlineError)
      .with.property('message', 'no answer within 250 ms');
  });

  it('gives each its own deadline with one timer for all', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 250);
    const all: { outcome: unknown }[] = [];
    for (let count = 0; count < 5; count += 1) {
      all.push(start(deadline));
      expect(clock.scheduled).to.equal(1);
      clock.advance(40);
    }
    for (let expired = 0; expired <= 5; expired += 1) {
      await settled(all[0]!);
      expect(all.filter(({ outcome }) => outcome instanceof DeadlineError)).to.have.length(expired);
      clock.advance(expired === 0 ? 50 : 40);
    }
  });

  it('leaves no timer running when nothing waits any more', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 250);
    for (let count = 0; count < 100; count += 1) await deadline.race(Promise.resolve());
    expect(clock.scheduled).to.equal(1);
    clock.advance(250);
    expect(clock.scheduled).to.equal(0);
  });

  it('forgets what has settled', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 250);
    void deadline.race(Promise.resolve());
    clock.advance(100);
    await deadline.race(Promise.resolve());
    await settled(start(deadline, Promise.reject(new Error('failure'))));
    clock.advance(150);
    expect(clock.scheduled, 'no timer for those of the second half').to.equal(0);
  });

  it('waits for nobody whose answer was there before the wait began', () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 250);
    const waiting = new Waiting(() => expect.fail('it was answered'));
    expect(deadline.end(waiting)).to.equal(true);
    deadline.begin(waiting);
    expect(clock.scheduled).to.equal(0);
    expect(deadline.end(waiting)).to.equal(false);
  });

  it('goes on waiting for the others where an answer was there before the wait began', async () => {
    const clock = new FakeClock();
    const deadline = new Deadline(clock, 250);
    const seen = start(deadline);
    expect(deadline.end(new Waiting(() => expect.fail('it was answered')))).to.equal(true);
    clock.advance(250);
    expect((await settled(seen)).outcome).to.be.instanceOf(DeadlineError);
  });

  it('ignores an outcome that comes later, a failure too', async () => {
    const clock = new FakeClock();
    let fail: (error: Error) => void = () => undefined;
    const seen = start(new Deadline(clock, 250), new Promise((_, reject) => (fail = reject)));
    clock.advance(250);
    fail(new Error('late'));
    expect((await settled(seen)).outcome).to.be.instanceOf(DeadlineError);
  });

  it('waits for what lies in the socket when this process was too busy to run the timer', async () => {
    const real = new LateClock();
    let answer: (value: string) => void = () => undefined;
    const seen = start(new Deadline(real, 250), new Promise((resolve) => (answer = resolve)));
    real.runLate(400);
    expect((await settled(seen)).outcome, 'the timer ran late').to.equal('waiting');
    answer('it was there');
    await settled(seen);
    real.runLate(1);
    expect((await settled(seen)).outcome).to.equal('it was there');
  });

  it('waits for what lies in the socket when a busy turn ends just as the timer is due', async () => {
    const real = new LateClock();
    let answer: (value: string) => void = () => undefined;
    const seen = start(new Deadline(real, 250), new Promise((resolve) => (answer = resolve)));
    real.runLate(250);
    answer('it was there');
    await settled(seen);
    real.runLate(1);
    expect((await settled(seen)).outcome).to.equal('it was there');
  });

  it('takes a time in which this process stood still for one part of the deadline', async () => {
    const real = new LateClock();
    const seen = start(new Deadline(real, 250));
    real.runLate(60_000);
    real.runLate(1);
    expect((await settled(seen)).outcome, 'it has run for 63 ms').to.equal('waiting');
    for (const ms of [63, 1, 63, 1]) real.runLate(ms);
    expect((await settled(seen)).outcome, 'it has run for 191 ms').to.equal('waiting');
    real.runLate(60_000);
    real.runLate(1);
    expect((await settled(seen)).outcome).to.be.instanceOf(DeadlineError);
  });

  it('does not reject what was asked for after the timer ran, however long that turn takes', async () => {
    const real = new LateClock();
    const deadline = new Deadline(real, 100);
    const first = start(deadline);
    for (const ms of [25, 0, 25, 0, 25, 0, 25]) real.runLate(ms);
    const second = start(deadline);
    real.runLate(400);
    expect((await settled(first)).outcome).to.be.instanceOf(DeadlineError);
    expect((await settled(second)).outcome, 'nobody has listened for its answer yet').to.equal('waiting');
    for (const ms of [25, 0, 25, 0, 25]) real.runLate(ms);
    expect((await settled(second)).outcome, 'that turn counts as a part').to.equal('waiting');
    real.runLate(0);
    expect((await settled(second)).outcome).to.be.instanceOf(DeadlineError);
  });

  it('does not wait longer when the wall clock is set back', async () => {
    const clock = new FakeClock();
    const seen = start(new Deadline(clock, 250));
    clock.set(clock.now() - 3_600_000);
    clock.advance(250);
    expect((await settled(seen)).outcome).to.be.instanceOf(DeadlineError);
  });
});

/** A clock whose timers run only when the event loop gets to them. */
class LateClock extends FakeClock {
  #due: (() => void)[] = [];

  override schedule(_delayMs: number, task: () => void): () => void {
    this.#due.push(task);
    return () => undefined;
  }

  runLate(ms: number): void {
    this.advance(ms);
    const due = this.#due;
    this.#due = [];
    for (const task of due) task();
  }
}

async function settled<T>(seen: T): Promise<T> {
  await new Promise((resolve) => setImmediate(resolve));
  return seen;
}
