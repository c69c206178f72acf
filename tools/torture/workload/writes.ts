import { setTimeout as wait } from 'node:timers/promises';
import { transaction, type Database } from '../../../src/index.js';
import { TransactionConflictError } from '../../../src/errors.js';
import { deletionOf } from '../history/records.js';
import type { Actor } from './actor.js';
import { Cell, Holder, Note } from './models.js';
import { allCells, buckets, fleetingCells, holders, nicks, notes, permanentCells, shelves } from './rows.js';

/** A kind of write, and how often it is chosen. */
export interface WriteKind {
  readonly op: string;
  readonly weight: number;
  readonly run: (actor: Actor, op: string, db: Database) => Promise<void>;
}

/** What a transaction throws that is meant to be rolled back. */
class MeantToFail extends Error {}

const databaseCell = (id: number): Promise<Cell | undefined> => Cell.objects.filter({ id }).noCache().first();

/** Reads the row in the database, changes it, half of the time the columns that conditions ask for, and saves it. */
async function save(actor: Actor, op: string): Promise<void> {
  const cell = await databaseCell(actor.mostlyEarly(allCells));
  if (!cell) return;
  const wid = actor.nextWrite();
  change(actor, cell, wid);
  await actor.write(op, [wid], () => cell.save());
}

function change(actor: Actor, cell: Cell, wid: number): void {
  cell.wid = wid;
  if (actor.chance(0.5)) cell.bucket = actor.random.oneOf(buckets);
  if (actor.chance(0.2)) cell.holderId = actor.random.oneOf(holders);
}

/** Saves an instance that was read from the cache a while ago: what it believes of the old values may be wrong. */
async function saveOldInstance(actor: Actor, op: string): Promise<void> {
  const cell = await Cell.cache.find(actor.mostlyEarly(permanentCells));
  if (!cell) return;
  await actor.pause(200);
  const wid = actor.nextWrite();
  change(actor, cell, wid);
  await actor.write(op, [wid], () => cell.save());
}

async function saveHolder(actor: Actor, op: string): Promise<void> {
  const wid = actor.nextWrite();
  await actor.write(op, [wid], () => Holder.objects.filter({ id: actor.mostlyEarly(holders) }).update({ wid }));
}

async function saveNote(actor: Actor, op: string): Promise<void> {
  const wid = actor.nextWrite();
  const values = actor.chance(0.2) ? { wid, shelf: actor.random.oneOf(shelves) } : { wid };
  await actor.write(op, [wid], () => Note.objects.filter({ id: actor.mostlyEarly(notes) }).update(values));
}

/** Moves whole buckets. */
async function updateMany(actor: Actor, op: string): Promise<void> {
  const wid = actor.nextWrite();
  const values = actor.chance(0.5) ? { wid, bucket: actor.random.oneOf(buckets) } : { wid };
  const many = Cell.objects.filter({ bucket: actor.random.oneOf(buckets), id__lte: 6 });
  await actor.write(op, [wid], () => many.update(values));
}

async function upsert(actor: Actor, op: string): Promise<void> {
  const wid = actor.nextWrite();
  const ids = [...new Set([actor.mostlyEarly(permanentCells), actor.random.oneOf(fleetingCells)])];
  const rows = ids.map((id) => ({
    id,
    wid,
    bucket: actor.random.oneOf(buckets),
    holderId: actor.random.oneOf(holders),
  }));
  await actor.write(op, [wid], () =>
    Cell.objects.upsertMany(rows, { onConflict: ['id'], update: ['wid', 'bucket', 'holderId'] }),
  );
}

/** Makes a row that is not there, or deletes it. */
async function createOrDelete(actor: Actor, op: string): Promise<void> {
  const id = actor.random.oneOf(fleetingCells);
  const cell = await databaseCell(id);
  if (!cell) {
    const wid = actor.nextWrite();
    const values = { id, wid, bucket: actor.random.oneOf(buckets), holderId: actor.random.oneOf(holders) };
    await actor.write(op, [wid], () => Cell.create(values));
    return;
  }
  const { wid } = cell;
  // NOTE: only what it read: the audit calls a deletion by whoever wrote the row last
  await actor
    .write(op, [deletionOf(id, wid)], async () => {
      const deleted = await Cell.objects.filter({ id, wid }).delete();
      if (deleted === 0) throw new MeantToFail(); // another did it, who may not have been told yet
    })
    .catch(ignoreMeant);
}

