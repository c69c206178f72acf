import { expect } from 'chai';
import pg from 'pg';
import {
  CachedModel,
  Column,
  ForeignKey,
  ForeignKeyViolationError,
  ManyToMany,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  ValidationError,
  withoutInvalidation,
} from '../../src/index.js';
import type { CacheManager, Database, Manager, ModelClass, Related, RelatedSet } from '../../src/index.js';
import { resolveModel } from '../../src/schema/registry.js';
import { forEachCombination } from '../setup/combinations.js';
import { capturedDatabase } from '../support/captured.js';
import { counted } from '../support/counted.js';
import { changesOf, described } from '../support/heard-changes.js';
import { heardByAll } from '../support/outbox.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

@Table('set_players', { label: 'set.Player' })
class Player extends CachedModel {
  declare static objects: Manager<Player>;
  declare static cache: CacheManager<Player>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @ManyToMany('set.Player') declare readonly rivals: RelatedSet<Player>;
  declare readonly games: RelatedSet<Game>;
  declare readonly teams: RelatedSet<Team>;

  @moneyclip()
  async gameNames(): Promise<string[]> {
    return (await this.games.orderBy('name').all()).map(({ name }) => name);
  }

  @moneyclip()
  async rivalCount(): Promise<number> {
    return this.rivals.count();
  }
}

@Table('set_games', { label: 'set.Game' })
class Game extends CachedModel {
  declare static objects: Manager<Game>;
  declare static cache: CacheManager<Game>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @ManyToMany(() => Player, { relatedName: 'games' }) declare readonly players: RelatedSet<Player>;

  @moneyclip()
  async playerCount(): Promise<number> {
    return this.players.count();
  }
}

@Table('set_teams', { label: 'set.Team' })
class Team extends CachedModel {
  declare static objects: Manager<Team>;
  declare static cache: CacheManager<Team>;

  @PrimaryKey() declare id: number;
  @ManyToMany(() => Player, { through: () => Seat, relatedName: 'teams' }) declare readonly players: RelatedSet<Player>;

  @moneyclip()
  async seats(): Promise<(string | null)[]> {
    return (await Seat.objects.filter({ team: this }).orderBy('playerId').all()).map(({ badge }) => badge);
  }
}

@Table('set_seats', { label: 'set.Seat' })
class Seat extends CachedModel {
  declare static objects: Manager<Seat>;
  declare static cache: CacheManager<Seat>;

  @PrimaryKey() declare id: number;
  @ForeignKey(() => Team, { onDelete: 'cascade' }) declare team: Related<Team>;
  declare teamId: number;
  @ForeignKey(() => Player, { onDelete: 'cascade' }) declare player: Related<Player>;
  declare playerId: number;
  @Column({ type: 'string', maxLength: 8, nullable: true, unique: true }) declare badge: string | null;
  @Column({ type: 'integer', default: 7 }) declare weight: number;
}

