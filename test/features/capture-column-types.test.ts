import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import pg from 'pg';
import {
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  type CacheManager,
  type Database,
  type Manager,
  type ModelClass,
} from '../../src/index.js';
import { capturedDatabase } from '../support/captured.js';
import { heardByAll } from '../support/outbox.js';

@Table('captured_by_uuid', { label: 'captured.ByUuid' })
class ByUuid extends CachedModel {
  declare static objects: Manager<ByUuid>;
  declare static cache: CacheManager<ByUuid>;

  @PrimaryKey({ type: 'uuid' }) declare id: string;
  @Column({ type: 'bigint', index: true, nullable: true }) declare big: bigint | null;
  @Column({ type: 'boolean', index: true, nullable: true }) declare flag: boolean | null;
  @Column({ type: 'enum', values: ['draft', 'live'], index: true, nullable: true }) declare state: string | null;
  @Column({ type: 'text', index: true, nullable: true }) declare name: string | null;
  @Column({ type: 'date', index: true, nullable: true }) declare day: string | null;
  @Column({ type: 'uuid', unique: true, nullable: true }) declare token: string | null;
  @Column({ type: 'datetime', nullable: true }) declare at: Date | null;
  @Column({ type: 'decimal', nullable: true }) declare price: string | null;
}

@Table('captured_by_bigint', { label: 'captured.ByBigint' })
class ByBigint extends CachedModel {
  declare static objects: Manager<ByBigint>;
  declare static cache: CacheManager<ByBigint>;

  @PrimaryKey({ type: 'bigint' }) declare id: bigint;
  @Column({ type: 'text', nullable: true }) declare note: string | null;
}

@Table('captured_by_text', { label: 'captured.ByText' })
class ByText extends CachedModel {
  declare static objects: Manager<ByText>;
  declare static cache: CacheManager<ByText>;

  @PrimaryKey({ type: 'text' }) declare id: string;
  @Column({ type: 'text', nullable: true }) declare note: string | null;
}

const models: readonly ModelClass[] = [ByUuid, ByBigint, ByText];
const id = '01234567-89ab-cdef-0123-456789abcdef';

describe('change capture of column types', () => {
  let db: Database;
  let other: pg.Client;

  before(async () => {
    const captured = await capturedDatabase(models, 'memory');
    db = captured.db;
    other = new pg.Client(captured.url);
    await other.connect();
    await other.query("SET datestyle = 'German, DMY'; SET timezone = 'Asia/Tokyo'");
  });

  after(async () => {
    await other.end();
    await db.close();
  });

  for (const [column, values] of [
    ['big', [9007199254740993n, -1n, null]],
    ['flag', [true, false, null]],
    ['state', ['draft', 'live', null]],
    ['name', ['Bob', 'bob', 'Straße', 'STRASSE', 'İ', 'Ω', '~tilde', ' blank ', '', 'a"b\\c', 'x'.repeat(200), null]],
    ['day', ['2024-02-29', '0001-01-01', null]],
    ['token', ['ffffffff-89ab-cdef-0123-456789abcdef', null]],
  ] as const) {
    it(`hears who gets and who loses a value of ${column}`, async () => {
      for (const [index, value] of values.entries()) {
        const next = values[(index + 1) % values.length] ?? null;
        await other.query(`DELETE FROM captured_by_uuid`);
        await other.query(`INSERT INTO captured_by_uuid (id, ${column}) VALUES ($1, $2)`, [id, value]);
        await heardByAll(other);
        const counts = async (): Promise<number[]> => Promise.all([value, next].map((each) => countOf(column, each)));
        expect(await counts()).to.deep.equal([1, 0]);
        await other.query(`UPDATE captured_by_uuid SET ${column} = $1`, [next]);
        await heardByAll(other);
        expect(await counts()).to.deep.equal([0, 1]);
      }
    });
  }

  for (const [model, key] of [
    [ByUuid, id],
    [ByBigint, 9223372036854775807n],
    [ByText, 'Ünïcode ~ "key" \\ 1'],
  ] as const) {
    it(`hears of rows with keys of ${model.name}`, async () => {
      const cached = model as typeof CachedModel & { cache: CacheManager<CachedModel> };
      const { table, note } = model === ByUuid ? { table: 'captured_by_uuid', note: 'name' } : tableOf(model);
      const found = async (): Promise<boolean> => (await cached.cache.find(key)) !== undefined;
      await other.query(`DELETE FROM ${table}`);
      await heardByAll(other);
      expect(await found()).to.equal(false);
      await other.query(`INSERT INTO ${table} (id) VALUES ($1)`, [key]);
      await heardByAll(other);
      expect(await found()).to.equal(true);
      await other.query(`UPDATE ${table} SET ${note} = 'changed'`);
      await heardByAll(other);
      expect(Reflect.get((await cached.cache.find(key)) ?? {}, note)).to.equal('changed');
      await other.query(`DELETE FROM ${table}`);
      await heardByAll(other);
      expect(await found()).to.equal(false);
    });
  }
});

function tableOf(model: ModelClass): { table: string; note: string } {
  return { table: model === ByBigint ? 'captured_by_bigint' : 'captured_by_text', note: 'note' };
}

/** Through the cache. */
function countOf(column: 'big' | 'flag' | 'state' | 'name' | 'day' | 'token', value: unknown): Promise<number> {
  const filter = value === null ? { [`${column}__isnull`]: true } : { [column]: value };
  return ByUuid.objects.filter(filter).cache().count();
}
