import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { InProcessJobs } from '../../../src/jobs/in-process-jobs.js';
import type { Work } from '../../../src/jobs/job.js';
import { FakeClock } from '../../../src/testing/index.js';
import { rejection } from '../../support/rejection.js';

describe('the queue in process', () => {
  let clock: FakeClock;
  let jobs: InProcessJobs;
  let begun: string[];

  beforeEach(() => {
    clock = new FakeClock(0);
    jobs = new InProcessJobs(clock);
    begun = [];
  });

  const work = (name: string, more: Partial<Work> = {}): Work => ({
    label: `in-process ${name}`,
    kind: 'refresh',
    sameAs: name,
    job: () => undefined,
    run: async () => void begun.push(`${name} at ${clock.now()}`),
    ...more,
  });
  const failing = async (): Promise<void> => {
    begun.push(`failing at ${clock.now()}`);
    throw new Error('not now');
  };

  it('does at once what is not to wait, and says what it threw', async () => {
    await jobs.add(work('a'));
    expect(begun).to.deep.equal(['a at 0']);
    await rejection(jobs.add(work('b', { run: failing })), Error, 'not now');
    expect(clock.scheduled).to.equal(0);
  });

  it('does one of those that are the same, when the first is due, and the next of them after it has begun', async () => {
    await jobs.add(work('a'), 100);
    await clock.advanceAndSettle(60);
    await jobs.add(work('a'), 100);
    await jobs.add(work('b'), 100);
    await jobs.add(work('c', { sameAs: undefined }), 100);
    await jobs.add(work('c', { sameAs: undefined }), 100);
    await clock.advanceAndSettle(40);
    await jobs.add(work('a'), 100);
    await clock.advanceAndSettle(1_000);
    expect(begun).to.deep.equal(['a at 100', 'b at 160', 'c at 160', 'c at 160', 'a at 200']);
  });

  it('tries again after one second, then after two, and then no more', async () => {
    await jobs.add(work('failing', { run: failing }), 100);
    await clock.advanceAndSettle(100_000);
    expect(begun).to.deep.equal(['failing at 100', 'failing at 1100', 'failing at 3100']);
  });

  it('does not try again what somebody has asked for anew', async () => {
    await jobs.add(
      work('a', {
        run: async () => {
          await jobs.add(work('a'), 10);
          await failing();
        },
      }),
      100,
    );
    await clock.advanceAndSettle(100_000);
    expect(begun).to.deep.equal(['failing at 100', 'a at 110']);
  });

  it('waits at its end for what is under way, drops what is to be dropped, and takes no more', async () => {
    let finish = (): void => undefined;
    const slow = new Promise<void>((resolve) => (finish = resolve));
    await jobs.add(work('slow', { run: () => slow }), 100);
    await clock.advanceAndSettle(100);
    await jobs.add(work('refresh'), 100);
    await jobs.add(work('drop', { kind: 'invalidate', sameAs: undefined }), 100);
    let isClosed = false;
    const closing = jobs.close().then(() => (isClosed = true));
    await clock.advanceAndSettle(0);
    expect([isClosed, begun, clock.scheduled]).to.deep.equal([false, ['drop at 100'], 0]);
    finish();
    await closing;
    await jobs.add(work('refresh'), 100);
    await jobs.add(work('late', { kind: 'invalidate', sameAs: undefined }), 100);
    await clock.advanceAndSettle(1_000);
    expect(begun).to.deep.equal(['drop at 100', 'late at 100']);
  });
});
