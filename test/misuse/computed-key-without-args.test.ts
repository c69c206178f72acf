import { expect } from 'chai';
import {
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  UsageError,
  type Database,
} from '../../src/index.js';
import { rejection } from '../support/rejection.js';

@Table('shelves')
class Shelf extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip({ key: 'shelf::initials::%s' })
  async initials(length = 1): Promise<string> {
    return this.name.slice(0, length);
  }
}

describe('a computed method whose key template has no place for arguments', () => {
  let db: Database;

  before(async () => {
    db = await connect({ database: 'sqlite::memory:' });
    await db.createTables([Shelf]);
  });

  after(() => db.close());

  it('is cached by its instance where it is called without arguments', async () => {
    const shelf = await Shelf.create({ name: 'poetry' });
    expect([await shelf.initials(), await shelf.initials()]).to.deep.equal(['p', 'p']);
  });

  it('throws where it is called with arguments, which would share one value', async () => {
    const shelf = await Shelf.create({ name: 'poetry' });
    await rejection(
      shelf.initials(2),
      UsageError,
      "Shelf.initials: the key template 'shelf::initials::%s' tells the instance but not the call's arguments, so calls that " +
        'differ would share a value. Give args: (self, …) => […], one for each %s, or leave out key.',
    );
  });
});
