import { expect } from 'chai';
import { randomUUID } from 'node:crypto';
import {
  CachedForeignKey,
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  UniqueViolationError,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { rejection } from '../support/rejection.js';

@Table('keys_counted', { label: 'keys.Counted' })
class Counted extends CachedModel {
  declare static objects: Manager<Counted>;
  declare static cache: CacheManager<Counted>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', default: '' }) declare name: string;
}

@Table('keys_big', { label: 'keys.Big' })
class Big extends CachedModel {
  declare static objects: Manager<Big>;
  declare static cache: CacheManager<Big>;
  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'text', default: '' }) declare name: string;
}

@Table('keys_uuid', { label: 'keys.Uuid' })
class Uuid extends CachedModel {
  declare static objects: Manager<Uuid>;
  declare static cache: CacheManager<Uuid>;
  @PrimaryKey({ type: 'uuid', default: randomUUID }) declare id: string;
  @Column({ type: 'text', default: '' }) declare name: string;
}

@Table('keys_text', { label: 'keys.Text' })
class Text extends CachedModel {
  declare static objects: Manager<Text>;
  declare static cache: CacheManager<Text>;
  @PrimaryKey({ type: 'text' }) declare code: string;
  @Column({ type: 'text', default: '' }) declare name: string;
}

@Table('keys_pointing', { label: 'keys.Pointing' })
class Pointing extends CachedModel {
  declare static objects: Manager<Pointing>;
  declare static cache: CacheManager<Pointing>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Big, { nullable: true }) declare big: Related<Big | null>;
  declare bigId: bigint | null;
  @CachedForeignKey(() => Uuid, { nullable: true }) declare uuid: Related<Uuid | null>;
  declare uuidId: string | null;
  @CachedForeignKey(() => Text, { nullable: true }) declare text: Related<Text | null>;
  declare textId: string | null;
}

@Table('keys_defaults', { label: 'keys.Defaults' })
class Defaults extends CachedModel {
  declare static objects: Manager<Defaults>;
  static counter = 0;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', default: 7 }) declare count: number;
  @Column({ type: 'boolean', default: false }) declare flag: boolean;
  @Column({ type: 'json', default: { list: [] } }) declare data: { list: number[] };
  @Column({ type: 'integer', default: () => (Defaults.counter += 1) }) declare next: number;
  @Column({ type: 'text', nullable: true, default: null }) declare note: string | null;
  @Column({ type: 'text', nullable: true, default: 'x' }) declare word: string | null;
}

const keyedModels = [Counted, Big, Uuid, Text, Pointing, Defaults];

forEachCombination((combination) => {
  describe('primary keys', () => {
    const db = connected(combination, keyedModels);

    it('count up by themselves, as integer and as bigint', async () => {
      const [first, second] = [await Counted.create({}), await Counted.create({})];
      expect(first.id).to.be.a('number');
      expect(second.id).to.be.greaterThan(first.id);
      const [big, bigger] = [await Big.create({}), await Big.create({})];
      expect(big.id).to.be.a('bigint');
      expect(bigger.id > big.id).to.equal(true);
    });

    it('may be given', async () => {
      const id = combination.database === 'postgres' ? 1_000_000 : 5_000_000;
      expect((await Counted.create({ id })).id).to.equal(id);
      await rejection(Counted.create({ id }), UniqueViolationError);
      expect((await Big.create({ id: 2n ** 62n })).id).to.equal(2n ** 62n);
    });

    it('of every type read, update and delete their row, through the cache and without it', async () => {
      const cases = [
        { model: Counted, key: (await Counted.create({ name: 'a' })).id, missing: 999_999 },
        { model: Big, key: (await Big.create({ name: 'a', id: 2n ** 53n + 1n })).id, missing: 2n ** 53n },
        { model: Uuid, key: (await Uuid.create({ name: 'a' })).id, missing: randomUUID() },
        { model: Text, key: (await Text.create({ name: 'a', code: 'a:b"c 💸' })).code, missing: 'a:b' },
      ];
      for (const { model, key, missing } of cases) {
        const row = (await model.cache.get(key)) as Counted; // all have these columns
        expect(row).to.include({ name: 'a' });
        row.name = 'b';
        await row.save();
        expect(await model.cache.get(key), model.name).to.include({ name: 'b' });
        expect(await model.cache.find(missing), model.name).to.equal(undefined);
        await row.reload();
        await row.delete();
        expect(await model.cache.find(key), model.name).to.equal(undefined);
        expect(await model.objects.count()).to.equal(0);
      }
    });

    it('of every type can be pointed at', async () => {
      const [big, uuid, text] = [
        await Big.create({ id: 2n ** 60n }),
        await Uuid.create({}),
        await Text.create({ code: 'x' }),
      ];
      const { id } = await Pointing.create({ big, uuid, text });
      for (const pointing of [await Pointing.objects.get({ id }), await Pointing.cache.get(id)]) {
        expect(pointing).to.include({ bigId: big.id, uuidId: uuid.id, textId: 'x' });
        expect([(await pointing.big)?.id, (await pointing.uuid)?.id, (await pointing.text)?.code]).to.deep.equal([
          big.id,
          uuid.id,
          'x',
        ]);
      }
      expect(await Pointing.objects.filter({ big, uuid: uuid.id, text__in: [text] }).count()).to.equal(1);
    });

    it('that are uuids may be written in any case', async () => {
      const { id } = await Uuid.create({ name: 'a' });
      expect((await Uuid.cache.get(id.toUpperCase())).id).to.equal(id);
      expect((await Uuid.objects.get({ id: id.toUpperCase() })).id).to.equal(id);
    });

    it('are counted up again after a rollback, on the same instance', async () => {
      const instance = new Counted();
      await rejection(
        db().transaction(async () => {
          await instance.save();
          throw new Error('undo');
        }),
        Error,
        'undo',
      );
      await Counted.create({});
      await instance.save();
      expect(await Counted.objects.count()).to.equal(2);
    });
  });

  describe('defaults', () => {
    connected(combination, keyedModels);

    it('are values, or what a function gives, on new instances that say nothing', async () => {
      Defaults.counter = 0;
      const instance = new Defaults();
      expect(Object.fromEntries(Object.entries(instance))).to.deep.equal({
        count: 7,
        flag: false,
        data: { list: [] },
        next: 1,
        note: null,
        word: 'x',
      });
      await instance.save();
      expect(await Defaults.objects.get({ id: instance.id })).to.deep.include({
        count: 7,
        next: 1,
        data: { list: [] },
      });
      expect((await Defaults.create({})).next).to.equal(2);
    });

    it('give way to what is said, also to null', async () => {
      const instance = await Defaults.create({ count: 0, word: null, data: { list: [1] }, next: 100 });
      expect(await Defaults.objects.get({ id: instance.id })).to.deep.include({
        count: 0,
        word: null,
        data: { list: [1] },
        next: 100,
      });
    });

    it('are objects of their own in every instance', () => {
      new Defaults().data.list.push(1);
      expect(new Defaults().data).to.deep.equal({ list: [] });
    });

    it('are not given to rows that are read', async () => {
      const before = Defaults.counter;
      const { id } = await Defaults.create({ word: null, next: 1 });
      await Defaults.objects.get({ id });
      expect((await Defaults.objects.get({ id })).word).to.equal(null);
      expect(Defaults.counter).to.equal(before + 1); // the new instance alone
    });
  });
});