/** Changes two to five rows of two tables; a quarter of them is rolled back, and a part of some. */
async function several(actor: Actor, op: string, isolation?: 'repeatable read'): Promise<void> {
  const wid = actor.nextWrite();
  const cells = permanentCells
    .slice(0, 8)
    .filter(() => actor.chance(0.2))
    .slice(0, 4);
  const fails = actor.chance(0.25);
  const longMs = actor.chance(0.1) ? 300 : 5;
  await actor
    .write(op, [wid], (sent) =>
      transaction(
        async () => {
          await Holder.objects.filter({ id: actor.mostlyEarly(holders) }).update({ wid });
          for (const id of cells) await moveInside(actor, id, wid);
          await partUndone(actor);
          await actor.pause(longMs);
          if (fails) throw new MeantToFail();
          sent();
        },
        isolation ? { isolation } : {},
      ),
    )
    .catch(ignoreMeant);
}

async function moveInside(actor: Actor, id: number, wid: number): Promise<void> {
  const values = actor.chance(0.5) ? { wid, bucket: actor.random.oneOf(buckets) } : { wid };
  await Cell.objects.filter({ id }).update(values);
  if (actor.chance(0.3)) await Cell.cache.find(id); // which must not put what is not committed into the cache
}

/** A savepoint that is rolled back. */
async function partUndone(actor: Actor): Promise<void> {
  if (!actor.chance(0.3)) return;
  const wid = actor.nextWrite();
  const undone = transaction(async () => {
    await Note.objects.filter({ id: actor.mostlyEarly(notes) }).update({ wid });
    throw new MeantToFail();
  });
  await undone.catch(ignoreMeant);
}

/** A snapshot that grows old while others write; what it reads must not get into the cache. */
async function oldSnapshot(actor: Actor, op: string): Promise<void> {
  if (actor.chance(0.5)) return several(actor, op, 'repeatable read');
  await transaction(
    async () => {
      await Cell.objects.filter({ id: 1 }).first();
      await wait(30);
      await Cell.cache.find(actor.random.oneOf(allCells));
      await Cell.objects
        .filter({ bucket: actor.random.oneOf(buckets) })
        .cache()
        .all();
    },
    { isolation: 'repeatable read' },
  );
}

/** Gives a unique text to another row, or to none, from where a later write takes it. */
async function moveNick(actor: Actor, op: string): Promise<void> {
  const nick = actor.random.oneOf(nicks);
  const wid = actor.nextWrite();
  const to = actor.mostlyEarly(permanentCells);
  await actor.write(op, [wid], (sent) =>
    transaction(async () => {
      await Cell.objects.filter({ nick }).update({ nick: null, wid });
      if (actor.chance(0.6)) await Cell.objects.filter({ id: to }).update({ nick, wid });
      sent();
    }),
  );
}

async function createManyNotes(actor: Actor, op: string): Promise<void> {
  const wid = actor.nextWrite();
  const some = await Note.objects
    .filter({ shelf: actor.random.oneOf(shelves) })
    .noCache()
    .all();
  for (const note of some) note.wid = wid;
  await actor.write(op, [wid], () => Note.objects.bulkUpdate(some, ['wid']));
}

function ignoreMeant(error: unknown): void {
  const isExpected = error instanceof MeantToFail || error instanceof TransactionConflictError;
  if (!isExpected) throw error;
}

export const writeKinds: readonly WriteKind[] = [
  { op: 'save', weight: 6, run: save },
  { op: 'save of an old instance', weight: 3, run: saveOldInstance },
  { op: 'update of one', weight: 3, run: saveHolder },
  { op: 'update of a volatile value', weight: 3, run: saveNote },
  { op: 'update of many', weight: 1, run: updateMany },
  { op: 'bulkUpdate', weight: 1, run: createManyNotes },
  { op: 'upsert', weight: 1, run: upsert },
  { op: 'create or delete', weight: 4, run: createOrDelete },
  { op: 'transaction', weight: 3, run: (actor, op) => several(actor, op) },
  { op: 'repeatable read', weight: 1, run: oldSnapshot },
  { op: 'move of a unique value', weight: 2, run: moveNick },
];
