import { UsageError } from '../errors.js';
import { quoteName } from '../query/sql-writer.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { DialectName } from '../schema/column-type.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { allModels } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';

/** What the models of one table need to know of a changed row. */
export interface TableNeeds {
  /** The table as the models write it, with its schema or without. */
  readonly table: string;
  readonly models: readonly ModelSchema[];
  /** The names of the columns that tell a row from every other one. */
  readonly keys: ReadonlySet<string>;
  /** Key and condition columns by their names, with the expression that reads each exactly, as text. */
  readonly columns: ReadonlyMap<string, string>;
  /** Columns that every model calls volatile. */
  readonly volatile: ReadonlySet<string>;
  /** All other columns. */
  readonly stable: ReadonlySet<string>;
}

/** The needs of every declared model on a connection, one for each table. */
export function declaredNeeds(connection: string, dialect: DialectName = 'postgres'): TableNeeds[] {
  return needsOf(
    allModels().flatMap((model) => schemaOn(connection, model)),
    dialect,
  );
}

/** The needs of some models, one for each table, in the order of the tables' names. */
export function needsOf(models: readonly ModelSchema[], dialect: DialectName = 'postgres'): TableNeeds[] {
  const byTable = new Map<string, ModelSchema[]>();
  for (const model of models) byTable.set(model.table, [...(byTable.get(model.table) ?? []), model]);
  return [...byTable].toSorted(([left], [right]) => (left < right ? -1 : 1)).map((each) => toNeeds(each, dialect));
}

function schemaOn(connection: string, model: ModelClassLike): ModelSchema[] {
  try {
    const schema = schemaOf(model);
    return schema.connection === connection ? [schema] : [];
  } catch {
    return []; // NOTE: a model that is declared wrongly says so on its own first use; nothing is cached of it yet
  }
}

function toNeeds([table, models]: [string, ModelSchema[]], dialect: DialectName): TableNeeds {
  const all = models.flatMap((model) => model.columns);
  const stable = new Set(all.filter((column) => !column.volatile).map(({ name }) => name));
  const columns = new Map<string, string>();
  for (const column of all) {
    if (!column.primaryKey && !column.condition) continue;
    const known = columns.get(column.name);
    const expression = textOf(column, dialect);
    // NOTE: models that read a column differently must choose alike in every process, whatever was declared first
    if (known === undefined || expression < known) columns.set(column.name, expression);
  }
  const volatile = new Set(all.map(({ name }) => name).filter((name) => !stable.has(name)));
  const keys = new Set(models.flatMap(keyColumns).map(({ name }) => name));
  return { table, models, keys, columns, volatile, stable };
}

function keyColumns({ isPairs, columns, primaryKey }: ModelSchema): readonly ColumnSchema[] {
  return isPairs ? columns : [primaryKey];
}

/** Reads a column as text that its type makes the same cell of as of what the library's own statements read; on SQLite as it is. */
function textOf({ name, type }: ColumnSchema, dialect: DialectName): string {
  const quoted = quoteName(name);
  const read = type.selectSql?.(quoted, dialect) ?? quoted;
  return dialect === 'postgres' ? `(${read})::text` : read;
}

/** Throws UsageError where a table lacks a column that a model needs to be told of. */
export function assertColumns(
  { name, columns }: { readonly name: string; readonly columns: readonly string[] },
  needs: readonly TableNeeds[],
): void {
  for (const { models, columns: needed } of needs) {
    const missing = [...needed.keys()].find((column) => !columns.includes(column));
    if (missing === undefined) continue;
    const model = models.find((each) => each.columns.some((column) => column.name === missing));
    throw new UsageError(
      `migrate: the table ${name} has no column '${missing}', which ${model?.label ?? 'a model'} declares. ` +
        `Change the table first, then run this.`,
    );
  }
}
