import { DatabaseError } from '../errors.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { quoteName } from './sql-writer.js';

/*
 * PostgreSQL takes the type of a parameter from its place. In a list of rows that a statement joins there is no such
 * place, so the types that the table's columns really have are asked for, once for each table.
 */

const known = new WeakMap<DatabaseConnection, Map<string, Promise<ReadonlyMap<string, string>>>>();

const typesSql = `
  SELECT a.attname, quote_ident(n.nspname) || '.' || quote_ident(t.typname)
  FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid JOIN pg_namespace AS n ON n.oid = t.typnamespace
  WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;

/** The types of a model's columns in PostgreSQL, without lengths, by their names in the database. */
export async function columnSqlTypes(
  connection: DatabaseConnection,
  { table }: ModelSchema,
): Promise<ReadonlyMap<string, string>> {
  const tables = known.get(connection) ?? new Map<string, Promise<ReadonlyMap<string, string>>>();
  known.set(connection, tables);
  const types = tables.get(table) ?? read(connection, table);
  tables.set(table, types);
  try {
    const found = await types;
    if (found.size === 0) tables.delete(table);
    return found;
  } catch (error) {
    tables.delete(table);
    throw error;
  }
}

async function read(connection: DatabaseConnection, table: string): Promise<ReadonlyMap<string, string>> {
  const { rows } = await connection.run({ text: typesSql, parameters: [quoteName(table)], prepare: true });
  return new Map(rows.map(([name, type]) => [String(name), String(type)]));
}

/** Of one column. Throws DatabaseError where the table has none of this name. */
export function sqlTypeOf(types: ReadonlyMap<string, string>, model: ModelSchema, { name }: ColumnSchema): string {
  const type = types.get(name);
  if (type === undefined) throw new DatabaseError(`${model.label}: the table ${model.table} has no column '${name}'.`);
  return type;
}
