import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  CachedForeignKey,
  CachedOneToOne,
  CacheMixin,
  Column,
  connect,
  ForeignKey,
  MemoryStore,
  Model,
  moneyclip,
  PrimaryKey,
  RecordNotFoundError,
  Table,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import type { CacheEvent } from '../../src/telemetry/channels.js';
import { FakeClock, FlakyStore } from '../../src/testing/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { Runs } from '../support/article-models.js';
import { counted } from '../support/counted.js';
import { rejection } from '../support/rejection.js';
import { until } from '../support/until.js';

/* The models of its readme: accounts with followers, and documents. */

const runs = new Runs();
/** What a value costs. */
let spend: () => void = () => undefined;

@Table('seed_clip_accounts', { label: 'seedclip.Account' })
class Account extends CacheMixin(Model) {
  declare static objects: Manager<Account>;
  declare static cache: CacheManager<Account>;
  static override readonly repopulate = true;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', maxLength: 32, unique: true }) declare username: string;

  @moneyclip(
    'account::followers::account-id-%s',
    (account: Account) => [account.id],
    () => Follower,
    (follower: Follower) => [follower.account],
  )
  async followersCount(): Promise<number> {
    runs.note('followersCount');
    return Follower.objects.filter({ account: this }).count();
  }

  @moneyclip('account::label::%s', (account: Account) => [account.id], 'seedclip.Follower', (follower: Follower) => [
    follower.account,
  ])
  async byLabel(): Promise<number> {
    return runs.note(`byLabel ${this.id}`);
  }

  @moneyclip(
    'account::both::%s::%s',
    (account: Account, other: Account) => [account.id, other.id],
    () => Follower,
    (follower: Follower) => [follower.account, follower.fan],
    { symmetrical: true, ttl: '10m' },
  )
  async both(other: Account): Promise<number> {
    spend();
    return runs.note(`both ${this.id} ${other.id}`);
  }

  @moneyclip({
    key: 'account::turned::%s::%s',
    args: (account: Account, other: Account) => [account.id, other.id],
    watch: [[() => Follower, (follower: Follower) => [follower.account, follower.fan]]],
    symmetrical: (account, other) => [other, account],
    repopulate: true,
  })
  async turned(other: Account): Promise<number> {
    return runs.note(`turned ${this.id} ${other.id}`);
  }
}

@Table('seed_clip_followers', { label: 'seedclip.Follower' })
class Follower extends CacheMixin(Model) {
  declare static objects: Manager<Follower>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Account) declare account: Related<Account>;
  declare accountId: number;
  @ForeignKey(() => Account, { nullable: true }) declare fan: Related<Account | null>;
  declare fanId: number | null;

  /** With the model as a class, which exists here already. */
  @moneyclip('follower::name::%s', (follower: Follower) => [follower.id], Account, () => undefined)
  async nothing(): Promise<number> {
    return runs.note('nothing');
  }
}

@Table('seed_clip_documents', { label: 'seedclip.Document' })
class Document extends CacheMixin(Model) {
  declare static objects: Manager<Document>;
  declare static cache: CacheManager<Document>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
  @ForeignKey(() => Account) declare book: Related<Account>;
  declare bookId: number;
  @CachedForeignKey('seedclip.Account') declare createdBy: Related<Account>;
  declare createdById: number;
  @CachedOneToOne(() => Account, { nullable: true }) declare owner: Related<Account | null>;
  declare ownerId: number | null;
}

const models = [Account, Follower, Document] as const;
const minute = 60_000;

