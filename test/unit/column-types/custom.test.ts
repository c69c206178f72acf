import { expect } from 'chai';
import { bigintType } from '../../../src/schema/types/bigint.js';
import { customType } from '../../../src/schema/types/custom.js';
import { decimalType } from '../../../src/schema/types/decimal.js';
import { textType } from '../../../src/schema/types/string.js';
import { refusalOf, throughCell } from './through-cell.js';

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const text = textType({}, 'Place.at');
const point = customType(
  {
    toDatabase: (value: Point) => `${value.x},${value.y}`,
    fromDatabase: (stored: string) => new Point(...(stored.split(',').map(Number) as [number, number])),
  },
  text,
);

describe('custom column types', () => {
  it('convert on the way in and out, and give a fresh value each time', () => {
    expect(throughCell(point, new Point(1, 2))).to.deep.equal(new Point(1, 2));
    expect(point.decode?.('1,2')).not.to.equal(point.decode?.('1,2'));
  });

  it('convert values, not cells, of the type they are stored as', () => {
    const seconds = customType(
      { toDatabase: (value: number) => BigInt(value), fromDatabase: (stored: bigint) => Number(stored * 1n) },
      bigintType,
    );
    expect(seconds.encode(7)).to.equal('7');
    expect(throughCell(seconds, 7)).to.equal(7);
  });

  it('are stored, read, compared and ordered as that type', () => {
    const money = decimalType({ precision: 8, scale: 2 }, 'x');
    const type = customType({ toDatabase: String, fromDatabase: Number }, money);
    const own = ['name', 'signature', 'encode', 'decode'];
    const taken = Object.entries(money).filter(([member]) => !own.includes(member));
    expect(taken.map(([member]) => member)).to.include.members([
      'sqlType',
      'toDatabase',
      'selectSql',
      'canonicalEquality',
    ]);
    expect(type).to.include(Object.fromEntries(taken));
    expect(point.canonicalEquality).to.equal(true);
  });

  it('name storedAs where toDatabase gives what it does not take', () => {
    const wrong = (stored: unknown): string =>
      refusalOf(() => customType({ toDatabase: () => stored, fromDatabase: String }, text).encode('x'));
    const hint = "(storedAs is 'text', and storedAs can name another type)";
    expect(wrong(7)).to.equal(`is refused: what its toDatabase gave expects text, got a number ${hint}`);
    expect(wrong(undefined)).to.equal(`is refused: its toDatabase gave undefined; give what to store ${hint}`);
    expect(wrong(null)).to.equal(`is refused: its toDatabase gave null; give what to store ${hint}`);
  });

  it("let the user's own errors through", () => {
    const failing = customType(
      {
        toDatabase: () => {
          throw new RangeError('mine');
        },
        fromDatabase: String,
      },
      text,
    );
    expect(() => failing.encode('x')).to.throw(RangeError, 'mine');
  });

  it('have a signature of their own, with the version', () => {
    expect(point.signature).to.equal('custom::text');
    expect(customType({ toDatabase: String, fromDatabase: String, version: 2 }, text).signature).to.equal(
      'custom:2:text',
    );
  });
});
