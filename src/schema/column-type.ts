import type { Cell } from './cell.js';

/** The databases that are spoken. */
export type DialectName = 'sqlite' | 'postgres';

/** What a column type may be told by `@Column({ … })`. */
export interface ColumnTypeOptions {
  readonly maxLength?: number | undefined;
  readonly precision?: number | undefined;
  readonly scale?: number | undefined;
  readonly values?: readonly string[] | undefined;
  /** The type of an array's elements. */
  readonly of?: ColumnType | undefined;
}

/** Why a value cannot become a cell: text that follows the property's name in a ValidationError. */
export class InvalidValue extends Error {}

/**
 * How one kind of column is written, read and compared. `encode` and `decode` are exact inverses through the cell;
 * `toDatabase` and `fromDatabase` are exact inverses through the database.
 */
export interface ColumnType {
  /** The name people write in `@Column({ type })`. */
  readonly name: string;
  /** The SQL type that `createTables` declares. */
  sqlType(dialect: DialectName): string;
  /** Value of a property to cell; never called with null or undefined. Throws InvalidValue. */
  encode(value: unknown): Cell;
  /** Cell to a fresh value that nobody else holds; undefined where the cell is the value. Never called with null. */
  readonly decode: ((cell: Cell) => unknown) | undefined;
  /** True where decoding takes so long that it waits until somebody reads the property. */
  readonly isCostly?: boolean | undefined;
  /** True only where `encode` would give this cell: spares encoding what is costly to encode. Never called with null. */
  readonly isValueOf?: ((value: unknown, cell: Cell) => boolean) | undefined;
  /** Cell to a driver parameter. Never called with null. */
  toDatabase(cell: Cell, dialect: DialectName): unknown;
  /** What the driver read to cell; null where that means null (JSON's). Never called with null. Throws InvalidValue. */
  fromDatabase(raw: unknown, dialect: DialectName): Cell;
  /** The expression that reads the column exactly; undefined where the bare column does. `column` is quoted already. */
  selectSql?(column: string, dialect: DialectName): string | undefined;
  /** Wraps a column or a parameter where `<`, `>` and ORDER BY would compare it wrongly; undefined where they do not. */
  orderSql?(expression: string, dialect: DialectName): string | undefined;
  /** True where two values are equal in the database exactly if their cells are: only such columns carry condition stamps. */
  readonly canonicalEquality: boolean;
  /** What the model's fingerprint takes of this type: everything that changes the meaning of a cell. */
  readonly signature: string;
}
