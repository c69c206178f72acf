import { expect } from 'chai';
import fc from 'fast-check';
import { Column, Model, PrimaryKey, Table } from '../../../src/index.js';
import { changeDetector } from '../../../src/model/change-detector.js';
import { stateOf } from '../../../src/model/state-of.js';
import type { ColumnType } from '../../../src/schema/column-type.js';
import { schemaOf } from '../../../src/schema/schema-of.js';
import { bigintType } from '../../../src/schema/types/bigint.js';
import { binaryType } from '../../../src/schema/types/binary.js';
import { datetimeType } from '../../../src/schema/types/datetime.js';
import { floatType } from '../../../src/schema/types/float.js';

@Table('clean_checked')
class Checked extends Model {
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 20 }) declare title: string;
  @Column({ type: 'boolean' }) declare flag: boolean;
  @Column({ type: 'float' }) declare ratio: number;
  @Column({ type: 'bigint' }) declare size: bigint;
  @Column({ type: 'decimal', precision: 8, scale: 2 }) declare price: string;
  @Column({ type: 'datetime' }) declare at: Date;
  @Column({ type: 'date' }) declare day: string;
  @Column({ type: 'binary' }) declare bytes: Buffer;
  @Column({ type: 'json' }) declare meta: { readonly a: number };
  @Column({ type: 'array', of: 'integer' }) declare numbers: number[];
  @Column({ type: 'datetime', nullable: true }) declare never: Date | null;
}

const schema = schemaOf(Checked);
const values: Readonly<Record<string, unknown>> = {
  id: 1,
  title: 'one',
  flag: true,
  ratio: 0.1,
  size: 2n ** 60n,
  price: '1.50',
  at: new Date(1_663_379_914_948),
  day: '2022-09-17',
  bytes: Buffer.from('bytes'),
  meta: { a: 1 },
  numbers: [1, 2],
  never: null,
};
const row = schema.columns.map(({ property, type }) => {
  const value = values[property];
  return value === null ? null : type.encode(value);
});

function changedIn(change: Readonly<Record<string, unknown>>): string[] | undefined {
  const instance = Object.assign(schema.hydrate(row), change);
  return changeDetector(schema)(instance, row, stateOf(instance).late)?.map(({ property }) => property);
}

describe('the detector of unsaved changes', () => {
  it('tells an instance as it was read without encoding anything, whatever types its columns have', () => {
    expect(changedIn({})).to.equal(undefined);
    const same = { at: new Date(1_663_379_914_948), bytes: Buffer.from('bytes'), meta: { a: 1 } };
    expect(changedIn(same)).to.equal(undefined);
  });

  const changes: Readonly<Record<string, unknown>> = {
    title: 'two',
    flag: false,
    ratio: 0.2,
    size: 2n ** 60n + 1n,
    price: '1.51',
    at: new Date(1_663_379_914_949),
    day: '2022-09-18',
    bytes: Buffer.from('Bytes'),
    meta: { a: 2 },
    numbers: [2, 1],
    never: new Date(0),
  };
  for (const [property, value] of Object.entries(changes)) {
    it(`sees that '${property}' was changed`, () => expect(changedIn({ [property]: value })).to.deep.equal([property]));
  }

  it('names all that were changed, in the order of the columns', () => {
    expect(changedIn({ ...changes, id: 2 })).to.deep.equal(schema.columns.map(({ property }) => property));
  });

  const wrong = [undefined, null, 'text', NaN, 7, 7n, new Date(NaN), new Date(8.64e15), {}];
  const types: readonly (readonly [ColumnType, fc.Arbitrary<unknown>])[] = [
    [floatType, fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, -0, Infinity, 1))],
    [bigintType, fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-2n, 2n), fc.integer())],
    [
      datetimeType,
      fc.oneof(fc.date({ min: new Date(0), noInvalidDate: true, max: new Date(9) }), fc.constant(new Date(5))),
    ],
    [binaryType, fc.uint8Array({ maxLength: 2 })],
  ];
  for (const [type, valid] of types) {
    it(`holds a value for that of a ${type.name} cell only where encoding it gives the cell`, () => {
      fc.assert(
        fc.property(fc.oneof(valid, fc.constantFrom(...wrong)), valid, (value, stored) => {
          const cell = type.encode(stored);
          if (type.isValueOf?.(value, cell) === true) expect(type.encode(value)).to.equal(cell);
          expect(type.isValueOf?.(type.decode?.(cell), cell)).to.equal(true);
        }),
      );
    });
  }
});
