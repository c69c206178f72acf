import type { Cell } from '../cell.js';
import type { ColumnType } from '../column-type.js';
import { InvalidValue } from '../column-type.js';

/** The two functions that make a type of the user's own out of another one. */
export interface CustomConversion {
  /** What is stored for a property's value. Never called with null or undefined. Must not depend on anything else. */
  toDatabase(value: unknown): unknown;
  /** The property's value for what is stored; must be a new one each time. Never called with null. */
  fromDatabase(stored: unknown): unknown;
  /** To be changed when `toDatabase` begins to store something else, so that cached rows are not read by the new one. */
  readonly version?: string | number | undefined;
}

/** A type of the user's own: its values are converted, and stored, read and compared as `base` does. */
export function customType(conversion: CustomConversion, base: ColumnType): ColumnType {
  return {
    ...base,
    name: 'custom',
    signature: `custom:${conversion.version ?? ''}:${base.signature}`,
    encode: (value) => encodeStored(conversion.toDatabase(value), base),
    isValueOf: undefined, // it knows the values of the other type only
    decode: (cell) => conversion.fromDatabase(base.decode === undefined ? cell : base.decode(cell)),
  };
}

function encodeStored(stored: unknown, base: ColumnType): Cell {
  const hint = `storedAs is '${base.name}', and storedAs can name another type`;
  if (stored === null || stored === undefined) {
    throw new InvalidValue(`is refused: its toDatabase gave ${stored}; give what to store (${hint})`);
  }
  try {
    return base.encode(stored);
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error;
    throw new InvalidValue(`is refused: what its toDatabase gave ${error.message} (${hint})`);
  }
}
