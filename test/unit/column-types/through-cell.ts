import { expect } from 'chai';
import { InvalidValue, type ColumnType } from '../../../src/schema/column-type.js';
import type { Cell } from '../../../src/schema/cell.js';

/** What comes back of a value after a cache has kept its cell as JSON. */
export function throughCell(type: ColumnType, value: unknown): unknown {
  const cell = JSON.parse(JSON.stringify(type.encode(value))) as Cell; // a cell is what JSON keeps
  return type.decode === undefined ? cell : type.decode(cell);
}

/** The message of the InvalidValue that `action` throws. */
export function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidValue);
    return (error as InvalidValue).message; // asserted above
  }
  return expect.fail('nothing was refused');
}
