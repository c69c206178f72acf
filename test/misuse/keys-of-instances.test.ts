import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  transaction,
  UniqueViolationError,
  UsageError,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

@Table('keyed_pears', { label: 'keyed.Pear' })
class Pear extends CachedModel {
  declare static objects: Manager<Pear>;
  declare static cache: CacheManager<Pear>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', unique: true }) declare name: string;
  @Column({ type: 'integer', nullable: true }) declare weight: number | null;
}

@Table('keyed_apples', { label: 'keyed.Apple' })
class Apple extends CachedModel {
  declare static objects: Manager<Apple>;
  declare static cache: CacheManager<Apple>;
  @PrimaryKey() declare id: number;
}

describe('keys that instances stand for', () => {
  forEachCombination((combination) => {
    connected(combination, [Pear, Apple]);

    it('are not those of another model', async () => {
      await Pear.create({ id: 1, name: 'a' });
      const apple = await Apple.create({ id: 1 });
      const message = 'keyed.Pear: expected a key (integer) or an instance, got an instance of keyed.Apple';
      const key = apple as unknown as number; // as a caller without types may write
      await rejection(Pear.cache.getMany([key]), UsageError, message);
      await rejection(Pear.cache.refresh(key), UsageError, message);
    });

    it('take null for a value, but not undefined', async () => {
      await Pear.create({ id: 1, name: 'a', weight: null });
      expect(await Pear.cache.find({ name: 'a', weight: null })).to.have.property('id', 1);
      await rejection(
        Pear.cache.find({ name: 'a', weight: undefined as unknown as null }), // as a caller without types may write
        UsageError,
        "keyed.Pear.cache.get(…): the value of 'weight' is undefined; leave it out, or write null",
      );
    });

    it('stay one where a new instance is saved several times at once', async () => {
      const pear = new Pear({ name: 'a' });
      await Promise.all([pear.save(), pear.save(), pear.save()]);
      const other = new Pear({ name: 'b' });
      await transaction(() => Promise.all([other.save(), other.save()]));
      expect(await Pear.objects.count()).to.equal(2);
    });

    it('are tried again by a save that waited for one that failed', async () => {
      await Pear.create({ name: 'taken' });
      const pear = new Pear({ name: 'taken' });
      const first = pear.save();
      const second = pear.save();
      await rejection(first, UniqueViolationError);
      await rejection(second, UniqueViolationError);
      pear.name = 'free';
      await pear.save();
      expect(await Pear.objects.count()).to.equal(2);
    });
  });
});
