import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import { connect, type Database } from '../../src/index.js';
import { FakeClock } from '../../src/testing/fake-clock.js';
import { freshDatabase, freshPrefix } from '../setup/fresh.js';
import { sharedRedisUrl } from '../setup/shared-servers.js';
import { createCaptured } from '../support/captured.js';
import { Book, shelfModels } from '../support/captured-models.js';
import { freshBooks } from '../support/first-book.js';
import { until } from '../support/until.js';

const windowMs = 500;
const longestGateMs = windowMs * 1.05 + 50;

/** The gate's row in the database, as far as a test says. */
interface Row {
  readonly token: string;
  readonly granted: boolean;
  readonly suspended: boolean;
}

/**
 * A writer of which no cache hears, since it has no relay and nobody else has: each of its writes waits, unless no gate
 * can be open. The steps of relays are made by hand, and its clock stands still meanwhile.
 */
describe('a gate that nobody may renew', function () {
  this.timeout(20_000);
  let url: string;
  let cache: string;
  let prefix: string;
  let other: pg.Client;
  let clock: FakeClock;
  let db: Database;

  before(async () => {
    [url, cache] = await Promise.all([freshDatabase('postgres'), sharedRedisUrl()]);
    await createCaptured(url, shelfModels);
    other = new pg.Client(url);
    await other.connect();
  });

  after(() => other.end());

  beforeEach(async () => {
    prefix = freshPrefix();
    clock = new FakeClock();
    await freshBooks(other);
    const guarantee = { level: 'guarded', window: windowMs } as const;
    db = await connect({ database: url, cache, prefix, clock, enabled: false, guarantee });
  });

  afterEach(() => db.close());

  const waits = (): number => db.stats().guarantee?.waits ?? 0;
  const put = async ({ token, granted, suspended }: Row): Promise<void> => {
    await other.query(
      `INSERT INTO moneyclip_capture.gate (ns, inst, epoch, token, granted, suspended, window_ms)
       VALUES ($1, 'some', 'old', $2, $3, $4, $5)
       ON CONFLICT (ns) DO UPDATE SET token = excluded.token, granted = excluded.granted, suspended = excluded.suspended`,
      [prefix, token, granted, suspended, windowMs],
    );
  };
  const row = async (): Promise<Row & { readonly epoch: string }> => {
    const { rows } = await other.query<Row & { epoch: string }>(
      'SELECT token, granted, suspended, epoch FROM moneyclip_capture.gate WHERE ns = $1',
      [prefix],
    );
    if (!rows[0]) throw new RangeError('the row was put there');
    return rows[0];
  };

  /** Begins a write; resolves when it waits, or has passed without waiting. */
  const begin = async (): Promise<{ readonly done: Promise<unknown>; readonly passed: boolean }> => {
    const earlier = waits();
    let isDone = false;
    const done = Book.objects.filter({ id: 1 }).update({ title: 'new' });
    void done.then(() => (isDone = true));
    await until(() => isDone || waits() > earlier);
    return { done, passed: isDone };
  };
  const passesAtOnce = async (): Promise<boolean> => {
    const { done, passed } = await begin();
    if (!passed) await clock.advanceAndSettle(longestGateMs);
    await done;
    return passed;
  };
  /** Makes a write that has to wait until no gate of before can be open any more, and not longer. */
  const writeAndWait = async (meanwhile: () => Promise<unknown> = async () => undefined): Promise<void> => {
    const { done, passed } = await begin();
    expect(passed, 'it waits').to.equal(false);
    let isOver = false;
    void done.then(() => (isOver = true));
    await clock.advanceAndSettle(longestGateMs - 1);
    await meanwhile();
    expect(isOver, 'before the time').to.equal(false);
    await clock.advanceAndSettle(1);
    await done;
  };

  const granted: Row = { token: 'a', granted: true, suspended: false };
  const takenOver: Row = { token: 'b', granted: false, suspended: false };

  it('is suspended by a write that waited in vain, and once that is older than a gate lives writes pass', async () => {
    await put(granted);
    await writeAndWait();
    expect(await row()).to.include({ token: 'a', granted: true, suspended: true });
    await writeAndWait(); // a gate that was renewed just before may live that long
    expect([await passesAtOnce(), await passesAtOnce()]).to.deep.equal([true, true]);
    expect(waits()).to.equal(2);
  });

  it('is not suspended while it is taken over, and lets writes pass once that lasts longer than a gate lives', async () => {
    await put(takenOver);
    await writeAndWait();
    expect(await row()).to.include(takenOver);
    expect([await passesAtOnce(), await passesAtOnce()]).to.deep.equal([true, true]);
    await put({ ...takenOver, token: 'c' });
    await writeAndWait(); // the gate may have been granted under the token before, and renewed
    expect(await passesAtOnce()).to.equal(true);
    expect(waits()).to.equal(2);
  });

  it('is not suspended under another grant than the one that a write waited under', async () => {
    await put(granted);
    await writeAndWait(() => put({ ...granted, token: 'b' }));
    expect(await row()).to.include({ token: 'b', suspended: false });
    await put(takenOver);
    await writeAndWait(() => put({ ...takenOver, granted: true }));
    expect(await row()).to.include({ token: 'b', granted: true, suspended: false });
  });

  it('lets no write pass once it is granted, however long it was not', async () => {
    await put(takenOver);
    await writeAndWait();
    expect(await passesAtOnce()).to.equal(true);
    await put({ ...takenOver, granted: true });
    const { done, passed } = await begin();
    expect(passed).to.equal(false);
    await put({ ...takenOver, token: 'c' }); // as when it was lost again
    await clock.advanceAndSettle(longestGateMs);
    await done;
    expect(await passesAtOnce(), 'that row was not looked at before').to.equal(false);
  });

  it('lets no write pass where the database does not tell of it', async () => {
    await put(takenOver);
    await writeAndWait();
    expect(await passesAtOnce()).to.equal(true);
    await other.query('ALTER TABLE moneyclip_capture.gate RENAME COLUMN suspended TO gone');
    try {
      await writeAndWait();
      await writeAndWait();
    } finally {
      await other.query('ALTER TABLE moneyclip_capture.gate RENAME COLUMN gone TO suspended');
    }
    expect(await passesAtOnce()).to.equal(true);
    await other.query('DELETE FROM moneyclip_capture.gate');
    await writeAndWait();
    await writeAndWait();
  });

  it('is opened again by a relay under a new epoch, after every older one has ended', async () => {
    await put({ ...granted, suspended: true });
    const startedAt = performance.now();
    const guarantee = { level: 'guarded', window: windowMs } as const;
    const relay = await connect({ name: 'relay', database: url, cache, prefix, guarantee, capture: { pollMs: 5 } });
    try {
      await until(async () => (await row()).token !== 'a');
      const { token, ...closed } = await row();
      expect(closed).to.include({ granted: false, suspended: false }).and.not.include({ epoch: 'old' });
      await until(async () => (await row()).granted);
      expect(performance.now() - startedAt).to.be.greaterThan(longestGateMs);
      expect(await row()).to.include({ token, epoch: closed.epoch, suspended: false });
    } finally {
      await relay.close();
    }
  });
});
