import { expect } from 'chai';
import { describe, it } from 'mocha';
import { CachedModel, Column, moneyclip, PrimaryKey, Table, UsageError, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

/** The shape that both models have; `CachedModel` is left to each. */
interface Item {
  readonly id: number;
  name: string;
  origin(): Promise<string>;
  itself(): Promise<unknown>;
  nameOf(options: object): Promise<string>;
}

let given: unknown;

/** Two modules that do not know of each other, each with a class `Item`. */
function declareItem(table: string) {
  @Table(table, { label: 'twins.Item' })
  class TwinItem extends CachedModel implements Item {
    declare static objects: Manager<TwinItem>;
    @PrimaryKey() declare id: number;
    @Column({ type: 'string' }) declare name: string;

    @moneyclip()
    async origin(): Promise<string> {
      return table;
    }

    @moneyclip()
    async itself(): Promise<unknown> {
      return [this];
    }

    @moneyclip()
    async nameOf({ item }: { item: Item }): Promise<string> {
      return item.name;
    }

    @moneyclip()
    async given(): Promise<unknown> {
      return given;
    }
  }
  return TwinItem;
}

const First = declareItem('twin_items_one');
const Second = declareItem('twin_items_two');
const Outdated = declareOutdated();

function declareOutdated() {
  @Table('twin_items_two', { label: 'twins.Outdated' })
  class Once extends CachedModel {
    declare static objects: Manager<Once>;
    @PrimaryKey() declare id: number;
  }
  @Table('twin_items_two', { label: 'twins.Outdated' })
  class Again extends CachedModel {
    @PrimaryKey() declare id: number;
    @Column({ type: 'string' }) declare name: string;
  }
  return { Once, Again };
}

describe('models of different tables under one label', () => {
  forEachCombination((combination) => {
    connected(combination, [First, Second]);

    it('have computed values of their own', async () => {
      const first = await First.create({ id: 1, name: 'a' });
      const second = await Second.create({ id: 1, name: 'b' });
      expect([await first.origin(), await second.origin()]).to.deep.equal(['twin_items_one', 'twin_items_two']);
      expect([await first.origin(), await second.origin()]).to.deep.equal(['twin_items_one', 'twin_items_two']);
    });

    it('come back from a computed value as instances of their own class', async () => {
      const first = await First.create({ id: 1, name: 'a' });
      for (let call = 0; call < 2; call += 1) {
        const [same] = (await first.itself()) as Item[];
        expect(same).to.be.instanceOf(First).and.to.have.property('name', 'a');
      }
    });

    it('are different arguments of a computed method, although their keys are equal', async () => {
      const first = await First.create({ id: 1, name: 'a' });
      const second = await Second.create({ id: 1, name: 'b' });
      expect([await first.nameOf({ item: first }), await first.nameOf({ item: second })]).to.deep.equal(['a', 'b']);
    });
  });
});

describe('instances given to computed methods, and by them', () => {
  forEachCombination((combination) => {
    connected(combination, [First, Second]);

    it('are read anew also inside of an object without a prototype', async () => {
      const item = await First.create({ name: 'old' });
      const stale = await First.objects.get({ id: item.id });
      const options = Object.assign(Object.create(null) as object, { item: stale });
      item.name = 'new';
      await item.save();
      expect(await item.nameOf(options)).to.equal('new');
      item.name = 'newer';
      await item.save();
      expect(await item.nameOf(options)).to.equal('newer');
    });

    it('are refused in a result where their class was declared again', async () => {
      const item = await First.create({ name: 'a' });
      await Second.create({ id: 1, name: 'b' });
      given = await Outdated.Once.objects.get({ id: 1 });
      await rejection(
        item.given(),
        UsageError,
        'twins.Item.given: the result holds a twins.Outdated of a class that was declared again since; return one of the new class',
      );
    });
  });
});