describe('a user of moneyclip finds', () => {
  forEachCombination((combination) => {
    const clock = new FakeClock();
    const current = counted(combination, models, { clock });
    const systemRandom = Math.random;
    let ann: Account;
    let bob: Account;
    beforeEach(async () => {
      ann = await Account.create({ id: 1, username: 'ann' });
      bob = await Account.create({ id: 2, username: 'bob' });
      await Account.cache.find(0); // notices whatever the set-up did
      runs.reset();
    });
    afterEach(() => {
      Math.random = systemRandom;
      spend = () => undefined;
    });
    const sql = async (task: () => Promise<unknown>): Promise<number> => (await current().costOf(task)).sql;

    it('@moneyclip(key, key_fn, model, path), the model as class, thunk or label', async () => {
      expect([await ann.followersCount(), await ann.followersCount(), await bob.followersCount()]).to.deep.equal([
        0, 0, 0,
      ]);
      expect(moneyclip.of(Account, 'followersCount').key(ann)).to.equal('account::followers::account-id-1');
      expect([await ann.byLabel(), await bob.byLabel(), runs.of('followersCount')]).to.deep.equal([1, 1, 2]);
      const follower = await Follower.create({ account: ann });
      expect([await ann.followersCount(), await ann.byLabel(), await bob.byLabel()]).to.deep.equal([1, 2, 1]);
      await follower.delete();
      expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([0, 0]);
      const other = await Follower.create({ account: bob });
      expect([await other.nothing(), await other.nothing()]).to.deep.equal([1, 1]);
    });

    it('timeout, symmetrical (True or a function), wrapper.invalidate(*args)', async () => {
      expect([await ann.both(bob), await bob.both(ann), await ann.turned(bob)]).to.deep.equal([1, 1, 1]);
      await Follower.create({ account: ann, fan: bob });
      expect([await ann.both(bob), await bob.both(ann), await ann.turned(bob)]).to.deep.equal([2, 2, 2]);
      await moneyclip.of(Account, 'both').invalidate(ann, bob);
      expect([await ann.both(bob), await bob.both(ann)]).to.deep.equal([3, 2]);
      clock.advance(12 * minute);
      expect([await ann.both(bob), await bob.both(ann)]).to.deep.equal([4, 3]);
    });

    it('CacheMixin, CacheManager, Model.cache.get(id=1), CACHE = {field: key_fn} for other unique fields', async () => {
      await Account.cache.get(1);
      await Account.cache.get({ username: 'ann' });
      expect(await sql(() => Account.cache.get(1))).to.equal(0);
      expect(await sql(() => Account.cache.get({ username: 'ann' }))).to.equal(0);
      expect((await Account.cache.get(1)).username).to.equal('ann');
    });

    it('DOES_NOT_EXIST kept in the cache', async () => {
      await rejection(Account.cache.get(9), RecordNotFoundError);
      expect(await sql(() => rejection(Account.cache.get(9), RecordNotFoundError))).to.equal(0);
      await Account.create({ id: 9, username: 'ida' });
      expect((await Account.cache.get(9)).username).to.equal('ida');
    });

    it('the document of its readme: the cache manager and CachedForeignKey are cached, other reads are not', async () => {
      const { id } = await Document.create({ text: 'x', book: ann, createdBy: bob });
      await (
        await Document.cache.get(id)
      ).createdBy;
      expect(await sql(() => Document.objects.get({ id })), 'objects.get').to.equal(1);
      expect(await sql(() => Document.objects.filter({ id }).first()), 'a filter').to.equal(1);
      expect(await sql(() => Document.cache.get(id)), 'cache.get').to.equal(0);
      const document = await Document.cache.get(id);
      expect(await sql(async () => document.createdBy), 'createdBy').to.equal(0);
      expect(await sql(async () => document.book), 'book').to.equal(1);
    });

    it('CachedForeignKey, CachedOneToOneField; save clears what was loaded', async () => {
      const document = await Document.create({ text: 'x', book: ann, createdBy: ann, owner: bob });
      expect([(await document.createdBy).username, (await document.owner)?.username]).to.deep.equal(['ann', 'bob']);
      await Account.objects.filter({ id: 1 }).update({ username: 'anna' });
      expect((await document.createdBy).username, 'loaded once').to.equal('ann');
      document.text = 'y';
      await document.save();
      expect((await document.createdBy).username).to.equal('anna');
      document.createdBy = bob;
      expect((await document.createdBy).username).to.equal('bob');
    });

    it('herd mitigation: near expiry one reader reloads while others get the value', async () => {
      Math.random = () => 0.5; // the life that was asked for
      spend = () => clock.advance(1000);
      expect(await ann.both(bob)).to.equal(1);
      clock.advance(10 * minute - 1500);
      Math.random = () => 0.9;
      expect([await ann.both(bob), runs.of('both 1 2')], 'readers whom chance does not pick').to.deep.equal([1, 1]);
      Math.random = () => 0.1;
      expect(await Promise.all([ann.both(bob), ann.both(bob)]), 'those whom it does').to.deep.equal([1, 1]);
      await until(() => runs.of('both 1 2') === 2);
      Math.random = () => 0.9;
      await until(async () => (await ann.both(bob)) === 2);
      expect(runs.of('both 1 2')).to.equal(2);
    });

    it('the writer repopulates, so that readers are always served from the cache', async () => {
      await ann.turned(bob);
      await Follower.create({ account: ann, fan: bob });
      expect(runs.of('turned 1 2'), 'made by the writer').to.equal(2);
      expect([await ann.turned(bob), runs.of('turned 1 2')]).to.deep.equal([2, 2]);
      ann.username = 'anna';
      await ann.save();
      expect(await sql(async () => expect((await Account.cache.get(1)).username).to.equal('anna'))).to.equal(0);
    });

    it('planned there: bulk update and delete invalidate', async () => {
      await Follower.objects.bulkCreate([{ account: ann }, { account: ann }, { account: bob }]);
      expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([2, 1]);
      await Follower.objects.filter({ account: bob }).update({ accountId: 1 });
      expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([3, 0]);
      await Follower.objects.filter({ account: ann }).delete();
      expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([0, 0]);
    });
  });

  it('entries expire after a default time; the backend down is logged, not fatal', async () => {
    const clock = new FakeClock();
    const store = new FlakyStore(new MemoryStore({ clock }));
    const db = await connect({ database: 'sqlite::memory:', cache: store, ttl: '10m', clock });
    const outcomes: string[] = [];
    const note = (event: unknown): void => void outcomes.push((event as CacheEvent).outcome); // what this channel carries
    subscribe('moneyclip:cache', note);
    try {
      await db.createTables(models);
      await Account.create({ id: 1, username: 'ann' });
      await Account.cache.get(1);
      await Account.cache.get(1);
      clock.advance(12 * minute);
      await Account.cache.get(1);
      store.fail();
      expect((await Account.cache.get(1)).username).to.equal('ann');
      const reads = outcomes.filter((outcome, index) => outcome !== 'fill' && outcome !== outcomes[index - 1]);
      expect(reads, 'stored by its writer, then ended, then down').to.deep.equal(['hit', 'miss', 'bypass']);
    } finally {
      unsubscribe('moneyclip:cache', note);
      store.heal();
      await db.close();
    }
  });
});
