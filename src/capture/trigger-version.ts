import type { TableNeeds } from './table-needs.js';

/** Grows when the triggers record changes in another form than before. */
const format = 1;

/** What the triggers of a table record. It is kept as the comment of their function. */
export interface TriggerVersion {
  readonly format: number;
  /** The table's name with its schema, as recorded changes name it. */
  readonly source: string;
  /** The columns by which a row before and after an update is known to be the same. */
  readonly keys: readonly string[];
  /** The recorded columns with the expressions that read them. */
  readonly columns: Readonly<Record<string, string>>;
  /** The columns of which it is recorded whether one of them changed; undefined where that is not asked. */
  readonly stable?: readonly string[];
  /** The columns whose changes count as none there. */
  readonly volatile: readonly string[];
}

/** The version that serves all of these models. They are of one table, which they may write differently. */
export function versionFor(source: string, needs: readonly TableNeeds[]): TriggerVersion {
  const columns = new Map<string, string>();
  for (const [name, expression] of needs.flatMap((each) => [...each.columns])) {
    const known = columns.get(name);
    if (known === undefined || expression < known) columns.set(name, expression);
  }
  const stable = new Set(needs.flatMap((each) => [...each.stable]));
  const volatile = needs.flatMap((each) => [...each.volatile]).filter((name) => !stable.has(name));
  return {
    format,
    source,
    keys: sorted(new Set(needs.flatMap((each) => [...each.keys]))),
    columns: Object.fromEntries(sorted(columns.keys()).map((name) => [name, columns.get(name) ?? ''])),
    ...(volatile.length > 0 ? { stable: sorted(stable) } : {}),
    volatile: sorted(new Set(volatile)),
  };
}

/** The text of a version; the same for equal ones. */
export function versionText(version: TriggerVersion): string {
  const { source, keys, columns, stable, volatile } = version;
  return JSON.stringify({ format: version.format, source, keys, columns, stable, volatile });
}

/** The version in a comment; undefined where it is none. */
export function parseVersion(comment: string | null): TriggerVersion | undefined {
  try {
    const version: unknown = JSON.parse(comment ?? '');
    return isVersion(version) ? version : undefined;
  } catch {
    return undefined;
  }
}

function isVersion(value: unknown): value is TriggerVersion {
  if (typeof value !== 'object' || value === null) return false;
  return 'format' in value && 'source' in value && 'columns' in value && 'volatile' in value;
}

/** Why triggers of this version do not serve the models of a table; undefined where they do. */
export function lackOf(version: TriggerVersion | undefined, source: string, needs: TableNeeds): string | undefined {
  if (version?.format !== format) return 'the triggers were made by another version of moneyclip';
  if (version.source !== source) return `the triggers were made when the table was ${version.source}`;
  for (const [name, expression] of needs.columns) {
    if (version.columns[name] !== expression) return `the triggers do not record the column '${name}'`;
  }
  // NOTE: a column that no model here declares may be volatile for others: nothing here reads it
  const ignored = version.volatile.find((name) => needs.stable.has(name));
  if (ignored !== undefined) return `the triggers take the column '${ignored}' for volatile`;
  const { stable } = version;
  if (!stable || needs.volatile.size === 0) return undefined;
  const unseen = [...needs.stable].find((name) => !stable.includes(name));
  return unseen === undefined ? undefined : `the triggers do not look at the column '${unseen}'`;
}

function sorted(names: Iterable<string>): string[] {
  return [...names].toSorted();
}
