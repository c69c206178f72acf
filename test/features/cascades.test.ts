import { expect } from 'chai';
import {
  CachedForeignKey,
  CachedModel,
  Column,
  ForeignKey,
  ForeignKeyViolationError,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted } from '../support/counted.js';
import { changesOf, described } from '../support/heard-changes.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

/*
 * Firms have teams (cascade), teams have people (cascade) and people have a boss (set null). Badges point at a firm and
 * at a person (cascade both: a diamond). Links join teams with firms (cascade both). Orders restrict people.
 */

@Table('cascade_firms', { label: 'cascade.Firm' })
class Firm extends CachedModel {
  declare static objects: Manager<Firm>;
  declare static cache: CacheManager<Firm>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Firm, { nullable: true, onDelete: 'cascade' }) declare parent: Related<Firm> | null;
  declare parentId: number | null;

  @moneyclip()
  async counts(bossId = 0): Promise<number[]> {
    return [
      await Team.objects.filter({ firm: this }).count(),
      await Badge.objects.filter({ firmId: this.id }).count(),
      await Person.objects.filter({ bossId }).count(),
    ];
  }
}

@Table('cascade_teams', { label: 'cascade.Team' })
class Team extends CachedModel {
  declare static objects: Manager<Team>;
  declare static cache: CacheManager<Team>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Firm, { onDelete: 'cascade' }) declare firm: Related<Firm>;
  declare firmId: number;
}

@Table('cascade_people', { label: 'cascade.Person' })
class Person extends CachedModel {
  declare static objects: Manager<Person>;
  declare static cache: CacheManager<Person>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true }) declare name: string;
  @CachedForeignKey(() => Team, { onDelete: 'cascade' }) declare team: Related<Team>;
  declare teamId: number;
  @CachedForeignKey(() => Person, { nullable: true, onDelete: 'set null' }) declare boss: Related<Person> | null;
  declare bossId: number | null;
}

@Table('cascade_badges', { label: 'cascade.Badge' })
class Badge extends CachedModel {
  declare static objects: Manager<Badge>;
  declare static cache: CacheManager<Badge>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Firm, { onDelete: 'cascade' }) declare firm: Related<Firm>;
  declare firmId: number;
  @ForeignKey(() => Person, { onDelete: 'cascade' }) declare person: Related<Person>;
  declare personId: number;
}

@Table('cascade_links', { label: 'cascade.Link' })
class Link extends CachedModel {
  declare static objects: Manager<Link>;
  declare static cache: CacheManager<Link>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Team, { onDelete: 'cascade' }) declare team: Related<Team>;
  declare teamId: number;
  @ForeignKey(() => Firm, { onDelete: 'cascade' }) declare firm: Related<Firm>;
  declare firmId: number;
}

@Table('cascade_orders', { label: 'cascade.Order' })
class Order extends CachedModel {
  declare static objects: Manager<Order>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Person) declare buyer: Related<Person>;
}

/** Declared, and never made: a delete must not ask for it. */
@Table('cascade_missing', { label: 'cascade.Missing' })
export class Missing extends CachedModel {
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Firm, { onDelete: 'cascade' }) declare firm: Related<Firm>;
}

@Table('cascade_isles', { label: 'cascade.Isle' })
class Isle extends CachedModel {
  declare static objects: Manager<Isle>;
  @PrimaryKey() declare id: number;
}

@Table('cascade_boats', { label: 'cascade.Boat' })
class Boat extends CachedModel {
  declare static objects: Manager<Boat>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Isle, { onDelete: 'set null', nullable: true }) declare home: Related<Isle | null>;
  declare homeId: number | null;
  @Column({ type: 'integer', name: 'moored_id', index: true, nullable: true }) declare mooredKey: number | null;
}

/** The same rows with the same columns in another order, of which another one is a foreign key. */
@Table('cascade_boats', { label: 'cascade.MooredBoat' })
export class MooredBoat extends CachedModel {
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Isle, { onDelete: 'set null', nullable: true }) declare moored: Related<Isle | null>;
  @Column({ type: 'integer', name: 'home_id', index: true, nullable: true }) declare homeKey: number | null;
}

