import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  CachedModel,
  cachedQuery,
  Column,
  ForeignKey,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  UsageError,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { rejection } from '../support/rejection.js';

@Table('knex_houses', { label: 'knexQueries.House' })
class House extends CachedModel {
  declare static objects: Manager<House>;
  declare static cache: CacheManager<House>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare street: string;

  @moneyclip()
  async rooms(): Promise<number> {
    return roomsOf(this.id);
  }
}

@Table('knex_rooms', { label: 'knexQueries.Room' })
class Room extends CachedModel {
  declare static objects: Manager<Room>;
  declare static cache: CacheManager<Room>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'integer', index: true }) declare floor: number;
  @ForeignKey(() => House) declare house: Related<House>;
  declare houseId: number;
}

let roomsOf: (id: number) => Promise<number> = async () => 0;

describe('cachedQuery() of knex', () => {
  forEachCombination((combination) => {
    const current = counted(combination, [House, Room]);

    async function build(): Promise<{ readonly house: House; readonly rooms: Room[] }> {
      const house = await House.create({ street: 'Elm' });
      const rooms = await Room.objects.bulkCreate([
        { floor: 1, house },
        { floor: 1, house },
        { floor: 2, house },
      ]);
      await House.cache.find(0); // notices whatever the set-up did
      return { house, rooms };
    }

    /** How many statements of knex a task sends; the library does not count them among its own. */
    async function runsOf(task: () => Promise<unknown>): Promise<number> {
      const { knex } = current().db;
      let runs = 0;
      const note = (): void => void (runs += 1);
      knex.on('query', note);
      await task();
      knex.removeListener('query', note);
      return runs;
    }

    const streets = (floor: number) =>
      cachedQuery<{ street: string; rooms: number }>(
        current()
          .db.knex('knex_rooms')
          .join('knex_houses', 'knex_houses.id', 'knex_rooms.house_id')
          .where({ floor })
          .groupBy('street')
          .select('street')
          .count({ rooms: '*' }),
        { watch: [House, Room.objects.filter({ floor })] },
      );

    it('answers plain rows from the cache until something that it watches is written', async () => {
      const { house, rooms } = await build();
      expect(await runsOf(() => streets(1)), 'the first time').to.equal(1);
      const [row] = await streets(1);
      expect([row?.street, Number(row?.rooms)]).to.deep.equal(['Elm', 2]);
      expect(await runsOf(() => streets(1))).to.equal(0);
      await Object.assign(rooms[2] ?? {}, { floor: 3 } as Room).save();
      expect(await runsOf(() => streets(1)), 'a row that is not watched').to.equal(0);
      await Object.assign(rooms[0] ?? {}, { floor: 2 } as Room).save();
      expect(Number((await streets(1))[0]?.rooms)).to.equal(1);
      await Object.assign(house, { street: 'Oak' }).save();
      expect((await streets(1))[0]?.street).to.equal('Oak');
    });

    it('tells parameters apart, and hands out rows that are not shared', async () => {
      await build();
      expect([Number((await streets(1))[0]?.rooms), Number((await streets(2))[0]?.rooms)]).to.deep.equal([2, 1]);
      const [first] = await streets(1);
      if (first) first.street = 'changed';
      expect((await streets(1))[0]?.street).to.equal('Elm');
    });

    it('answers instances of a model from their own entries', async () => {
      const { rooms } = await build();
      const ask = (): Promise<Room[]> =>
        cachedQuery(current().db.knex('knex_rooms').where('floor', 1).orderBy('id').select('id'), {
          watch: [Room.objects.filter({ floor: 1 })],
          as: Room,
          ttl: '5m',
        });
      const found = await ask();
      expect(found.map((room) => [room instanceof Room, room.id])).to.deep.equal(
        rooms.slice(0, 2).map(({ id }) => [true, id]),
      );
      await ask();
      expect(await runsOf(ask)).to.equal(0);
      await Object.assign(rooms[1] ?? {}, { floor: 5 } as Room).save();
      expect((await ask()).map(({ id }) => id)).to.deep.equal([rooms[0]?.id]);
    });

    it('takes raw', async () => {
      await build();
      const raw = (): Promise<{ n: number }[]> =>
        cachedQuery(current().db.knex.raw('select count(*) as n from knex_rooms where floor = ?', [1]), {
          watch: [Room],
        });
      expect(Number((await raw())[0]?.n)).to.equal(2);
      expect(await runsOf(raw)).to.equal(0);
    });

    it('is tracked inside computed values', async () => {
      const { house, rooms } = await build();
      roomsOf = async (id) => {
        const query = current().db.knex('knex_rooms').where('house_id', id).select('id');
        return (await cachedQuery(query, { watch: [Room.objects.filter({ houseId: id })] })).length;
      };
      expect(await house.rooms()).to.equal(3);
      await rooms[0]?.delete();
      expect(await house.rooms()).to.equal(2);
    });

    it('asks the database inside a transaction', async () => {
      const { house } = await build();
      await streets(1);
      await transaction(async () => {
        await Room.create({ floor: 1, house });
        expect(Number((await streets(1))[0]?.rooms)).to.equal(3);
        throw new Error('roll back');
      }).catch(() => undefined);
      expect(Number((await streets(1))[0]?.rooms)).to.equal(2);
    });

    it('refuses what it cannot keep', async () => {
      const { knex } = current().db;
      const watch = [Room];
      await rejection(
        cachedQuery(knex('knex_rooms').select('floor'), { watch: [] }),
        UsageError,
        'cachedQuery(): say in watch what the answer depends on, a list of models and query sets; SQL text alone does not tell',
      );
      await rejection(
        cachedQuery(knex('knex_rooms').where({ id: 0 }).delete(), { watch }),
        UsageError,
        "cachedQuery(): expected a query of knex that reads, such as db.knex('documents').where(…)",
      );
      await rejection(
        cachedQuery({} as never, { watch }),
        UsageError,
        "cachedQuery(): expected a query of knex that reads, such as db.knex('documents').where(…)",
      );
      await build();
      await rejection(
        cachedQuery(knex('knex_rooms').select('floor'), { watch, as: Room }),
        UsageError,
        "cachedQuery(): the query gives no key of knexQueries.Room in a column 'id', which 'as' needs; select it",
      );
      await rejection(
        cachedQuery(knex('knex_rooms').select('floor'), { watch, tll: 5 } as never),
        UsageError,
        "cachedQuery(): unknown option 'tll'; did you mean 'ttl'?",
      );
    });
  });
});
