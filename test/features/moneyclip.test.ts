import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import {
  CachedForeignKey,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  UsageError,
  type CacheManager,
  type Database,
  type Manager,
  type QuerySet,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

/** How often each method ran since the test began. */
const runs: Record<string, number> = {};

function ran(method: string): void {
  runs[method] = (runs[method] ?? 0) + 1;
}

let pathOf: (follow: Follow) => unknown = (follow) => [follow.account];

abstract class Counting extends CachedModel {
  @moneyclip()
  async inherited(): Promise<string> {
    ran(`${this.constructor.name}.inherited`);
    return this.constructor.name;
  }

  @moneyclip()
  async overridden(): Promise<string> {
    ran('Counting.overridden');
    return 'base';
  }
}

@Table('clip_accounts', { label: 'clip.Account' })
class Account extends Counting {
  declare static objects: Manager<Account>;
  declare static cache: CacheManager<Account>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'integer', default: 0 }) declare visits: number;
  declare readonly follows: QuerySet<Follow>;

  @moneyclip(
    'account::followers::account-id-%s',
    (account: Account) => [account.id],
    () => Follow,
    (follow: Follow) => [follow.account],
  )
  async followersCount(): Promise<number> {
    ran('followersCount');
    return rawCount(this.id);
  }

  @moneyclip(
    'account::scripted::%s',
    (account: Account) => [account.id],
    'clip.Follow',
    (follow: Follow) => pathOf(follow) as unknown[],
  )
  async scripted(): Promise<number> {
    ran('scripted');
    return rawCount(this.id);
  }

  @moneyclip('account::watched::%s', (account: Account) => [account.id], () => Follow)
  async watched(): Promise<number> {
    ran('watched');
    return rawCount(this.id);
  }

  @moneyclip(
    'friends::%s::%s',
    (account: Account, other: Account) => [account.id, other.id],
    () => Follow,
    (follow: Follow) => [follow.account, follow.follower],
    { symmetrical: true },
  )
  async connections(other: Account): Promise<number> {
    ran('connections');
    return rawCount(this.id, other.id);
  }

  @moneyclip({
    key: 'pair::%s::%s',
    args: (account: Account, other: Account) => [account.id, other.id],
    watch: [[() => Follow, (follow: Follow) => [follow.account, follow.follower]]],
    symmetrical: (account, other) => [other, account],
  })
  async pair(other: Account): Promise<number> {
    ran('pair');
    return rawCount(this.id, other.id);
  }

  @moneyclip({
    key: 'eager::%s',
    args: (account: Account) => [account.id],
    watch: [[() => Follow, (follow: Follow) => [follow.account]]],
    repopulate: true,
  })
  async eager(): Promise<number> {
    ran('eager');
    return rawCount(this.id);
  }

  @moneyclip()
  async found(): Promise<number> {
    ran('found');
    return Follow.objects.filter({ account: this }).count();
  }

  @moneyclip()
  async label(prefix: string, options: object = {}): Promise<string> {
    ran('label');
    return `${prefix}${this.name}${JSON.stringify(options)}`;
  }

  @moneyclip()
  async idOnly(): Promise<string> {
    ran('idOnly');
    return `account ${this.id}`;
  }

  @moneyclip()
  async produced(..._: unknown[]): Promise<unknown> {
    ran('produced');
    return undefined;
  }

  @moneyclip('wrong::%s::%s', (account: Account) => [account.id])
  async wrongKey(): Promise<number> {
    return 1;
  }

  @moneyclip()
  override async overridden(): Promise<string> {
    ran('Account.overridden');
    return `over ${await super.overridden()}`;
  }
}

@Table('clip_companies', { label: 'clip.Company' })
class Company extends Counting {
  declare static objects: Manager<Company>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', default: 'x' }) declare name: string;

  // A method that overrides one under @moneyclip, without the decorator.
  override async overridden(): Promise<string> {
    return `plain over ${await super.overridden()}`;
  }
}

@Table('clip_follows', { label: 'clip.Follow' })
class Follow extends CachedModel {
  declare static objects: Manager<Follow>;
  declare static cache: CacheManager<Follow>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Account, { relatedName: 'follows', onDelete: 'cascade' }) declare account: Related<Account>;
  declare accountId: number;
  @CachedForeignKey(() => Account, { onDelete: 'cascade', nullable: true }) declare follower: Related<Account> | null;
  declare followerId: number | null;
  @Column({ type: 'string', nullable: true }) declare note: string | null;
}

let current: Database;

/** Counts by SQL that the library does not see: only paths and watches can tell. */
async function rawCount(account: number, follower?: number): Promise<number> {
  const rows = await current
    .knex('clip_follows')
    .where({ account_id: account, ...(follower === undefined ? {} : { follower_id: follower }) });
  return rows.length;
}

