import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type pg from 'pg';
import { Lateness, type LateSpan } from './lateness.js';
import { setOf } from '../workload/rows.js';
import { deletionOf, type AuditRecord, type HistoryRecord, type ReadRecord, type WriteRecord } from './records.js';

/** What has to be known of all processes before a read is judged. */
export interface Background {
  readonly writes: readonly WriteRecord[];
  readonly late: readonly LateSpan[];
}

/** Of a history all but the reads, which are many, and come one after another from `readsIn`. */
export async function backgroundIn(folder: string): Promise<Background> {
  const writes: WriteRecord[] = [];
  const late: LateSpan[] = [];
  for (const path of filesIn(folder)) {
    const lateness = new Lateness();
    for await (const record of recordsIn(path)) {
      lateness.add(record);
      if (record.k !== 'read' && record.k !== 'late') writes.push(record);
    }
    late.push(...lateness.spans);
  }
  return { writes, late };
}

export async function* readsIn(folder: string): AsyncGenerator<ReadRecord> {
  for (const path of filesIn(folder)) {
    for await (const record of recordsIn(path)) if (record.k === 'read') yield record;
  }
}

/** One for each process. */
function filesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  return names.toSorted().map((name) => join(folder, name));
}

async function* recordsIn(path: string): AsyncGenerator<HistoryRecord> {
  for await (const line of createInterface({ input: createReadStream(path) })) {
    const record = parse(line);
    if (record) yield record;
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
