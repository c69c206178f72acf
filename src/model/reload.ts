import { RecordNotFoundError, UsageError } from '../errors.js';
import { observed } from '../query/query-observer.js';
import { rowQuery } from '../query/row-query.js';
import { selectByCells } from '../query/select-sql.js';
import { primaryKeyOf } from '../schema/model-schema.js';
import { valueOf } from '../schema/values.js';
import { adoptRow, runStatement, writeTarget } from './write-target.js';

/** Reads an instance's row again; see `Model.reload`. */
export async function reloadRecord(instance: object): Promise<void> {
  const target = writeTarget(instance);
  const { schema, state, connection } = target;
  if (!state.row) {
    throw new UsageError(`${schema.label}: this instance was never stored, so there is nothing to reload`);
  }
  const key = primaryKeyOf(schema, state.row);
  const statement = selectByCells(schema, schema.primaryKey, [key], connection.facts.name);
  const [row] = await observed(connection, rowQuery(schema, key), () => runStatement(target, statement));
  if (!row) {
    throw new RecordNotFoundError(schema.label, `${schema.label}: the row is gone; it was deleted since it was read`);
  }
  const values = schema.columns.map(
    (column) => [column.property, valueOf(column, row[column.position] ?? null)] as const,
  );
  adoptRow(target, row, new Map(values));
}