function describeHandles(accounts: () => readonly [Account, Account]): void {
  describe('its handle', () => {
    let ann: Account;
    let bob: Account;
    beforeEach(() => {
      [ann, bob] = accounts();
    });

    const clip = () => moneyclip.of(Account, 'followersCount');

    it('tells the key', () => {
      expect(clip().key(ann)).to.equal(`account::followers::account-id-${ann.id}`);
      expect(moneyclip.of(Account, 'connections').key(ann, bob)).to.equal(`friends::${ann.id}::${bob.id}`);
      expect(moneyclip.of(Account, 'label').key(ann, 'x')).to.equal(`clip.Account.label::${ann.id}("x")`);
    });

    it('peeks without computing', async () => {
      expect(await clip().peek(ann)).to.equal(undefined);
      await ann.followersCount();
      expect(await clip().peek(ann)).to.equal(0);
      expect(runs['followersCount']).to.equal(1);
    });

    it('invalidates one value', async () => {
      await Promise.all([ann.followersCount(), bob.followersCount()]);
      await clip().invalidate(ann);
      expect([await clip().peek(ann), await clip().peek(bob)]).to.deep.equal([undefined, 0]);
    });

    it('invalidates at the commit of the transaction around it, and not where that is rolled back', async () => {
      await ann.followersCount();
      await transaction(async () => {
        await clip().invalidate(ann);
        throw new Error('roll back');
      }).catch(() => undefined);
      expect(await clip().peek(ann)).to.equal(0);
      await transaction(() => clip().invalidate(ann));
      expect(await clip().peek(ann)).to.equal(undefined);
    });

    it('refreshes: computes, stores and answers', async () => {
      await ann.followersCount();
      expect(await clip().refresh(ann)).to.equal(0);
      expect(runs['followersCount']).to.equal(2);
      expect(await clip().peek(ann)).to.equal(0);
    });

    it('explains', async () => {
      const found = moneyclip.of(Account, 'found');
      expect((await found.explain(ann)).state).to.equal('miss');
      await ann.found();
      const { state, ageMs, ttlMs, bytes, dependencies } = await found.explain(ann);
      expect(state).to.equal('hit');
      expect(ageMs).to.be.within(0, 10_000);
      expect(ttlMs).to.be.within(50 * 60_000, 67 * 60_000);
      expect(bytes).to.be.above(20);
      expect(dependencies).to.include(`cm:clip_follows:account_id=${ann.id}`);
      expect(dependencies).to.not.include(`r:clip_accounts:${ann.id}`);
    });

    it('is refused for what is no such method', () => {
      expect(() => moneyclip.of(Account, 'name')).to.throw(
        UsageError,
        "moneyclip.of(Account, 'name'): Account.name is no method under @moneyclip",
      );
      expect(() => moneyclip.of(Company, 'overridden')).to.throw(UsageError);
    });
  });
}

