import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Chains } from '../../tools/torture/history/chains.js';
import { Checker } from '../../tools/torture/history/checker.js';
import type { Limits } from '../../tools/torture/history/judged-case.js';
import { backgroundIn } from '../../tools/torture/history/load.js';
import {
  finalOp,
  type HistoryRecord,
  type AuditRecord,
  type ReadRecord,
  type Seen,
  type WriteRecord,
} from '../../tools/torture/history/records.js';
import { temporaryFolder } from '../setup/temporary-folder.js';

/** Histories of a few lines, each with one thing wrong, or with nothing where it looks so. */

interface Version {
  readonly v: number;
  readonly row: string;
  readonly wid: number;
  readonly gone?: boolean;
  readonly sets?: readonly string[];
  readonly xid?: string;
}

function audited({ v, row, wid, gone = false, sets = [], xid = String(v) }: Version): AuditRecord {
  const [table = '', id = ''] = row.split('#');
  return { v, table, id: Number(id), wid, xid, gone, sets: gone ? [] : sets };
}

/** Sent at the first time and acknowledged at the second; without a second it never was. */
function written(wid: number, sent: number, acked?: number): WriteRecord[] {
  const begun: WriteRecord = { k: 'begin', w: wid, op: 'save', t: sent };
  return acked === undefined ? [begun] : [begun, { k: 'ack', w: wid, op: 'save', t: acked }];
}

type Sight = Partial<ReadRecord> & { readonly from: number; readonly seen: readonly Seen[] };

interface History {
  readonly versions: readonly Version[];
  readonly writes?: readonly WriteRecord[];
  readonly observed?: readonly (readonly [number, number])[];
  readonly reads: readonly Sight[];
  readonly lateMs?: number;
  readonly late?: Limits['late'];
}

/** The rules that the reads of a history break, in order. */
function broken({ versions, writes = [], observed = [], reads, lateMs, late = [] }: History): string[] {
  const chains = new Chains(versions.map(audited), writes, new Map(observed));
  const checker = new Checker(chains, [{ kind: 'redis-flush', from: 50, to: 60 }], { lateMs, late });
  for (const read of reads) {
    checker.judge({ k: 'read', op: 'row', to: read.from + 1, hit: true, holds: 'at once', ...read });
  }
  checker.finish();
  return checker.violations.map(({ rule }) => rule);
}

const row = (key: string, v: number, wid: number): Seen => ['row', key, v, wid];
const none = (key: string): Seen => ['row', key, -1, 0];
const first: Version = { v: 1, row: 'cells#1', wid: 0, sets: ['cells.bucket=1'] };
const second: Version = { v: 2, row: 'cells#1', wid: 7, sets: ['cells.bucket=1'] };

