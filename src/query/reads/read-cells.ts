import { UsageError } from '../../errors.js';
import type { DatabaseConnection } from '../../database/database-connection.js';
import { connectionNamed } from '../../database/connections.js';
import type { Row } from '../../schema/cell.js';
import type { DialectName } from '../../schema/column-type.js';
import type { ColumnPath, QueryState, ReadOperation } from '../../schema/query-state.js';
import { aggregateCell } from '../compile/aggregate-sql.js';
import { planRead } from '../compile/plan.js';
import type { Read } from '../compile/read.js';
import { isNever } from '../conditions/never.js';
import { ownColumns } from '../own-columns.js';
import { observed } from '../query-observer.js';
import { tableSql, toCell } from '../table-sql.js';

/** The connection that a query reads. Throws UsageError if it is not open. */
export function connectionOf({ model }: QueryState): DatabaseConnection {
  return connectionNamed(model.connection, model.label);
}

/** Makes a read, as rows of cells, before whoever observes the connection. What can have no rows is not asked for. */
export async function readCells(state: QueryState, read: Read, operation: ReadOperation): Promise<readonly Row[]> {
  const connection = connectionOf(state);
  assertLockable(connection, state);
  if (read.kind !== 'aggregate' && read.kind !== 'count' && isNever(state)) return [];
  const dialect = connection.facts.name;
  const { statement, identity } = planRead(state, read, dialect);
  const query = {
    state,
    operation,
    shown: shownBy(state, read),
    identity: () => `${operation} ${identity()}`,
  };
  return observed(connection, query, async () => {
    const { rows } = await connection.run(statement);
    return rows.map(converter(state, read, dialect));
  });
}

function shownBy({ model }: QueryState, read: Read): readonly ColumnPath[] {
  switch (read.kind) {
    case 'only':
      return ownColumns(model);
    case 'rows':
      return read.more.length === 0 ? ownColumns(model) : [...ownColumns(model), ...read.more];
    case 'columns':
      return read.columns;
    case 'aggregate':
      return [...read.groups, ...read.aggregates.flatMap(({ of }) => (of ? [of] : []))];
    case 'count':
    case 'exists':
      return [];
  }
}

function converter({ model }: QueryState, read: Read, dialect: DialectName): (raw: readonly unknown[]) => Row {
  switch (read.kind) {
    case 'only':
      return tableSql(model, dialect).toRow;
    case 'rows':
      if (read.more.length === 0) return tableSql(model, dialect).toRow;
      return converterOf([...model.columns, ...read.more.map(({ column }) => column)], dialect);
    case 'columns':
      return converterOf(
        read.columns.map(({ column }) => column),
        dialect,
      );
    case 'aggregate': {
      const { groups, aggregates } = read;
      return (raw) => [
        ...groups.map(({ column }, index) => toCell(column, raw[index], dialect)),
        ...aggregates.map((term, index) => aggregateCell(term, raw[groups.length + index], dialect)),
      ];
    }
    case 'count':
    case 'exists':
      return (raw) => raw.map(Number);
  }
}

function converterOf(
  columns: readonly Parameters<typeof toCell>[0][],
  dialect: DialectName,
): (raw: readonly unknown[]) => Row {
  return (raw) => columns.map((column, index) => toCell(column, raw[index], dialect));
}

function assertLockable(connection: DatabaseConnection, { lock, model }: QueryState): void {
  if (!lock || connection.currentTransaction()) return;
  throw new UsageError(
    `${model.label}: forUpdate() and forShare() lock rows until the end of a transaction; read them inside transaction()`,
  );
}