describe('@moneyclip', () => {
  forEachCombination((combination) => {
    const db = connected(combination, [Account, Company, Follow]);
    let ann: Account;
    let bob: Account;

    beforeEach(async () => {
      current = db();
      for (const name of Object.keys(runs)) delete runs[name];
      pathOf = (follow) => [follow.account];
      ann = await Account.create({ name: 'ann' });
      bob = await Account.create({ name: 'bob' });
    });

    describe('with a path', () => {
      it('computes once, and anew for the rows that the path leads to', async () => {
        expect([await ann.followersCount(), await ann.followersCount(), await bob.followersCount()]).to.deep.equal([
          0, 0, 0,
        ]);
        expect(runs['followersCount']).to.equal(2);
        await Follow.create({ account: ann });
        expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([1, 0]);
        expect(runs['followersCount']).to.equal(3);
      });

      it('corrects both where a row moves from one to the other', async () => {
        const follow = await Follow.create({ account: ann });
        expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([1, 0]);
        follow.account = bob;
        await follow.save();
        expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([0, 1]);
      });

      it('corrects both also where the instance had read an older row', async () => {
        const follow = await Follow.create({ account: ann });
        const stale = await Follow.objects.get({ id: follow.id });
        await Follow.objects.filter({ id: follow.id }).update({ account: bob });
        expect([await ann.followersCount(), await bob.followersCount()]).to.deep.equal([0, 1]);
        const cat = await Account.create({ name: 'cat' });
        stale.account = cat;
        await stale.save();
        expect([await ann.followersCount(), await bob.followersCount(), await cat.followersCount()]).to.deep.equal([
          0, 0, 1,
        ]);
      });

      it('follows deletes, bulkCreate, and updates and deletes of query sets', async () => {
        const counts = async (): Promise<number[]> => [await ann.followersCount(), await bob.followersCount()];
        expect(await counts()).to.deep.equal([0, 0]);
        const [follow] = await Follow.objects.bulkCreate([{ account: ann }, { account: ann }]);
        expect(await counts()).to.deep.equal([2, 0]);
        await Follow.objects.filter({ account: ann }).update({ account: bob });
        expect(await counts()).to.deep.equal([0, 2]);
        await Follow.objects.filter({ id: follow?.id ?? 0 }).delete();
        expect(await counts()).to.deep.equal([0, 1]);
        await (await Follow.objects.get({ account: bob })).delete();
        expect(await counts()).to.deep.equal([0, 0]);
      });

      it('drops nothing for a transaction that is rolled back', async () => {
        await ann.followersCount();
        const failed = transaction(async () => {
          await Follow.create({ account: ann });
          throw new Error('roll back');
        });
        await failed.catch(() => undefined);
        await ann.followersCount();
        expect(runs['followersCount']).to.equal(1);
      });

      it('drops all values where rows vanish without being seen, as by a cascade', async () => {
        await Follow.create({ account: ann, follower: bob });
        expect(await ann.followersCount()).to.equal(1);
        await bob.delete();
        expect(await ann.followersCount()).to.equal(0);
      });

      for (const [what, path] of [
        ['a promise of a list', async (follow: Follow) => [await follow.account]],
        ['a list of promises', (follow: Follow) => [follow.account]],
      ] as const) {
        it(`takes ${what}`, async () => {
          pathOf = path;
          expect(await ann.scripted()).to.equal(0);
          await Follow.create({ account: ann });
          expect(await ann.scripted()).to.equal(1);
        });
      }

      for (const [what, path] of [
        ['undefined', () => undefined],
        ['null', () => null],
        ['a promise of undefined', async () => undefined],
        ['a list with null', () => [null]],
        ['a list with a promise of null', (follow: Follow) => [follow.follower]],
        ['a row that does not exist', async () => [await Account.objects.get({ id: 4711 })]],
      ] as const) {
        it(`takes ${what} for "no key": nothing is dropped`, async () => {
          pathOf = path;
          expect(await ann.scripted()).to.equal(0);
          await Follow.create({ account: ann });
          expect(await ann.scripted()).to.equal(0);
          expect(runs['scripted']).to.equal(1);
        });
      }

      it('that throws lets the write commit, drops all values of the method, and warns once', async () => {
        const warnings: string[] = [];
        const note = ({ message }: Error): unknown =>
          message.includes('clip.Account.scripted') || message.includes('Account.scripted')
            ? warnings.push(message)
            : 0;
        process.on('warning', note);
        try {
          await Promise.all([ann.scripted(), bob.scripted()]);
          pathOf = () => {
            throw new Error('the path is wrong');
          };
          await Follow.create({ account: ann });
          await Follow.create({ account: ann });
          expect([await ann.scripted(), await bob.scripted()]).to.deep.equal([2, 0]);
          expect(runs['scripted']).to.equal(4);
          await new Promise((resolve) => setImmediate(resolve));
        } finally {
          process.off('warning', note);
        }
        expect(warnings.length, 'once in the life of the process').to.be.at.most(1);
        for (const warning of warnings) expect(warning).to.match(/path of a watched row failed.*the path is wrong/);
      });

      it('whose query fails does not take the write along', async () => {
        pathOf = async () => {
          await current.knex.raw('SELECT * FROM no_such_table');
          return [];
        };
        await ann.scripted();
        const follow = await Follow.create({ account: ann });
        expect(await ann.scripted()).to.equal(1);
        expect(await Follow.objects.filter({ id: follow.id }).count()).to.equal(1);
      });

      it('left out means any row of the watched model', async () => {
        expect([await ann.watched(), await bob.watched()]).to.deep.equal([0, 0]);
        await Follow.create({ account: ann });
        expect([await ann.watched(), await bob.watched()]).to.deep.equal([1, 0]);
        expect(runs['watched']).to.equal(4);
      });

      it('left out means also rows that change in bulk', async () => {
        await ann.watched();
        await Follow.objects.bulkCreate(Array.from({ length: 501 }, () => ({ account: ann })));
        expect(await ann.watched()).to.equal(501);
      });
    });

    describe('symmetrical', () => {
      it('true drops the reversed key too', async () => {
        expect([await ann.connections(bob), await bob.connections(ann)]).to.deep.equal([0, 0]);
        await Follow.create({ account: ann, follower: bob });
        expect([await ann.connections(bob), await bob.connections(ann)]).to.deep.equal([1, 0]);
        expect(runs['connections']).to.equal(4);
      });

      it('as a function says which other key', async () => {
        await Promise.all([ann.pair(bob), bob.pair(ann)]);
        await Follow.create({ account: ann, follower: bob });
        await Promise.all([ann.pair(bob), bob.pair(ann)]);
        expect(runs['pair']).to.equal(4);
      });

      it('leaves other keys alone', async () => {
        const cat = await Account.create({ name: 'cat' });
        await ann.connections(cat);
        await Follow.create({ account: ann, follower: bob });
        await ann.connections(cat);
        expect(runs['connections']).to.equal(1);
      });
    });

    it('with repopulate lets the next reader find the new value', async () => {
      await ann.eager();
      await Follow.create({ account: ann });
      expect(runs['eager']).to.equal(2);
      expect(await moneyclip.of(Account, 'eager').peek(ann)).to.equal(1);
      expect(await ann.eager()).to.equal(1);
      expect(runs['eager']).to.equal(2);
    });

    describe('with nothing declared', () => {
      it('finds what the value depends on, and nothing else', async () => {
        expect([await ann.found(), await bob.found()]).to.deep.equal([0, 0]);
        const follow = await Follow.create({ account: ann });
        expect([await ann.found(), await bob.found()]).to.deep.equal([1, 0]);
        expect(runs['found'], 'bob is not computed anew').to.equal(3);
        follow.note = 'unrelated';
        ann.name = 'anna';
        await ann.save();
        await Company.create({});
        await Promise.all([ann.found(), bob.found()]);
        expect(runs['found'], "ann's own columns are not read").to.equal(3);
      });

      it('depends on its own row only where it reads a column', async () => {
        expect([await ann.idOnly(), await ann.label('')]).to.deep.equal([`account ${ann.id}`, 'ann{}']);
        ann.name = 'anna';
        await ann.save();
        expect([await ann.idOnly(), await ann.label('')]).to.deep.equal([`account ${ann.id}`, 'anna{}']);
        expect([runs['idOnly'], runs['label']]).to.deep.equal([1, 2]);
      });
    });

    it('keeps a value for each list of arguments', async () => {
      const calls = [
        ['a'],
        ['b'],
        ['a', {}],
        ['a', { x: 1 }],
        ['a', { x: '1' }],
        ['a', { x: 1, y: 2 }],
        ['a', { y: 2, x: 1 }],
      ] as const;
      for (const args of [...calls, ...calls]) {
        expect(await ann.label(...(args as unknown as [string, object?]))).to.equal(
          `${args[0]}ann${JSON.stringify(args[1] ?? {})}`.replace('{"y":2,"x":1}', '{"x":1,"y":2}'),
        );
      }
      expect(runs['label'], 'the order of names does not count').to.equal(6);
    });

    for (const [what, argument] of [
      ['a function', () => 1],
      ['a symbol', Symbol('x')],
      ['an instance of another class', new WeakMap()],
      ['NaN', Number.NaN],
    ] as const) {
      it(`refuses ${what} as an argument`, async () => {
        const call = ann.produced(argument);
        const error = await rejection(call, UsageError);
        expect(error.message).to.match(
          /^Account\.produced: arguments must be plain data, Dates, .* to make a key; got /,
        );
      });
    }

    it('rejects where the key function gives a wrong number of arguments', async () => {
      await rejection(
        ann.wrongKey(),
        UsageError,
        "Account.wrongKey: the key template 'wrong::%s::%s' has 2 %s, but the key function gave 1 arguments",
      );
    });

    describe('inherited', () => {
      it('has values of its own in each class', async () => {
        const company = await Company.create({ id: ann.id });
        expect([await ann.inherited(), await company.inherited()]).to.deep.equal(['Account', 'Company']);
        expect([await ann.inherited(), await company.inherited()]).to.deep.equal(['Account', 'Company']);
        expect([runs['Account.inherited'], runs['Company.inherited']]).to.deep.equal([1, 1]);
      });

      it('is reached by super, with values apart from those of the method that overrides it', async () => {
        expect([await ann.overridden(), await ann.overridden()]).to.deep.equal(['over base', 'over base']);
        expect([runs['Account.overridden'], runs['Counting.overridden']]).to.deep.equal([1, 1]);
      });

      it('is reached by super from a method without the decorator', async () => {
        const company = await Company.create({});
        expect([await company.overridden(), await company.overridden()]).to.deep.equal([
          'plain over base',
          'plain over base',
        ]);
        expect(runs['Counting.overridden']).to.equal(1);
      });
    });

    describeHandles(() => [ann, bob]);
  });
});
