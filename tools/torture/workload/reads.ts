import { keyOf, setOf, allCells, buckets, holders, nicks, notes, shelves } from './rows.js';
import type { Actor, Shown } from './actor.js';
import type { Seen, SeenRow } from '../history/records.js';
import { bucketReport, Cell, Holder, Note, seenRow } from './models.js';

/** A kind of read, and how often it is chosen. */
export interface ReadKind {
  readonly op: string;
  readonly weight: number;
  readonly run: (actor: Actor) => Promise<void>;
}

interface RowLike {
  readonly v: number;
  readonly wid: number;
}

function rowSeen(key: string, row: RowLike | undefined): Seen {
  return ['row', key, row?.v ?? -1, row?.wid ?? 0];
}

function oneRow(key: string, row: RowLike | undefined): Shown {
  return { seen: [rowSeen(key, row)], holds: 'at once' };
}

function oneSet(set: string, rows: readonly SeenRow[]): Shown {
  return { seen: [['set', set, rows]], holds: 'at once' };
}

export const lookups = {
  cell: async (id: number) => oneRow(keyOf.cell(id), await Cell.cache.find(id)),
  holder: async (id: number) => oneRow(keyOf.holder(id), await Holder.cache.find(id)),
  note: async (id: number) => oneRow(keyOf.note(id), await Note.cache.find(id)),
  nick: async (nick: string) => {
    const cell = await Cell.cache.find({ nick });
    // NOTE: which key has the value, and the row with that key, are two entries
    return { ...oneSet(setOf.nick(nick), cell ? [seenRow(cell)] : []), holds: 'as told' as const };
  },
  bucket: async (bucket: number) => {
    const cells = await Cell.objects.filter({ bucket }).orderBy('id').cache().all();
    return oneSet(setOf.bucket(bucket), cells.map(seenRow));
  },
  count: async (bucket: number): Promise<Shown> => {
    const count = await Cell.objects.filter({ bucket }).cache().count();
    return { seen: [['count', setOf.bucket(bucket), count]], holds: 'at once' };
  },
  shelf: async (shelf: number) => {
    const found = await Note.objects.filter({ shelf }).orderBy('id').cache().all();
    return { ...oneSet(setOf.shelf(shelf), found.map(seenRow)), holds: 'as told' as const };
  },
  summary: async (holder: Holder): Promise<Shown> => {
    const { id, cells, ...row } = await holder.summary();
    return { seen: [rowSeen(keyOf.holder(id), row), ['set', setOf.holder(id), cells]], holds: 'apart' };
  },
  report: async (bucket: number): Promise<Shown> => {
    const { cells, count, first } = await bucketReport(bucket);
    const [id, v, wid] = first;
    const set = setOf.bucket(bucket);
    return {
      seen: [['set', set, cells], ['count', set, count], rowSeen(keyOf.cell(id), { v, wid })],
      holds: 'apart',
    };
  },
};

/** The first read of the instance is not recorded: it may be held for long, and what is computed of it must be fresh. */
async function readSummary(actor: Actor): Promise<void> {
  const holder = await Holder.cache.get(actor.random.oneOf(holders));
  if (actor.chance(0.3)) await actor.pause(300);
  await actor.observe('computed on an instance', () => lookups.summary(holder));
}

async function readReference(actor: Actor): Promise<void> {
  const cell = await Cell.cache.find(actor.random.oneOf(allCells));
  if (!cell) return;
  await actor.observe('foreign key', async () => oneRow(keyOf.holder(cell.holderId), await cell.holder));
}

async function readMany(actor: Actor): Promise<void> {
  const ids = [actor.random.oneOf(allCells), actor.random.oneOf(allCells), actor.random.oneOf(allCells)];
  await actor.observe('getMany', async () => {
    const cells = await Cell.cache.getMany(ids);
    return { seen: ids.map((id, index) => rowSeen(keyOf.cell(id), cells[index])), holds: 'apart' };
  });
}

/** Many at the same time and a little apart, so that they share one load. */
async function readBurst(actor: Actor): Promise<void> {
  const id = actor.random.oneOf(allCells);
  const readers = Array.from({ length: 6 }, async () => {
    await actor.pause(3);
    await actor.observe('burst', () => lookups.cell(id));
  });
  await Promise.all(readers);
}

export const readKinds: readonly ReadKind[] = [
  { op: 'row', weight: 8, run: (actor) => actor.observe('row', () => lookups.cell(actor.random.oneOf(allCells))) },
  { op: 'note', weight: 3, run: (actor) => actor.observe('row', () => lookups.note(actor.random.oneOf(notes))) },
  {
    op: 'unique',
    weight: 3,
    run: (actor) => actor.observe('unique key', () => lookups.nick(actor.random.oneOf(nicks))),
  },
  { op: 'list', weight: 4, run: (actor) => actor.observe('list', () => lookups.bucket(actor.random.oneOf(buckets))) },
  { op: 'count', weight: 2, run: (actor) => actor.observe('count', () => lookups.count(actor.random.oneOf(buckets))) },
  {
    op: 'list of keys',
    weight: 3,
    run: (actor) => actor.observe('list of keys', () => lookups.shelf(actor.random.oneOf(shelves))),
  },
  { op: 'computed', weight: 3, run: readSummary },
  {
    op: 'function',
    weight: 3,
    run: (actor) => actor.observe('function', () => lookups.report(actor.random.oneOf(buckets))),
  },
  { op: 'foreign key', weight: 2, run: readReference },
  { op: 'getMany', weight: 2, run: readMany },
  { op: 'burst', weight: 1, run: readBurst },
];
