import type { Cell } from '../../../src/schema/cell.js';
import type { ColumnType, DialectName } from '../../../src/schema/column-type.js';
import { resolveColumnType, type ColumnTypeDeclaration } from '../../../src/schema/resolve-column-type.js';
import type { RawConnection } from './raw-connection.js';

export function titleOf(declaration: ColumnTypeDeclaration): string {
  const { name, signature } = typeOf(declaration);
  return name === 'array' || name === 'decimal' ? signature : name;
}

export function typeOf(declaration: ColumnTypeDeclaration): ColumnType {
  return resolveColumnType(declaration, undefined, 'Probe.value');
}

export const selectOf = (type: ColumnType, dialect: DialectName): string =>
  type.selectSql?.('"value"', dialect) ?? '"value"';
export const parameterOf = (dialect: DialectName, place: number): string => (dialect === 'sqlite' ? '?' : `$${place}`);

export async function createProbe(connection: RawConnection, sqlType: string): Promise<void> {
  await connection.run('drop table if exists probe');
  const temporary = connection.dialect === 'postgres' ? 'temporary ' : '';
  await connection.run(`create ${temporary}table probe (id integer, "value" ${sqlType})`);
}

/** Writes cells and reads them back, in order. */
export async function throughDatabase(
  connection: RawConnection,
  type: ColumnType,
  cells: readonly Cell[],
): Promise<Cell[]> {
  const { dialect } = connection;
  await connection.run('delete from probe');
  const insert = `insert into probe values (${parameterOf(dialect, 1)}, ${parameterOf(dialect, 2)})`;
  for (const [id, cell] of cells.entries()) {
    await connection.run(insert, [id, cell === null ? null : type.toDatabase(cell, dialect)]);
  }
  await connection.reopen();
  const rows = await connection.run(`select ${selectOf(type, dialect)} from probe order by id`);
  return rows.map(([raw]) => (raw === null ? null : type.fromDatabase(raw, dialect)));
}

export function decode(type: ColumnType, cell: Cell | undefined): unknown {
  return cell === null || cell === undefined || type.decode === undefined ? cell : type.decode(cell);
}