describe('the checker of histories', () => {
  describe('of rows', () => {
    const versions = [first, second];
    const writes = written(7, 10, 20);

    it('takes either version while a write is under way, and the new one after it', () => {
      const reads = [
        { from: 15, seen: [row('cells#1', 1, 0)] },
        { from: 15, seen: [row('cells#1', 2, 7)] },
        { from: 21, seen: [row('cells#1', 2, 7)] },
      ];
      expect(broken({ versions, writes, reads })).to.eql([]);
    });

    it('finds a row that is older than an acknowledged write (R1)', () => {
      const reads = [{ from: 21, seen: [row('cells#1', 1, 0)] }];
      expect(broken({ versions, writes, reads })).to.eql(['R1']);
    });

    it('takes an old row after a write that was never acknowledged', () => {
      const reads = [{ from: 21, seen: [row('cells#1', 1, 0)] }];
      expect(broken({ versions, writes: written(7, 10), reads })).to.eql([]);
    });

    it('finds a value that was rolled back (R2)', () => {
      expect(broken({ versions, writes, reads: [{ from: 30, seen: [row('cells#1', 3, 8)] }] })).to.eql(['R2']);
    });

    it('finds a value that somebody else wrote (R2)', () => {
      expect(broken({ versions, writes, reads: [{ from: 30, seen: [row('cells#1', 2, 8)] }] })).to.eql(['R2']);
    });

    it('finds a value that was shown before its COMMIT was sent (R2)', () => {
      expect(broken({ versions, writes, reads: [{ from: 5, seen: [row('cells#1', 2, 7)] }] })).to.eql(['R2']);
    });

    it('finds what a transaction wrote over itself (R2)', () => {
      const overwritten = [first, { ...second, xid: 'x' }, { ...second, v: 3, xid: 'x' }];
      const reads = [{ from: 21, seen: [row('cells#1', 2, 7)] }];
      expect(broken({ versions: overwritten, writes, reads })).to.eql(['R2']);
    });

    it('finds a row that is older than what an earlier read showed (R3)', () => {
      const reads = [
        { from: 12, to: 13, seen: [row('cells#1', 2, 7)] },
        { from: 14, to: 15, seen: [row('cells#1', 1, 0)] },
      ];
      expect(broken({ versions, writes, reads })).to.eql(['R3']);
    });

    it('takes reads that overlap in either order', () => {
      const reads = [
        { from: 12, to: 15, seen: [row('cells#1', 2, 7)] },
        { from: 14, to: 16, seen: [row('cells#1', 1, 0)] },
      ];
      expect(broken({ versions, writes, reads })).to.eql([]);
    });

    it('finds a change that nobody acknowledged and that is unseen for too long (R4)', () => {
      const history = { versions, writes: written(7, 10), observed: [[2, 25]] as const, lateMs: 100 };
      expect(broken({ ...history, reads: [{ from: 125, seen: [row('cells#1', 1, 0)] }] })).to.eql([]);
      expect(broken({ ...history, reads: [{ from: 126, seen: [row('cells#1', 1, 0)] }] })).to.eql(['R4']);
    });

    it('finds what the cache still has when all is quiet (R6)', () => {
      const history = { versions, writes: written(7, 10), observed: [[2, 25]] as const };
      const reads = [{ from: 900, op: finalOp, seen: [row('cells#1', 1, 0)] }];
      expect(broken({ ...history, reads })).to.eql(['R6']);
    });
  });

  describe('of rows that come and go', () => {
    const created: Version = { v: 5, row: 'cells#101', wid: 7 };
    const deleted: Version = { v: 6, row: 'cells#101', wid: -7, gone: true };
    const again: Version = { v: 7, row: 'cells#101', wid: 9 };
    const versions = [created, deleted, again];
    const writes = [...written(7, 10, 20), ...written(-7, 30, 40), ...written(9, 50, 60)];

    it('takes no row before it was made, and after it was deleted', () => {
      const reads = [5, 15, 35, 45, 55].map((from) => ({ from, seen: [none('cells#101')] }));
      expect(broken({ versions, writes, reads })).to.eql([]);
    });

    it('finds a row that is missing although its making was acknowledged (R1)', () => {
      expect(broken({ versions, writes, reads: [{ from: 25, seen: [none('cells#101')] }] })).to.eql(['R1']);
      expect(broken({ versions, writes, reads: [{ from: 61, seen: [none('cells#101')] }] })).to.eql(['R1']);
    });

    it('finds a row that is there although its deletion was acknowledged (R1)', () => {
      expect(broken({ versions, writes, reads: [{ from: 41, seen: [row('cells#101', 5, 7)] }] })).to.eql(['R1']);
    });

    it('finds that a row is missing which never was away (R2)', () => {
      expect(broken({ versions: [first], reads: [{ from: 5, seen: [none('cells#1')] }] })).to.eql(['R2']);
    });
  });

  describe('of lists and counts', () => {
    const set = 'cells.bucket=1';
    const other: Version = { v: 3, row: 'cells#2', wid: 0, sets: [set] };
    const moved: Version = { v: 4, row: 'cells#2', wid: 8, sets: ['cells.bucket=2'] };
    const versions = [first, second, other, moved];
    const writes = [...written(7, 10, 20), ...written(8, 30, 40)];
    const list = (...rows: (readonly [number, number, number])[]): Seen => ['set', set, rows];

    it('takes what the list was at some moment of the read', () => {
      const reads = [
        { from: 5, seen: [list([1, 1, 0], [2, 3, 0])] },
        { from: 25, seen: [list([1, 2, 7], [2, 3, 0])] },
        { from: 35, seen: [list([1, 2, 7])] },
        { from: 41, seen: [list([1, 2, 7]), ['count', set, 1] as const] },
      ];
      expect(broken({ versions, writes, reads })).to.eql([]);
    });

    it('finds a row of the list that is older than an acknowledged write (R5)', () => {
      expect(broken({ versions, writes, reads: [{ from: 25, seen: [list([1, 1, 0], [2, 3, 0])] }] })).to.eql(['R5']);
    });

    it('finds a row that has left the list, and one that is missing (R5)', () => {
      expect(broken({ versions, writes, reads: [{ from: 41, seen: [list([1, 2, 7], [2, 3, 0])] }] })).to.eql(['R5']);
      expect(broken({ versions, writes, reads: [{ from: 25, seen: [list([1, 2, 7])] }] })).to.eql(['R5']);
    });

    it('finds a row that shows that it does not belong there (R5)', () => {
      const reads = [{ from: 35, seen: [list([1, 2, 7], [2, 4, 8])] }];
      expect(broken({ versions, writes, reads })).to.include('R5');
    });

    it('finds a list that mixes two moments (R5)', () => {
      const slow = [...written(7, 10), ...written(8, 30)];
      const reads = [{ from: 35, seen: [list([1, 1, 0])] }]; // the second row left after the first had changed
      const history = { versions, writes: slow, observed: [[2, 22]] as const, reads };
      expect(broken(history)).to.eql(['R5']);
      expect(broken({ ...history, reads: [{ from: 35, holds: 'apart', seen: [list([1, 1, 0])] }] })).to.eql([]);
    });

    it('finds a part of a transaction (R5)', () => {
      const both = [first, { ...second, xid: 'x' }, other, { ...other, v: 4, wid: 7, xid: 'x' }];
      const reads = [{ from: 15, seen: [list([1, 2, 7], [2, 3, 0])] }];
      expect(broken({ versions: both, writes: written(7, 10, 20), reads })).to.eql(['R5']);
    });

    it('finds a count that never was (R5), and one that is old when all is quiet (R6)', () => {
      expect(broken({ versions, writes, reads: [{ from: 41, seen: [['count', set, 2]] }] })).to.eql(['R5']);
      const unacked = { versions, writes: written(7, 10, 20), observed: [[4, 40]] as const };
      const reads = [{ from: 900, op: finalOp, seen: [['count', set, 2] as const] }];
      expect(broken({ ...unacked, reads })).to.eql(['R6']);
    });

    it('takes a mixture of moments that nobody was told of, where a list is put together (as told)', () => {
      const reads = [{ from: 35, holds: 'as told' as const, seen: [list([1, 1, 0])] }];
      const history = { versions, observed: [[2, 22]] as const, reads };
      expect(broken({ ...history, writes: [...written(7, 10), ...written(8, 30)] })).to.eql([]);
      expect(broken({ ...history, writes: [...written(7, 10, 22), ...written(8, 30)] })).to.include('R5');
    });

    it('does not miss a row that nobody was told has come, where another write of it is shown (as told)', () => {
      const outside: Version = { v: 3, row: 'cells#2', wid: 0, sets: ['cells.bucket=2'] };
      const came: Version = { v: 4, row: 'cells#2', wid: 8, sets: [set] };
      const both = [
        { v: 5, row: 'cells#1', wid: 9, sets: [set], xid: 'x' },
        { v: 6, row: 'cells#2', wid: 9, sets: [set], xid: 'x' },
      ];
      const told = written(9, 30, 40);
      const reads = [{ from: 50, holds: 'as told' as const, seen: [list([1, 5, 9])] }];
      const history = { versions: [first, outside, came, ...both], reads };
      expect(broken({ ...history, writes: [...written(8, 10), ...told] })).to.eql([]);
      expect(broken({ ...history, writes: [...written(8, 10, 45), ...told] })).to.include('R5');
      const cameByIt = { versions: [first, outside, ...both], writes: told, reads };
      expect(broken(cameByIt)).to.include('R5');
    });

    it('does not hold a change that moved no row against a count', () => {
      const came: Version = { v: 6, row: 'cells#3', wid: 5, sets: [set] };
      const changed: Version = { v: 7, row: 'cells#3', wid: 6, sets: [set] };
      const crashed = [...written(5, 10), ...written(6, 20, 30)];
      const reads = [{ from: 40, seen: [['count', set, 1] as const] }];
      expect(broken({ versions: [first, came, changed], writes: crashed, reads })).to.eql([]);
    });

    it('does not hold a change of a row against lists that it has no part in', () => {
      const crashed = [...written(8, 30), ...written(9, 45, 50)];
      const later: Version = { v: 5, row: 'cells#2', wid: 9, sets: ['cells.bucket=2'] };
      const reads = [{ from: 60, seen: [list([1, 1, 0], [2, 3, 0])] }];
      expect(broken({ versions: [first, other, moved, later], writes: crashed, reads })).to.eql([]);
    });
  });

  describe('of invalidations that Redis did not confirm in time', () => {
    const history = { versions: [first, second], writes: written(7, 10, 20) };
    const outdated = (from: number): Sight => ({ from, seen: [row('cells#1', 1, 0)] });

    it('does not count what is outdated until they are delivered, and counts it before and after', () => {
      const late = [{ from: 30, to: 40 }];
      const rulesAt = (from: number): string[] => broken({ ...history, late, reads: [outdated(from)] });
      expect([25, 30, 40, 41].map(rulesAt)).to.eql([['R1'], [], [], ['R1']]);
    });

    it('counts what was never committed all the same', () => {
      const reads = [{ from: 35, seen: [row('cells#1', 3, 8)] }];
      expect(broken({ ...history, late: [{ from: 30, to: 40 }], reads })).to.eql(['R2']);
    });

    it('takes the first hit of a read that began later as the sign that they were delivered', async () => {
      const read = (from: number, to: number, hit: boolean): HistoryRecord => {
        return { k: 'read', op: 'row', from, to, hit, holds: 'at once', seen: [] };
      };
      const late = (t: number): HistoryRecord => ({ k: 'late', t });
      const folder = temporaryFolder('history');
      const write = (name: string, records: readonly HistoryRecord[]): void =>
        writeFileSync(join(folder, name), records.map((record) => JSON.stringify(record)).join('\n'));
      write('process-1.jsonl', [
        late(10),
        late(12),
        read(9, 13, true), // it had begun before
        read(14, 15, false),
        read(16, 18, true),
        late(30),
        read(31, 35, false),
      ]);
      write('process-2.jsonl', [read(11, 12, true), ...written(7, 14, 20)]);
      expect(await backgroundIn(folder)).to.eql({
        late: [
          { from: 10, to: 18 },
          { from: 30, to: 35 },
        ],
        writes: written(7, 14, 20),
      });
    });
  });

  it('blames the fault that was injected last', () => {
    const chains = new Chains([audited(first), audited(second)], written(7, 10, 20), new Map());
    const checker = new Checker(chains, [{ kind: 'redis-flush', from: 50, to: 60 }], { lateMs: undefined });
    const read = { k: 'read', op: 'row', hit: true, holds: 'at once', seen: [row('cells#1', 1, 0)] } as const;
    checker.judge({ ...read, from: 45, to: 46 });
    checker.judge({ ...read, from: 55, to: 56 });
    expect(checker.violations.map(({ during }) => during)).to.eql(['none', 'redis-flush']);
    checker.count([...written(7, 10, 20), ...written(8, 55, 58), ...written(9, 58)], new Set([7, 8]));
    expect(checker.tallies.get('redis-flush')).to.deep.include({ injections: 1, reads: 1, hits: 1, writes: 1 });
    expect(checker.tallies.get('none')).to.deep.include({ injections: 0, reads: 1, writes: 1 });
  });
});
