/** Times are milliseconds of the machine's monotonic clock, which all processes share. */
export type Time = number;

/** A row: its number, its `v`, and the `wid` of whoever wrote it. No row: -1 and 0. */
export type SeenRow = readonly [id: number, v: number, wid: number];

/** One thing that a read showed. */
export type Seen =
  /** A row by its key, such as `cells#3`; or that there is none. */
  | readonly ['row', key: string, v: number, wid: number]
  /** All rows of a condition, such as `cells.bucket=3`. */
  | readonly ['set', set: string, rows: readonly SeenRow[]]
  /** How many there are of them. */
  | readonly ['count', set: string, count: number];

/**
 * When what a read shows must have been so. `at once`: at one moment, as one statement or one valid entry shows it.
 * `as told`: it is put together from entries, so at one moment as far as writes were acknowledged. `apart`: each by itself.
 */
export type Holds = 'at once' | 'as told' | 'apart';

/** A read that answered. */
export interface ReadRecord {
  readonly k: 'read';
  readonly op: string;
  readonly from: Time;
  readonly to: Time;
  readonly hit: boolean;
  readonly holds: Holds;
  readonly seen: readonly Seen[];
}

/**
 * A step of a write; each write has a number of its own. `begin`: nothing was sent before. `sent`: the COMMIT was not
 * sent before. `ack`: the library's promise has resolved. `done`: plain SQL was acknowledged by the database.
 */
export interface WriteRecord {
  readonly k: 'begin' | 'sent' | 'ack' | 'done' | 'fail';
  readonly w: number;
  readonly op: string;
  readonly t: Time;
}

/** Redis did not confirm an invalidation in time: the write is acknowledged all the same, and the invalidation is tried again. */
export interface LateRecord {
  readonly k: 'late';
  readonly t: Time;
}

/** After everything was mended and quiet: what a process reads twice of everything, to be compared with the database. */
export type HistoryRecord = ReadRecord | WriteRecord | LateRecord;

/** A row of the audit table: what was committed, by the database itself. */
export interface AuditRecord {
  readonly v: number;
  readonly table: string;
  readonly id: number;
  /** Of the writer; of a row that was deleted, the number of the deletion. */
  readonly wid: number;
  readonly xid: string;
  readonly gone: boolean;
  /** The conditions that the row meets, such as `cells.bucket=3`. */
  readonly sets: readonly string[];
}

/** One injection of a fault, with its end and what was mended after it. */
export interface Injection {
  readonly kind: string;
  readonly from: Time;
  readonly to: Time;
}

export function noRow(id: number): SeenRow {
  return [id, -1, 0];
}

/** The number of the deletion of a row, told by its key and by who had written it last, who may have written others too. */
export function deletionOf(id: number, wid: number): number {
  return -(wid * 1000 + id);
}

/** The machine's monotonic clock. */
export function monotonicMs(): Time {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The op of what is read after the end, when everything must be as the database has it. */
export const finalOp = 'final';
