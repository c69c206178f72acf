import type { TableNeeds } from '../table-needs.js';
import { lackOf, versionFor, versionText, type TriggerVersion } from '../trigger-version.js';
import type { LoggedTable } from './logged-tables.js';

/** A column of a unique key. */
export interface UniqueColumn {
  readonly name: string;
  readonly collation: string;
  /** SQL of what REPLACE writes in place of null, where the column takes none. */
  readonly instead?: string;
}

/** What the triggers of a SQLite table record. It is kept as a comment in one of them. */
export interface LogVersion extends TriggerVersion {
  /** The keys by which REPLACE finds the rows that it deletes; null where that cannot be said of one of them. */
  readonly unique: readonly (readonly UniqueColumn[])[] | null;
}

/** The version that serves all of these models, and whoever the triggers that are there were made for. */
export function logVersionFor(table: LoggedTable, needs: readonly TableNeeds[]): LogVersion {
  const version = { ...versionFor(table.name, needs), unique: table.unique };
  const { installed } = table;
  if (installed?.source !== table.name || installed.format !== version.format) return version;
  const kept = Object.entries(installed.columns).filter(([name]) => table.columns.includes(name));
  const columns = { ...Object.fromEntries(kept), ...version.columns };
  const names = Object.keys(columns).toSorted();
  return { ...version, columns: Object.fromEntries(names.map((name) => [name, columns[name] ?? ''])) };
}

export function logVersionText(version: LogVersion): string {
  // NOTE: a slash could end the comment that it is written into
  return JSON.stringify({ ...(JSON.parse(versionText(version)) as object), unique: version.unique }).replaceAll(
    '/',
    String.raw`\/`,
  );
}

/** The version in a trigger's text; undefined where there is none. */
export function parseLogVersion(sql: string | undefined): LogVersion | undefined {
  try {
    const version: unknown = JSON.parse(/\/\* moneyclip (\{.*?\}) \*\//s.exec(sql ?? '')?.[1] ?? '');
    const isVersion = typeof version === 'object' && version !== null && 'columns' in version && 'unique' in version;
    return isVersion ? (version as LogVersion) : undefined; // written by logVersionText
  } catch {
    return undefined;
  }
}

/** Why triggers of a version do not serve the models of a table; undefined where they do. */
export function lackOfLog(version: LogVersion, table: LoggedTable, needs: TableNeeds): string | undefined {
  if (JSON.stringify(version.unique) !== JSON.stringify(table.unique)) {
    return 'the triggers were made for other unique keys than it has';
  }
  return lackOf(version, table.name, needs);
}
