import type { Change } from '../../changes/change.js';
import { changesOfRows, unknownTable, type RecordedRow } from '../recorded-changes.js';
import type { TableNeeds } from '../table-needs.js';

/** A row of the log: what happened to one row of a table. */
export interface LoggedRow {
  readonly id: number;
  readonly token: string;
  readonly source: string;
  /** JSON of the names of the recorded columns. */
  readonly columns: string;
  /** Their values as SQL literals; null on both sides where it is not known which row it was. */
  readonly before: string | null;
  readonly after: string | null;
  readonly stable: boolean;
}

/**
 * What was logged, as the changes that the library's own writes announce. `needs` are those of every table of this
 * process by its name in the file; more than one where models write it differently.
 */
export function changesLogged(
  logged: readonly LoggedRow[],
  needs: ReadonlyMap<string, readonly TableNeeds[]>,
): readonly Change[] {
  return logged.flatMap((row) => {
    const known = needs.get(row.source);
    return known ? known.flatMap((table) => changesOfRows(table, recorded(row))) : [unknownTable(row.source)];
  });
}

function recorded({ columns, before, after, stable }: LoggedRow): Parameters<typeof changesOfRows>[1] {
  const row: RecordedRow = [before === null ? null : values(before), after === null ? null : values(after), stable];
  return {
    columns: JSON.parse(columns) as string[], // made by the trigger
    rows: before === null && after === null ? undefined : [row],
    dialect: 'sqlite',
  };
}

const literals = /X'(?<blob>[0-9A-F]*)'|'(?<text>(?:[^']|'')*)'|(?<word>[^,']+)/g;

/** The values of SQL literals as SQLite's quote() writes them, with commas between. */
function values(list: string): unknown[] {
  return [...list.matchAll(literals)].map(({ groups = {} }) => {
    const { blob, text, word } = groups;
    if (blob !== undefined) return Buffer.from(blob, 'hex');
    if (text !== undefined) return text.replaceAll("''", "'");
    return word === 'NULL' ? null : Number(word);
  });
}
