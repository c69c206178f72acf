import {
  cached,
  CachedForeignKey,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type Related,
} from '../../../src/index.js';
import { noRow, type SeenRow } from '../history/records.js';

/**
 * A few rows that everybody reads and writes. The database gives each new state of a row the next `v`; the writer says
 * who it was by `wid`. A read that shows them can be judged against what was committed when.
 */

@Table('holders', { label: 'Holder' })
export class Holder extends CachedModel {
  declare static objects: Manager<Holder>;
  declare static cache: CacheManager<Holder>;

  @PrimaryKey({ generated: false }) declare id: number;
  @Column({ type: 'integer' }) declare wid: number;
  @Column({ type: 'integer', default: 0 }) declare v: number;

  /** What this holder and its cells are: a list and a row in one value. */
  @moneyclip({ ttl: '1h' })
  async summary(): Promise<HolderSummary> {
    const cells = await Cell.objects.filter({ holder: this }).orderBy('id').all();
    return { id: this.id, v: this.v, wid: this.wid, cells: cells.map(seenRow) };
  }
}

@Table('cells', { label: 'Cell' })
export class Cell extends CachedModel {
  declare static objects: Manager<Cell>;
  declare static cache: CacheManager<Cell>;

  @PrimaryKey({ generated: false }) declare id: number;
  @Column({ type: 'integer' }) declare wid: number;
  @Column({ type: 'integer', default: 0 }) declare v: number;
  @Column({ type: 'integer', index: true }) declare bucket: number;
  @Column({ type: 'string', unique: true, nullable: true }) declare nick: string | null;
  @CachedForeignKey(() => Holder) declare holder: Related<Holder>;
  declare holderId: number;
}

/** Its values are volatile, so its lists are kept as keys of rows that have entries of their own. */
@Table('notes', { label: 'Note' })
export class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;

  @PrimaryKey({ generated: false }) declare id: number;
  @Column({ type: 'integer', volatile: true }) declare wid: number;
  @Column({ type: 'integer', volatile: true, default: 0 }) declare v: number;
  @Column({ type: 'integer', index: true }) declare shelf: number;
}

export const models = [Holder, Cell, Note] as const;

export interface HolderSummary {
  readonly id: number;
  readonly v: number;
  readonly wid: number;
  readonly cells: readonly SeenRow[];
}

export interface BucketReport {
  readonly cells: readonly SeenRow[];
  readonly count: number;
  readonly first: SeenRow;
}

/** A cached function around a cached list, a count and a row. */
export const bucketReport = cached(
  'bucket-report',
  async (bucket: number): Promise<BucketReport> => {
    const cells = await Cell.objects.filter({ bucket }).orderBy('id').cache().all();
    const count = await Cell.objects.filter({ bucket }).cache().count();
    const first = await Cell.cache.find(1);
    return { cells: cells.map(seenRow), count, first: first ? seenRow(first) : noRow(1) };
  },
  { ttl: '1h' },
);

/** What a read shows of a row. */
export function seenRow({ id, v, wid }: { readonly id: number; readonly v: number; readonly wid: number }): SeenRow {
  return [id, v, wid];
}
