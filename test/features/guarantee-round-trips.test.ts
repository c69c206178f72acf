import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type GuaranteeLevel,
  type Manager,
} from '../../src/index.js';
import { calmGuarantee, type CalmGuarantee, type GuaranteedCost } from '../support/calm-guarantee.js';

@Table('counted_notes', { label: 'counted.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
}

/** A table of which a trigger of the application changes another one. */
@Table('counted_folders', { label: 'counted.Folder' })
class Folder extends CachedModel {
  declare static objects: Manager<Folder>;
  declare static cache: CacheManager<Folder>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

/** The statements, and the round trips to Redis. */
function cost(sql: number, ...redis: string[]): GuaranteedCost {
  return { sql, redis };
}

interface Costs {
  readonly hit: GuaranteedCost;
  readonly fill: GuaranteedCost;
  readonly save: GuaranteedCost;
  /** An update of many rows. */
  readonly update: GuaranteedCost;
  readonly saveInTransaction: GuaranteedCost;
  readonly tenSaves: GuaranteedCost;
  readonly sideEffects: GuaranteedCost;
  readonly rollback: GuaranteedCost;
}

const plain: Costs = {
  hit: cost(0, 'mget'),
  fill: cost(1, 'mget', 'set+mget', 'set'),
  save: cost(1, 'unlink'),
  update: cost(1, 'unlink'),
  saveInTransaction: cost(3, 'unlink'),
  tenSaves: cost(12, 'unlink'),
  sideEffects: cost(1, 'unlink'),
  rollback: cost(3),
};
const guarded: Costs = {
  ...plain,
  save: cost(1, 'drop+mget'),
  update: cost(1, 'drop+mget'),
  saveInTransaction: cost(3, 'drop+mget'),
  tenSaves: cost(12, 'drop+mget'),
  sideEffects: cost(2, 'drop+mget'),
};
const costs: Readonly<Record<GuaranteeLevel, Costs>> = {
  plain,
  guarded,
  strict: {
    ...guarded,
    save: cost(5, 'mark', 'unmark'),
    update: cost(5, 'mark', 'unmark', 'drop+mget'), // of the table, besides that of each row which was marked
    saveInTransaction: cost(5, 'mark', 'unmark'),
    tenSaves: cost(14, 'mark', 'unmark'),
    sideEffects: cost(5, 'mark', 'unmark'),
  },
  verify: { ...guarded, hit: cost(1, 'mget'), fill: cost(2, 'mget', 'set+mget', 'set') },
};

for (const level of ['plain', 'guarded', 'strict', 'verify'] as const) {
  describe(`round trips at the level ${level}`, function () {
    this.timeout(20_000);
    let current: CalmGuarantee;
    const expected = costs[level];
    const costOf = (task: () => Promise<unknown>): Promise<GuaranteedCost> => current.costOf(task);

    before(async () => {
      current = await calmGuarantee(level, [Note, Folder]);
      await current.other.query(
        `CREATE FUNCTION renames() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN UPDATE counted_notes SET text = NEW.name WHERE id = 1; RETURN NULL; END'`,
      );
      await current.other.query(
        'CREATE TRIGGER renames AFTER UPDATE ON counted_folders FOR EACH ROW EXECUTE FUNCTION renames()',
      );
    });

    after(() => current.close());

    const hundredNotes = async (): Promise<readonly Note[]> =>
      Note.objects.bulkCreate(Array.from({ length: 100 }, (_, index) => ({ text: `note ${index}` })));

    it('of a hit', async () => {
      const { id } = await Note.create({ text: 'a' });
      await current.calm();
      await Note.cache.get(id);
      expect(await costOf(() => Note.cache.get(id))).to.deep.equal(expected.hit);
    });

    it('of a miss and its fill, which nobody waits for', async () => {
      const note = await Note.create({ text: 'a' });
      expect(await costOf(() => Note.cache.get(note.id)), 'cold').to.deep.equal(expected.fill);
      note.text = 'b';
      await note.save();
      expect(await costOf(() => Note.cache.get(note.id)), 'outdated').to.deep.equal(expected.fill);
    });

    it('of a hundred rows', async () => {
      const ids = (await hundredNotes()).map(({ id }) => id);
      expect(await costOf(() => Note.cache.getMany(ids)), 'cold').to.deep.equal(expected.fill);
      expect(await costOf(() => Note.cache.getMany(ids)), 'warm').to.deep.equal(expected.hit);
    });

    it('of writes of a row', async () => {
      const note = await Note.create({ text: 'a' });
      note.text = 'b';
      expect(await costOf(() => note.save()), 'save').to.deep.equal(expected.save);
      expect(await costOf(() => Note.create({ text: 'c' })), 'create').to.deep.equal(expected.save);
      expect(await costOf(() => note.delete()), 'delete').to.deep.equal(expected.save);
    });

    it('of writes of many rows', async () => {
      await hundredNotes();
      const all = Note.objects.filter({ id__gt: 0 });
      expect(await costOf(() => all.update({ text: 'new' })), 'update').to.deep.equal(expected.update);
      expect(await costOf(() => all.delete()), 'delete').to.deep.equal(expected.update);
    });

    it('of transactions', async () => {
      const notes = (await hundredNotes()).slice(0, 10);
      const save = (some: readonly Note[]): Promise<void> =>
        transaction(async () => {
          for (const note of some) {
            note.text += '!';
            await note.save();
          }
        });
      expect(await costOf(() => save(notes.slice(0, 1))), 'one save').to.deep.equal(expected.saveInTransaction);
      expect(await costOf(() => save(notes)), 'ten saves').to.deep.equal(expected.tenSaves);
      const rolledBack = (): Promise<unknown> =>
        transaction(async () => {
          await Note.create({ text: 'never' });
          throw new Error('roll back');
        }).catch(() => undefined);
      expect(await costOf(rolledBack), 'rolled back').to.deep.equal(expected.rollback);
    });

    it('of a write to a table whose trigger changes more', async () => {
      const folder = await Folder.create({ name: 'a' });
      await current.calm();
      folder.name = 'b';
      expect(await costOf(() => folder.save())).to.deep.equal(expected.sideEffects);
    });
  });
}

describe('the gate among the keys of a read', function () {
  this.timeout(20_000);

  /** The keys that a warm read of a hundred rows asks for, without the prefix. */
  const keysAt = async (level: GuaranteeLevel): Promise<readonly string[]> => {
    const current = await calmGuarantee(level, [Note]);
    try {
      await Note.objects.bulkCreate(Array.from({ length: 100 }, (_, id) => ({ id: id + 1, text: 'a' })));
      const ids = Array.from({ length: 100 }, (_, id) => id + 1);
      const read = (): Promise<unknown> => Note.cache.getMany(ids);
      await current.costOf(read);
      const { redis } = await current.costOf(read);
      expect(redis).to.deep.equal(['mget']);
      return (current.trips.asked[0] ?? []).map((key) => key.replace(current.prefix, ''));
    } finally {
      await current.close();
    }
  };

  it('is one more key of the same command, and not there at the level plain', async () => {
    const plainly = await keysAt('plain');
    expect(plainly).to.have.length(202); // the rows, a stamp of each, the table's, and that of everything
    expect(plainly).not.to.include('{}gate');
    const gated = await keysAt('guarded');
    expect(gated.filter((key) => key === '{}gate')).to.have.length(1);
    expect(gated.filter((key) => key !== '{}gate')).to.deep.equal(plainly);
  });
});
