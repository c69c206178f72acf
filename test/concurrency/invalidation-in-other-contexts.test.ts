import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import Sqlite from 'better-sqlite3';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  connect,
  invalidateAll,
  postponeInvalidation,
  PrimaryKey,
  Table,
  transaction,
  withoutInvalidation,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { outsideTransactions } from '../../src/database/transaction-scope.js';
import { forEachCombination } from '../setup/combinations.js';
import { freshDatabase } from '../setup/fresh.js';
import { connected } from '../support/connected.js';

@Table('context_notes', { label: 'contexts.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
}

@Table('context_eager_notes', { label: 'contexts.EagerNote' })
class EagerNote extends CachedModel {
  static override repopulate = true;
  declare static objects: Manager<EagerNote>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare text: string;
}

async function cachedNote(): Promise<Note> {
  const note = await Note.create({ text: 'old' });
  await Note.cache.get(note.id);
  return note;
}

async function rename(note: Note): Promise<void> {
  note.text = 'new';
  await note.save();
}

async function cachedText(note: Note): Promise<string> {
  return (await Note.cache.get(note.id)).text;
}

describe('an invalidation', () => {
  forEachCombination((combination) => {
    describe('of a tenant', () => {
      const tenant = new AsyncLocalStorage<string>();
      const prefix = combination.freshPrefix();
      connected(combination, [Note], { prefix: () => `${prefix}${tenant.getStore() ?? 'nobody'}:` });

      it('reaches the tenant of the write where the transaction was begun outside of it', async () => {
        const note = await tenant.run('ann', cachedNote);
        await transaction(() => tenant.run('ann', () => rename(note)));
        expect(await tenant.run('ann', () => cachedText(note))).to.equal('new');
      });

      it('reaches each tenant that wrote in one transaction', async () => {
        const first = await tenant.run('ann', cachedNote);
        const second = await tenant.run('bob', cachedNote);
        await transaction(async () => {
          await tenant.run('ann', () => rename(first));
          await transaction(() => tenant.run('bob', () => rename(second)));
        });
        expect(await tenant.run('ann', () => cachedText(first))).to.equal('new');
        expect(await tenant.run('bob', () => cachedText(second))).to.equal('new');
      });

      it('reaches the tenant of the write where it was postponed outside of it', async () => {
        const note = await tenant.run('ann', cachedNote);
        await postponeInvalidation(() => tenant.run('ann', () => rename(note)));
        expect(await tenant.run('ann', () => cachedText(note))).to.equal('new');
      });
    });

    describe('that was postponed', () => {
      connected(combination, [Note]);

      it('is not lost for a write that ends after postponeInvalidation did', async () => {
        const note = await cachedNote();
        let goOn: () => void = () => undefined;
        const signal = new Promise<void>((resolve) => (goOn = resolve));
        let writing = Promise.resolve();
        await postponeInvalidation(async () => {
          writing = signal.then(() => rename(note));
        });
        goOn();
        await writing;
        expect(await cachedText(note)).to.equal('new');
      });
    });

    describe('by invalidateAll in a transaction', () => {
      const db = connected(combination, [Note]);

      for (const [name, call] of [
        ['invalidateAll()', () => invalidateAll()],
        ['db.invalidateAll()', () => db().invalidateAll()],
      ] as const) {
        it(`comes with the commit: ${name}`, async () => {
          const note = await cachedNote();
          await transaction(async () => {
            await withoutInvalidation(() => rename(note));
            await call();
            if (combination.database !== 'sqlite-memory') {
              expect(await outsideTransactions(() => cachedText(note))).to.equal('old');
            }
          });
          expect(await cachedText(note)).to.equal('new');
        });
      }
    });
  });
});

describe('a row that is to be read back into the cache', () => {
  it('does not make its committed write fail where it cannot be read', async () => {
    const database = await freshDatabase('sqlite');
    const db = await connect({ database });
    const other = new Sqlite(database.slice('sqlite:'.length));
    const dropTable = (): void => void other.exec('drop table context_eager_notes');
    try {
      await db.createTables([EagerNote]);
      const note = await EagerNote.create({ text: 'a' });
      subscribe('moneyclip:invalidation', dropTable); // between the commit and the read
      note.text = 'b';
      await note.save();
      expect(await db.knex.schema.hasTable('context_eager_notes')).to.equal(false);
    } finally {
      unsubscribe('moneyclip:invalidation', dropTable);
      other.close();
      await db.close();
    }
  });
});
