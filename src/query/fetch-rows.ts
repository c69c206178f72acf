import type { DatabaseConnection } from '../database/database-connection.js';
import type { Statement } from '../database/statement.js';
import type { Row } from '../schema/cell.js';
import type { QueryState, ReadOperation } from '../schema/query-state.js';
import { observed } from './query-observer.js';
import { selectRows } from './select-sql.js';
import { tableSql } from './table-sql.js';

/** Reads the rows of a query, with whoever observes the connection around it. */
export function fetchRows(connection: DatabaseConnection, state: QueryState): Promise<readonly Row[]> {
  const dialect = connection.facts.name;
  const { toRow } = tableSql(state.model, dialect);
  const statement = selectRows(state, dialect);
  const shown = state.model.columns.map((column) => ({ path: [], column }));
  const query = { state, operation: 'fetch', shown, identity: () => identityOf('fetch', statement) } as const;
  return observed(connection, query, async () => (await connection.run(statement)).rows.map(toRow));
}

/** The same for the same question: the text and its parameters. */
export function identityOf(operation: ReadOperation, { text, parameters }: Statement): string {
  return `${operation} ${text} ${JSON.stringify(parameters, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}`;
}
