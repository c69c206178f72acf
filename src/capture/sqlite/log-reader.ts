import type { FreshnessProbe } from '../../database/dialect.js';
import type { LoggedRow } from './logged-changes.js';
import { outboxName, quoted } from './log-sql.js';

/** More changes at a time are not told apart. */
const mostRows = 1000;

/**
 * Reads what was logged since it was last asked. It knows where it is by the last row that it saw, with its token: where
 * that row is gone, because the log was cut off, restored or made anew, it cannot tell what happened since.
 */
export class LogReader {
  readonly #probe: FreshnessProbe;
  readonly #lastSql: string;
  readonly #nextSql: string;
  #last: Pick<LoggedRow, 'id' | 'token'> | undefined;

  constructor(probe: FreshnessProbe, schema: string) {
    const outbox = quoted(outboxName(schema));
    this.#probe = probe;
    this.#lastSql = `SELECT id, token FROM main.${outbox} ORDER BY id DESC LIMIT 1`;
    this.#nextSql =
      `SELECT id, token, source, columns, before, after, stable FROM main.${outbox} ` +
      `WHERE id >= ? ORDER BY id LIMIT ${mostRows + 2}`;
  }

  /** Goes to the end without telling what is on the way. Throws where the log cannot be read now. */
  skip(): void {
    this.#last = undefined;
    const [row] = this.#probe.read(this.#lastSql, []);
    if (row) this.#last = { id: Number(row[0]), token: String(row[1]) };
  }

  /** What was logged since; undefined where that is not known, or too much. Throws where the log cannot be read now. */
  next(): readonly LoggedRow[] | undefined {
    const known = this.#last;
    if (!known) return undefined;
    const [first, ...rows] = this.#probe.read(this.#nextSql, [known.id]).map(toLoggedRow);
    if (first?.id !== known.id || first.token !== known.token || rows.length > mostRows) return undefined;
    this.#last = rows.at(-1) ?? known;
    return rows;
  }
}

function toLoggedRow([id, token, source, columns, before, after, stable]: readonly unknown[]): LoggedRow {
  return {
    id: Number(id),
    token: String(token),
    source: String(source),
    columns: String(columns),
    before: before as string | null, // the column's type
    after: after as string | null, // the column's type
    stable: stable !== 0,
  };
}
