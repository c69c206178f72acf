import type { Cell, Row } from '../schema/cell.js';
import type { LateValues } from './late-values.js';

/** What a relation of an instance has loaded, and for which key: a row, or rows as an array. */
export interface LoadedReference {
  readonly key: Cell;
  readonly value: Promise<object | null>;
}

/** What an instance knows of its row, apart from its properties. */
export class RecordState {
  /** The row as it was last read or written; undefined for one that was never stored. */
  row: Row | undefined;
  deleted = false;
  /** True while it certainly says what its row says, and whoever looks at a column would be noticed. */
  untouched = false;
  /** Resolves when the insert that is under way has ended, however it ended. */
  inserting: Promise<void> | undefined;
  /** Settles when the update that is under way outside of a transaction has ended. */
  updating: Promise<unknown> | undefined;
  loaded: Map<string, LoadedReference> | undefined;
  /** The values that are decoded when they are first read; undefined where all were at once. */
  readonly late: LateValues | undefined;

  constructor(row?: Row, late?: LateValues) {
    this.row = row;
    this.late = late;
  }
}
