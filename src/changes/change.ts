import type { Cell, Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';

/** A row that was inserted (`before` missing), updated, or deleted (`after` missing). The values come from the database. */
export interface RowChange {
  readonly kind: 'row';
  readonly model: ModelSchema;
  readonly before: Row | undefined;
  readonly after: Row | undefined;
  /** Whether a column changed that is not volatile, where the rows hold keys and conditions alone; else they tell. */
  readonly stable?: boolean | undefined;
  /** True where the models of other processes are concerned too, which may call columns volatile that this one does not. */
  readonly forAll?: boolean | undefined;
}

/** Rows of a table changed, and it is not known or too many to say which. */
export interface TableChange {
  readonly kind: 'table';
  readonly model: ModelSchema;
}

/** Rows with known keys changed, by SQL that is not the library's: which values they had or have is not known. */
export interface KeysChange {
  readonly kind: 'keys';
  readonly model: ModelSchema;
  readonly keys: readonly Cell[];
}

/** Something that is named directly depends on what was written. */
export interface DependencyChange {
  readonly kind: 'dependencies';
  readonly dependencies: readonly string[];
}

/** Nothing that was read before is to be used any more. */
export interface TotalChange {
  readonly kind: 'everything';
}

/** What one write did. */
export type Change = RowChange | TableChange | KeysChange | DependencyChange | TotalChange;
