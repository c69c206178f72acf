import { expect } from 'chai';
import {
  CachedList,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  UsageError,
  ValidationError,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted, noCost } from '../support/counted.js';
import { rejection, thrown } from '../support/rejection.js';

@Table('list_players', { label: 'list.Player' })
class Player extends CachedModel {
  declare static objects: Manager<Player>;
  declare static cache: CacheManager<Player>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('list_teams', { label: 'list.Team' })
class Team extends CachedModel {
  declare static objects: Manager<Team>;
  declare static cache: CacheManager<Team>;

  @PrimaryKey() declare id: number;
  @CachedList(() => Player) declare members: Related<Player[]>;
  declare memberIds: number[];
  @CachedList('list.Player', { ids: 'bench', type: 'array', of: 'integer', nullable: true, name: 'bench_ids' })
  declare substitutes: Related<Player[]> | null;
  declare bench: number[] | null;

  @moneyclip()
  async names(): Promise<string[]> {
    return (await this.members).map(({ name }) => name);
  }
}

forEachCombination((combination) => {
  describe('a cached list', () => {
    const current = counted(combination, [Player, Team]);
    let ann: Player;
    let bob: Player;
    let cid: Player;

    beforeEach(async () => {
      [ann, bob, cid] = (await Player.objects.bulkCreate(['ann', 'bob', 'cid'].map((name) => ({ name })))) as [
        Player,
        Player,
        Player,
      ];
    });

    const namesOf = async (team: Team): Promise<string[]> => (await team.members).map(({ name }) => name);

    it('answers with the rows of its keys, in order', async () => {
      const { id } = await Team.create({ memberIds: [cid.id, ann.id, cid.id] });
      const team = await Team.objects.get({ id });
      expect(team.memberIds).to.deep.equal([cid.id, ann.id, cid.id]);
      expect(await namesOf(team)).to.deep.equal(['cid', 'ann', 'cid']);
      expect((await team.members)[0]).to.be.instanceOf(Player);
      expect(await team.substitutes).to.deep.equal([]);
    });

    it('takes instances', async () => {
      const team = new Team({ members: [bob, ann], substitutes: [cid] });
      expect(team.memberIds).to.deep.equal([bob.id, ann.id]);
      expect((await team.members)[0]).to.equal(bob);
      await team.save();
      const read = await Team.cache.get(team.id);
      expect([read.memberIds, read.bench]).to.deep.equal([[bob.id, ann.id], [cid.id]]);
      read.members = [];
      read.substitutes = null;
      await read.save();
      expect(await namesOf(await Team.cache.get(team.id))).to.deep.equal([]);
      expect((await Team.cache.get(team.id)).bench).to.equal(null);
    });

    it('follows its keys, also where they change in place', async () => {
      const team = await Team.create({ memberIds: [ann.id] });
      expect(await namesOf(team)).to.deep.equal(['ann']);
      team.memberIds.push(bob.id);
      expect(await namesOf(team)).to.deep.equal(['ann', 'bob']);
      await team.save();
      expect((await Team.objects.get({ id: team.id })).memberIds).to.deep.equal([ann.id, bob.id]);
    });

    it('leaves out keys without a row', async () => {
      const team = await Team.create({ memberIds: [999_999, ann.id] });
      expect(await namesOf(team)).to.deep.equal(['ann']);
      await ann.delete();
      expect(await namesOf(await Team.cache.get(team.id))).to.deep.equal([]);
    });

    it('costs one SELECT when cold and one round trip when warm, for all lists that are read in one tick', async () => {
      const ids = [(await Team.create({ members: [ann, bob] })).id, (await Team.create({ members: [bob, cid] })).id];
      const read = async (): Promise<void> => {
        const teams = await Team.objects.filter({ id__in: ids }).noCache().all();
        await Promise.all(teams.map((team) => team.members));
      };
      expect((await current().costOf(read)).sql).to.equal(2);
      const redis = combination.cache === 'redis' ? 1 : 0;
      expect(await current().costOf(read)).to.deep.equal({ ...noCost, sql: 1, read: redis });
    });

    it('is loaded once for each instance', async () => {
      const team = await Team.create({ memberIds: [ann.id] });
      await team.members;
      const { sql } = await current().costOf(async () => {
        expect((await team.members)[0]).to.equal((await team.members)[0]);
        (await team.members).pop();
        expect(await namesOf(team)).to.deep.equal(['ann']);
      });
      expect(sql).to.equal(0);
    });

    it('is tracked in computed values', async () => {
      const team = await Team.create({ members: [ann, bob] });
      expect(await team.names()).to.deep.equal(['ann', 'bob']);
      await Object.assign(bob, { name: 'bobby' }).save();
      expect(await team.names()).to.deep.equal(['ann', 'bobby']);
      team.members = [cid];
      await team.save();
      expect(await team.names()).to.deep.equal(['cid']);
    });

    it('refuses what is no list of rows', async () => {
      const team = new Team();
      const expected = 'list.Team.members: expected';
      const refused = (value: unknown, message: string): void => {
        thrown(() => Reflect.set(team, 'members', value), UsageError, `${expected} ${message}`);
      };
      refused(null, "a list of instances of list.Player, got null. Bare keys go into 'memberIds'.");
      refused(ann, "a list of instances of list.Player, got an instance of Player. Bare keys go into 'memberIds'.");
      refused([1], 'an instance of list.Player or its key, got a number');
      thrown(
        () => (team.members = [new Player({ name: 'new' })]),
        UsageError,
        'list.Team.members: this list.Player has no key yet; save() it first',
      );
      await rejection(Team.create({ memberIds: null as unknown as number[] }), ValidationError);
    });
  });
});

describe('@CachedList refuses', () => {
  const refused = (parameters: readonly unknown[], message: string): void => {
    class Bare extends CachedModel {}
    const declare = (): unknown =>
      (Reflect.apply(CachedList, undefined, parameters) as ReturnType<typeof CachedList>)(Bare.prototype, 'members');
    thrown(declare, UsageError, message);
  };

  it('what it does not know', () => {
    const target =
      'write a function, () => Model, or a label. A class whose module is still loading is undefined here.';
    refused([undefined], `Bare.members: @CachedList(target) got undefined; ${target}`);
    refused([Player, { id: 'x' }], "Bare.members: unknown option 'id'; did you mean 'ids'?");
    refused([Player, { type: 'text' }], "Bare.members: type is 'text'; use 'json' or 'array'");
  });

  it('names that are taken', () => {
    class Bare extends CachedModel {}
    CachedList(Player)(Bare.prototype, 'members');
    const again = (): unknown => Column({ type: 'json' })(Bare.prototype, 'memberIds');
    thrown(again, UsageError, 'Bare.memberIds is declared as a column twice');
  });
});