/** What hangs on a seat, and goes with it. */
@Table('set_notes', { label: 'set.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Seat, { onDelete: 'cascade' }) declare seat: Related<Seat>;
}

const models = [Player, Game, Team, Seat, Note] as const;

forEachCombination((combination) => {
  const atOnce = combination.database === 'postgres';
  const verbs = atOnce ? ['WITH'] : ['BEGIN', 'DELETE', 'INSERT', 'COMMIT'];

  describe('set() of linked rows', () => {
    const current = counted(combination, models);
    let ann: Player;
    let bob: Player;
    let cid: Player;
    let chess: Game;
    let go: Game;
    let team: Team;

    beforeEach(async () => {
      [ann, bob, cid] = (await Player.objects.bulkCreate(['ann', 'bob', 'cid'].map((name) => ({ name })))) as [
        Player,
        Player,
        Player,
      ];
      [chess, go] = (await Game.objects.bulkCreate([{ name: 'chess' }, { name: 'go' }])) as [Game, Game];
      team = await Team.create({});
    });

    const verbsOf = async (work: () => Promise<unknown>): Promise<(string | undefined)[]> =>
      (await statementsOf(work)).map((text) => /^\w+/.exec(text)?.[0]);

    it('is one statement on PostgreSQL and a transaction of two on SQLite, on either side', async () => {
      expect(await verbsOf(() => chess.players.set([ann, bob]))).to.deep.equal(verbs);
      expect(await verbsOf(() => ann.games.set([go]))).to.deep.equal(verbs);
      expect(await verbsOf(() => ann.rivals.set([bob, cid]))).to.deep.equal(verbs);
      expect(await verbsOf(() => team.players.set([ann, bob]))).to.deep.equal(verbs);
      expect(await verbsOf(() => bob.teams.set([team], { through: { badge: 'star' } }))).to.deep.equal(verbs);
      const inside = atOnce ? ['WITH'] : ['SAVEPOINT', 'DELETE', 'INSERT', 'RELEASE'];
      const all = await verbsOf(() => transaction(() => chess.players.set([cid])));
      expect(all).to.deep.equal(['BEGIN', ...inside, 'COMMIT']);
    });

    it('is one statement where it takes all links away', async () => {
      await chess.players.set([ann, bob]);
      await team.players.set([ann]);
      expect(await verbsOf(() => chess.players.set([]))).to.deep.equal(['DELETE']);
      expect(await chess.players.count()).to.equal(0);
      await team.players.set([]);
      expect(await Seat.objects.count()).to.equal(0);
    });

    it('tells what it took away and what it made, and of no link that stays', async () => {
      const players = (work: () => Promise<unknown>): Promise<string[]> =>
        changesOf(work).then((changes) => described(changes, 'gameId', 'playerId'));
      const link = ({ id }: Game, player: Player): string => `${id},${player.id}`;
      await chess.players.set([ann, bob]);
      expect(await players(() => chess.players.set([bob, cid]))).to.have.members([
        `set.Game.players ${link(chess, ann)} -> none`,
        `set.Game.players none -> ${link(chess, cid)}`,
      ]);
      expect(await players(() => cid.games.set([chess]))).to.deep.equal([]);
      expect(await players(() => cid.games.set([go]))).to.have.members([
        `set.Game.players ${link(chess, cid)} -> none`,
        `set.Game.players none -> ${link(go, cid)}`,
      ]);
    });

    it('tells both directions of symmetrical links', async () => {
      await ann.rivals.set([bob]);
      const changes = await changesOf(() => ann.rivals.set([cid]));
      expect(described(changes, 'fromPlayerId', 'toPlayerId')).to.have.members([
        `set.Player.rivals ${ann.id},${bob.id} -> none`,
        `set.Player.rivals ${bob.id},${ann.id} -> none`,
        `set.Player.rivals none -> ${ann.id},${cid.id}`,
        `set.Player.rivals none -> ${cid.id},${ann.id}`,
      ]);
    });

    it('tells of what hangs on rows of a through model that it takes away', async () => {
      await team.players.set([ann]);
      const seat = await Seat.objects.get({ playerId: ann.id });
      await Note.objects.create({ seat });
      const changes = await changesOf(() => team.players.set([bob]));
      expect(described(changes, 'playerId')).to.have.members([
        `set.Seat ${ann.id} -> none`,
        `set.Seat none -> ${bob.id}`,
        'set.Note *',
      ]);
      expect(await Note.objects.count()).to.equal(0);
      expect(described(await changesOf(() => team.players.set([bob, cid])), 'playerId')).to.deep.equal([
        `set.Seat none -> ${cid.id}`,
      ]);
    });

    it('makes rows of a through model with their defaults, and checks them first', async () => {
      await team.players.set([ann], { through: { badge: 'star' } });
      const seat = await Seat.objects.get({ playerId: ann.id });
      expect([seat.badge, seat.weight]).to.deep.equal(['star', 7]);
      const wrong = { through: { badge: 'much too long' } };
      const statements = await statementsOf(() => rejection(team.players.set([bob], wrong), ValidationError));
      expect(statements.filter((text) => /INSERT/.test(text))).to.deep.equal([]);
      expect((await Seat.objects.all()).map(({ playerId }) => playerId)).to.deep.equal([ann.id]);
    });

    it('may give a link the unique value of one that it takes away', async () => {
      await team.players.set([ann], { through: { badge: 'star' } });
      await team.players.set([bob], { through: { badge: 'star' } });
      const seats = await Seat.objects.all();
      expect(seats.map(({ playerId, badge }) => [playerId, badge])).to.deep.equal([[bob.id, 'star']]);
    });

    it('changes nothing where a key has no row', async () => {
      await chess.players.set([ann]);
      const changes = await changesOf(() => rejection(chess.players.set([bob, 999_999]), ForeignKeyViolationError));
      expect(changes).to.deep.equal([]);
      expect(await chess.players.ids()).to.deep.equal([ann.id]);
      expect(await verbsOf(() => chess.players.set([bob]))).to.deep.equal(verbs);
    });

    it('says only that the table changed where it is about more than 500 links', async () => {
      const many = await Player.objects.bulkCreate(Array.from({ length: 501 }, (_, index) => ({ name: `p${index}` })));
      const heard = (work: () => Promise<unknown>): Promise<string[]> => changesOf(work).then((all) => described(all));
      expect(
        await verbsOf(async () => {
          expect(await heard(() => chess.players.set(many))).to.deep.equal(['set.Game.players *']);
        }),
      ).to.deep.equal(verbs);
      await heard(() => chess.players.set([ann])).then((all) => expect(all).to.include('set.Game.players *'));
      expect(await chess.players.ids()).to.deep.equal([ann.id]);
    });

    it('takes more rows of a through model than one statement does', async () => {
      const count = 20_000;
      const many = await Player.objects.bulkCreate(
        Array.from({ length: count }, (_, index) => ({ name: `p${index}` })),
      );
      await team.players.add(ann);
      const values = { through: { weight: 1, badge: null } };
      const made = await verbsOf(() => team.players.set(many, values));
      expect(made.filter((verb) => verb === 'INSERT').length).to.be.greaterThan(1);
      expect(await team.players.count()).to.equal(count);
    });

    describe('corrects what was computed from links', () => {
      const values = async (): Promise<unknown[]> => [
        await ann.gameNames(),
        await bob.gameNames(),
        await chess.playerCount(),
        await go.playerCount(),
      ];

      it('of both sides, and leaves others alone', async () => {
        await chess.players.set([ann, bob]);
        expect(await values()).to.deep.equal([['chess'], ['chess'], 2, 0]);
        const misses = (): number => {
          const { labels } = current().db.stats();
          return (labels['set.Player.gameNames']?.misses ?? 0) + (labels['set.Game.playerCount']?.misses ?? 0);
        };
        await chess.players.set([bob]);
        const before = misses();
        expect(await values()).to.deep.equal([[], ['chess'], 1, 0]);
        expect(misses() - before).to.equal(2); // those of ann and of chess
        await ann.games.set([go]);
        expect(await values()).to.deep.equal([['go'], ['chess'], 1, 1]);
      });

      it('of symmetrical links and of through models', async () => {
        const all = async (): Promise<unknown[]> => [
          await bob.rivalCount(),
          await cid.rivalCount(),
          await team.seats(),
        ];
        await ann.rivals.set([bob]);
        await team.players.set([ann], { through: { badge: 'a' } });
        expect(await all()).to.deep.equal([1, 0, ['a']]);
        await ann.rivals.set([cid]);
        await bob.teams.set([team], { through: { badge: 'b' } });
        await team.players.set([bob]);
        expect(await all()).to.deep.equal([0, 1, ['b']]);
      });

      it('where there are many', async () => {
        await chess.players.set([ann, bob]);
        expect(await values()).to.deep.equal([['chess'], ['chess'], 2, 0]);
        const names = Array.from({ length: 600 }, (_, index) => ({ name: `p${index}` }));
        await chess.players.set([...(await Player.objects.bulkCreate(names)), bob]);
        expect(await values()).to.deep.equal([[], ['chess'], 601, 0]);
      });

      it('at the commit, and not by what is rolled back', async () => {
        await chess.players.set([ann]);
        const before = await values();
        const failed = transaction(async () => {
          await chess.players.set([bob]);
          expect(await values()).to.deep.equal([[], ['chess'], 1, 0]);
          throw new Error('undo');
        });
        await rejection(failed, Error, 'undo');
        expect(await values()).to.deep.equal(before);
        await transaction(async () => {
          await chess.players.set([bob]);
          await bob.games.set([chess, go]);
        });
        expect(await values()).to.deep.equal([[], ['chess', 'go'], 1, 1]);
      });

      it('with one command', async () => {
        await chess.players.set([ann]);
        await values();
        const { drop, sql } = await current().costOf(() => chess.players.set([bob]));
        expect(sql).to.equal(verbs.length);
        expect(drop).to.equal(combination.cache === 'redis' ? 1 : 0);
      });
    });
  });
});

describe('set() of linked rows, on PostgreSQL with change capture', () => {
  let db: Database;
  let other: pg.Client;

  before(async () => {
    const links = ['set.Game.players', 'set.Player.rivals'].map((label) => resolveModel(label, 'a test') as ModelClass); // as they are
    const captured = await capturedDatabase([...models, ...links], 'memory');
    db = captured.db;
    other = new pg.Client(captured.url);
    await other.connect();
  });
  after(async () => {
    await other.end();
    await db.close();
  });

  it('is heard with both of its changes', async () => {
    const game = await Game.create({ name: 'chess' });
    const [ann, bob] = (await Player.objects.bulkCreate([{ name: 'ann' }, { name: 'bob' }])) as [Player, Player];
    await game.players.set([ann]);
    await heardByAll(other);
    const values = async (): Promise<unknown[]> => [await ann.gameNames(), await bob.gameNames()];
    expect(await values()).to.deep.equal([['chess'], []]);
    const { misses } = db.stats();
    expect(await values()).to.deep.equal([['chess'], []]);
    expect(db.stats().misses).to.equal(misses);
    await withoutInvalidation(() => game.players.set([bob])); // so that only the outbox tells
    await heardByAll(other);
    expect(await values()).to.deep.equal([[], ['chess']]);
  });
});
