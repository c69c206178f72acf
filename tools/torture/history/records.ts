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

/** A read that answered. */
export interface ReadRecord {
  readonly k: 'read';
  readonly op: string;
  readonly from: Time;
  readonly to: Time;
  readonly hit: boolean;
  /** Whether all that it shows must hold at one moment: one statement, or an entry that was found valid. */
  readonly whole: boolean;
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

/** After everything was mended and quiet: what a process reads twice of everything, to be compared with the database. */
export type HistoryRecord = ReadRecord | WriteRecord;

/** A row of the audit table: what was committed, by the database itself. */
export interface AuditRecord {
  readonly v: number;
  readonly table: string;
  readonly id: number;
  /** Of the writer; of a row that was deleted, the negative number of who had written it last. */
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

/** The machine's monotonic clock. */
export function monotonicMs(): Time {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** The op of what is read after the end, when everything must be as the database has it. */
export const finalOp = 'final';