@Table('cascade_watchers', { label: 'cascade.Watcher' })
class Watcher extends CachedModel {
  declare static objects: Manager<Watcher>;
  @PrimaryKey() declare id: number;

  @moneyclip('cascade-watcher::%s', (watcher: Watcher) => [watcher.id], () => Note, (note: Note) => [note.watcher])
  async notes(): Promise<number> {
    return unseen(this.id);
  }
}

@Table('cascade_topics', { label: 'cascade.Topic' })
class Topic extends CachedModel {
  declare static objects: Manager<Topic>;
  @PrimaryKey() declare id: number;
}

@Table('cascade_notes', { label: 'cascade.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  @PrimaryKey() declare id: number;
  @ForeignKey(() => Topic, { onDelete: 'cascade' }) declare topic: Related<Topic>;
  @ForeignKey(() => Watcher) declare watcher: Related<Watcher>;
}

/** Counts notes by SQL that the library does not see. */
let unseen: (watcher: number) => Promise<number> = async () => 0;

const models = [Firm, Team, Person, Badge, Link, Order, Watcher, Topic, Note, Isle, Boat];
const removals = [
  ['an instance', (firm: Firm) => firm.delete()],
  ['a query set', (firm: Firm) => Firm.objects.filter({ id: firm.id }).delete()],
] as const;

forEachCombination((combination) => {
  describe('a delete that takes other rows along', () => {
    const opened = counted(combination, models);
    let firm: Firm;
    let other: Firm;
    let team: Team;
    let ann: Person;
    let bob: Person;

    beforeEach(async () => {
      unseen = async (watcher_id) => (await opened().db.knex('cascade_notes').where({ watcher_id })).length;
      [firm, other] = [await Firm.create({}), await Firm.create({})];
      team = await Team.create({ firm });
      const otherTeam = await Team.create({ firm: other });
      ann = await Person.create({ name: 'ann', team });
      bob = await Person.create({ name: 'bob', team: otherTeam, boss: ann });
      await Person.create({ name: 'cid', team, boss: bob });
      await Person.create({ name: 'dan', team: otherTeam, boss: bob });
    });

    for (const [how, remove] of removals) {
      it(`announces each row that goes or loses its key, when ${how} is deleted`, async () => {
        await Badge.create({ firm, person: ann });
        await Badge.create({ firm: other, person: bob });
        await Link.create({ team, firm: other });
        const changes = await changesOf(() => remove(firm));
        expect(described(changes, 'name', 'bossId', 'firmId')).to.deep.equal([
          `cascade.Badge ${firm.id} -> none`,
          `cascade.Firm  -> none`,
          `cascade.Link ${other.id} -> none`,
          `cascade.Person ann,null -> none`,
          `cascade.Person bob,${ann.id} -> bob,null`,
          `cascade.Person cid,${bob.id} -> none`,
          `cascade.Team ${firm.id} -> none`,
        ]);
        expect((await Person.objects.orderBy('name').all()).map(({ name, bossId }) => [name, bossId])).to.deep.equal([
          ['bob', null],
          ['dan', bob.id],
        ]);
      });

      it(`corrects what is cached of the rows it touches, and keeps the rest, when ${how} is deleted`, async () => {
        const badge = await Badge.create({ firm, person: ann });
        const kept = await Badge.create({ firm: other, person: bob });
        expect(await firm.counts(ann.id)).to.deep.equal([1, 1, 1]);
        expect(await other.counts(bob.id)).to.deep.equal([1, 1, 2]);
        const people = await Person.objects.orderBy('name').all();
        await Person.cache.getMany(people.map(({ id }) => id));
        await Promise.all([Badge.cache.get(badge.id), Badge.cache.get(kept.id), Team.cache.get(team.id)]);
        await Person.cache.get({ name: 'ann' });
        await Firm.cache.get(other.id);
        await remove(firm);
        const explained = await Promise.all([
          ...people.map(({ id }) => Person.cache.explain(id)),
          Badge.cache.explain(badge.id),
          Badge.cache.explain(kept.id),
          Team.cache.explain(team.id),
          Firm.cache.explain(other.id),
        ]);
        expect(explained.map(({ state }) => state)).to.deep.equal([
          ...['miss', 'miss', 'miss', 'hit'],
          ...['miss', 'hit', 'miss', 'hit'],
        ]);
        expect(await Person.cache.find({ name: 'ann' })).to.equal(undefined);
        expect((await Person.cache.get(bob.id)).bossId).to.equal(null);
        expect(await (await Person.cache.get(bob.id)).boss).to.equal(null);
        expect(await Badge.cache.find(badge.id)).to.equal(undefined);
        expect(await other.counts(bob.id)).to.deep.equal([1, 1, 1]);
      });
    }

    it('keeps a value that none of its rows is a part of', async () => {
      await other.counts();
      const third = await Firm.create({});
      await Team.create({ firm: third });
      await third.delete();
      expect((await opened().costOf(() => other.counts())).sql).to.equal(0);
    });

    it('follows a table that points at itself, in a circle too', async () => {
      const child = await Firm.create({ parent: firm });
      const grandchild = await Firm.create({ parent: child });
      firm.parentId = grandchild.id;
      await firm.save();
      await Firm.cache.getMany([firm.id, child.id, grandchild.id, other.id]);
      const changes = await changesOf(() => child.delete());
      expect(described(changes).filter((text) => text.startsWith('cascade.Firm'))).to.have.length(3);
      expect((await Firm.cache.getMany([firm.id, child.id, grandchild.id, other.id])).map(Boolean)).to.deep.equal([
        ...[false, false, false, true],
      ]);
    });

    it('tells a row once that it reaches by several ways', async () => {
      const badge = await Badge.create({ firm, person: ann });
      await Link.create({ team, firm });
      const changes = await changesOf(() => firm.delete());
      expect(changes.filter((change) => 'model' in change && change.model.label === 'cascade.Badge')).to.have.length(1);
      expect(changes.filter((change) => 'model' in change && change.model.label === 'cascade.Link')).to.have.length(1);
      expect(await Badge.cache.find(badge.id)).to.equal(undefined);
    });

    it('reads each table once a level, in its transaction', async () => {
      const topic = await Topic.create({});
      const watcher = await Watcher.create({});
      await Note.create({ topic, watcher });
      await (await Topic.create({})).delete();
      const texts = await statementsOf(() => topic.delete());
      const reads = texts.filter((text) => /^SELECT .* FROM "cascade_(topics|notes)"/.test(text));
      expect(reads).to.have.length(2);
      const locking = reads.filter((text) => text.endsWith('FOR UPDATE'));
      expect(locking).to.have.length(combination.database === 'postgres' ? 2 : 0);
    });

    it('of a model that nothing depends on is one statement', async () => {
      const order = await Order.create({ buyer: ann });
      expect((await opened().costOf(() => order.delete())).sql).to.equal(1);
      expect((await opened().costOf(() => Order.objects.delete())).sql).to.equal(1);
      await Order.create({ buyer: ann });
      const changes = await changesOf(() => Order.objects.delete());
      expect(described(changes)).to.deep.equal(['cascade.Order  -> none']);
    });

    it('of many rows below tells their tables, and no more', async () => {
      await Badge.create({ firm, person: ann });
      const people = Array.from({ length: 500 }, (_, index) => ({ name: `person ${index}`, team }));
      const all = await Person.objects.bulkCreate(people);
      await Badge.objects.bulkCreate([{ firm: other, person: all[0]! }]);
      const kept = await Link.create({ firm: other, team: await Team.create({ firm: other }) });
      await Link.cache.get(kept.id);
      const changes = await changesOf(() => firm.delete());
      expect(described(changes)).to.deep.equal([
        'cascade.Badge *',
        'cascade.Firm  -> none',
        'cascade.Person *',
        'cascade.Team  -> none',
      ]);
      expect((await Link.cache.explain(kept.id)).state).to.equal('hit');
      expect(await Badge.objects.count()).to.equal(0);
    });

    it('of many rows below leaves none out where it meets many of them again by another way', async () => {
      const person = await Person.create({ name: 'often met', team });
      await Badge.objects.bulkCreate(Array.from({ length: 300 }, () => ({ firm, person })));
      const others = await Badge.objects.bulkCreate(Array.from({ length: 250 }, () => ({ firm: other, person })));
      const keys = others.map(({ id }) => id);
      await Badge.cache.getMany(keys);
      await firm.delete();
      expect(await Badge.objects.filter({ id__in: keys }).count()).to.equal(0);
      expect((await Badge.cache.getMany(keys)).filter((badge) => badge !== undefined)).to.deep.equal([]);
    });

    it('that reaches a row by two models of its table tells the whole table', async () => {
      const isle = await Isle.create({});
      await Boat.create({ home: isle, mooredKey: isle.id });
      const changes = await changesOf(() => isle.delete());
      const ofBoats = changes.filter((change) => 'model' in change && change.model.table === 'cascade_boats');
      expect(ofBoats.map(({ kind }) => kind)).to.deep.equal(['table']);
    });

    it('of many rows itself tells all tables that it can reach', async () => {
      await Firm.objects.bulkCreate(Array.from({ length: 600 }, () => ({})));
      let count = 0;
      const changes = await changesOf(async () => (count = await Firm.objects.delete()));
      expect(count).to.equal(602);
      expect(described(changes)).to.include.members(['cascade.Firm *', 'cascade.Team *', 'cascade.Person *']);
      expect(changes.every(({ kind }) => kind === 'table')).to.equal(true);
    });

    it('shows them to who watches their model', async () => {
      const [topic, kept] = [await Topic.create({}), await Topic.create({})];
      const watcher = await Watcher.create({});
      await Note.objects.bulkCreate(Array.from({ length: 3 }, () => ({ topic, watcher })));
      await Note.create({ topic: kept, watcher });
      expect(await watcher.notes()).to.equal(4);
      await topic.delete();
      expect(await watcher.notes()).to.equal(1);
      await Topic.objects.delete();
      expect(await watcher.notes()).to.equal(0);
    });

    for (const [how, remove] of removals) {
      it(`says what forbids it, when ${how} is deleted, and changes nothing`, async () => {
        await Order.create({ buyer: ann });
        await Person.cache.get(ann.id);
        const error = await rejection(remove(firm), ForeignKeyViolationError);
        expect(error.message).to.equal(
          'cascade.Firm: the row cannot be deleted while rows point at it, or at what would go with it, by ' +
            "cascade.Order.buyer (onDelete 'restrict'); delete or change those first, or let onDelete be 'cascade' or 'set null'.",
        );
        expect((await Person.cache.explain(ann.id)).state).to.equal('hit');
        expect(await Firm.objects.count()).to.equal(2);
        await rejection(ann.delete(), ForeignKeyViolationError);
      });
    }

    it('and an update reach rows by conditions and an order of other tables', async () => {
      const people = Person.objects.filter({ team__firmId: other.id }).orderBy('team__firmId', 'name');
      expect(await people.limit(1).update({ name: 'eve' })).to.equal(1);
      expect((await Person.objects.orderBy('name').all()).map(({ name }) => name)).to.deep.equal([
        ...['ann', 'cid', 'dan', 'eve'],
      ]);
      expect(await people.limit(1).delete()).to.equal(1);
      expect(await Badge.objects.filter({ person__name: 'x' }).delete()).to.equal(0);
      expect((await Person.objects.orderBy('name').all()).map(({ name }) => name)).to.deep.equal(['ann', 'cid', 'eve']);
    });

    it('is undone with its transaction, and then nothing is invalidated', async () => {
      await Person.cache.get(ann.id);
      const { db } = opened();
      await db
        .transaction(async () => {
          await firm.delete();
          throw new Error('roll back');
        })
        .catch(() => undefined);
      expect((await Person.cache.explain(ann.id)).state).to.equal('hit');
      expect(firm.isPersisted).to.equal(true);
    });
  });
});
