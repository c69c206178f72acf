import { expect } from 'chai';
import {
  CachedForeignKey,
  CachedModel,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  type Database,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';

@Table('watched_bulk_clubs')
class Club extends CachedModel {
  declare static objects: Manager<Club>;
  @PrimaryKey() declare id: number;

  @moneyclip(
    'club::members::%s',
    (club: Club) => [club.id],
    () => Membership,
    (membership: Membership) => [membership.club],
  )
  async members(): Promise<number> {
    return Membership.objects.filter({ club: this }).count();
  }
}

@Table('watched_bulk_memberships')
class Membership extends CachedModel {
  declare static objects: Manager<Membership>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Club) declare club: Related<Club>;
  declare clubId: number;
}

describe('a computed value that follows rows by a path', () => {
  forEachCombination((combination) => {
    let db: Database;
    beforeEach(async () => {
      const [database, cache] = await Promise.all([combination.databaseUrl(), combination.cacheUrl()]);
      db = await connect({ database, cache, prefix: combination.freshPrefix() });
      await db.createTables([Club, Membership]);
    });
    afterEach(() => db.close());

    async function statementsOf(work: () => Promise<unknown>): Promise<number> {
      const before = db.stats().statements;
      await work();
      return db.stats().statements - before;
    }

    it('costs a write of many rows as many statements as a write of one', async () => {
      const clubs = await Club.objects.bulkCreate([{}, {}, {}]);
      const join = (count: number): Promise<number> =>
        statementsOf(() =>
          Membership.objects.bulkCreate(Array.from({ length: count }, (_, index) => ({ club: clubs[index % 3]! }))),
        );
      const [one, many] = [await join(1), await join(300)];
      expect(many).to.equal(one);
      const [first, second] = clubs;
      expect(await first?.members()).to.equal(101);
      const move = (id__lte: number): Promise<number> =>
        statementsOf(() => Membership.objects.filter({ id__lte }).update({ club: second ?? null }));
      expect([await first?.members(), await second?.members()]).to.deep.equal([101, 100]);
      expect(await move(200)).to.equal(await move(1));
      expect([await first?.members(), await second?.members()]).to.deep.equal([33, 234]);
    });
  });
});
