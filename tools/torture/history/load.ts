import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type pg from 'pg';
import { setOf } from '../workload/rows.js';
import { deletionOf, type AuditRecord, type HistoryRecord, type ReadRecord, type WriteRecord } from './records.js';

/** The writes of a history; reads are many, and come one after another from `readsIn`. */
export async function writesIn(folder: string): Promise<WriteRecord[]> {
  const writes: WriteRecord[] = [];
  for await (const record of recordsIn(folder)) if (record.k !== 'read') writes.push(record);
  return writes;
}

export async function* readsIn(folder: string): AsyncGenerator<ReadRecord> {
  for await (const record of recordsIn(folder)) if (record.k === 'read') yield record;
}

async function* recordsIn(folder: string): AsyncGenerator<HistoryRecord> {
  for (const name of readdirSync(folder).toSorted()) {
    if (!name.endsWith('.jsonl')) continue;
    for await (const line of createInterface({ input: createReadStream(join(folder, name)) })) {
      const record = parse(line);
      if (record) yield record;
    }
  }
}

/** The last line of a process that was killed may be half a line. */
function parse(line: string): HistoryRecord | undefined {
  try {
    return JSON.parse(line) as HistoryRecord; // as the recorder wrote it
  } catch {
    return undefined;
  }
}

interface AuditRow {
  readonly v: number;
  readonly table: string;
  readonly id: number;
  readonly wid: number;
  readonly xid: string;
  readonly gone: boolean;
  readonly row: {
    readonly bucket?: number;
    readonly holder_id?: number;
    readonly nick?: string | null;
    readonly shelf?: number;
  };
}

export async function auditIn(client: pg.Client): Promise<AuditRecord[]> {
  const { rows } = await client.query<AuditRow>('SELECT v, "table", id, wid, xid::text, gone, row FROM audit');
  return rows.map(({ row, ...record }) => {
    if (!record.gone) return { ...record, sets: setsOf(row) };
    return { ...record, wid: deletionOf(record.id, -record.wid), sets: [] };
  });
}

function setsOf({ bucket, holder_id: holder, nick, shelf }: AuditRow['row']): string[] {
  return [
    ...(bucket === undefined ? [] : [setOf.bucket(bucket)]),
    ...(holder === undefined ? [] : [setOf.holder(holder)]),
    ...(typeof nick === 'string' ? [setOf.nick(nick)] : []),
    ...(shelf === undefined ? [] : [setOf.shelf(shelf)]),
  ];
}
