import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../src/errors.js';
import type { ColumnType } from '../../../src/schema/column-type.js';
import { arrayType } from '../../../src/schema/types/array.js';
import { bigintType } from '../../../src/schema/types/bigint.js';
import { booleanType } from '../../../src/schema/types/boolean.js';
import { dateType } from '../../../src/schema/types/date.js';
import { datetimeType } from '../../../src/schema/types/datetime.js';
import { decimalType } from '../../../src/schema/types/decimal.js';
import { floatType } from '../../../src/schema/types/float.js';
import { integerType } from '../../../src/schema/types/integer.js';
import { jsonType } from '../../../src/schema/types/json.js';
import { stringType } from '../../../src/schema/types/string.js';
import { refusalOf, throughCell } from './through-cell.js';

const of = (element: ColumnType): ColumnType => arrayType({ of: element }, 'Page.list');
const texts = of(stringType({}, 'Page.list'));

const kinds: [ColumnType, fc.Arbitrary<unknown>][] = [
  [integerType, fc.integer()],
  [bigintType, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  [floatType, fc.double({ noNaN: true }).map((value) => value + 0)],
  [booleanType, fc.boolean()],
  [stringType({}, 'x'), fc.string()],
  [datetimeType, fc.date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })],
];

describe('array columns', () => {
  for (const [element, values] of kinds) {
    it(`keep every list of ${element.name} elements, nulls included`, () => {
      const list = fc.array(fc.option(values)).filter((items) => !items.some((item) => String(item).includes('\0')));
      fc.assert(
        fc.property(list, (items) => {
          const type = of(element);
          expect(throughCell(type, items)).to.deep.equal(items);
          expect(type.fromDatabase(type.toDatabase(type.encode(items), 'sqlite'), 'sqlite')).to.equal(
            type.encode(items),
          );
        }),
      );
    });
  }

  it('give a fresh list each time', () => {
    const cell = texts.encode(['a']);
    expect(texts.decode?.(cell)).not.to.equal(texts.decode?.(cell));
  });

  it('refuse what is no list, and elements that their type refuses, by their place', () => {
    expect(refusalOf(() => texts.encode('a'))).to.equal('expects an array, got text');
    expect(refusalOf(() => texts.encode(new Set(['a'])))).to.equal('expects an array, got an instance of Set');
    expect(refusalOf(() => texts.encode(['a', 1]))).to.equal('at [1] expects text, got a number');
    expect(refusalOf(() => texts.encode(['a', undefined]))).to.equal('at [1] is undefined; write null');
    // eslint-disable-next-line no-sparse-arrays
    expect(refusalOf(() => texts.encode([, 'a']))).to.equal('at [0] is undefined; write null');
    expect(refusalOf(() => texts.encode([['a']]))).to.equal('at [0] expects text, got an array');
  });

  it('go to PostgreSQL in its own text form, and to SQLite as JSON', () => {
    const cell = texts.encode(['a"b', 'c\\d', null, '', 'NULL', '{x,y}']);
    expect(texts.toDatabase(cell, 'postgres')).to.equal(String.raw`{"a\"b","c\\d",NULL,"","NULL","{x,y}"}`);
    expect(texts.toDatabase(cell, 'sqlite')).to.equal(cell);
    expect(of(booleanType).toDatabase('[true,false]', 'postgres')).to.equal('{"true","false"}');
    expect(texts.toDatabase('[]', 'postgres')).to.equal('{}');
  });

  it('are read as JSON of texts, one by one where the text of all at once would depend on the session', () => {
    expect(of(bigintType).selectSql?.('"l"', 'postgres')).to.equal('array_to_json("l"::text[])::text');
    expect(of(dateType).selectSql?.('"l"', 'postgres')).to.equal(
      'case array_ndims("l") when 1 then array_to_json(array(select to_json(item.value)::text ' +
        'from unnest("l") with ordinality as item(value, place) order by item.place)) else array_to_json("l") end::text',
    );
    expect(of(dateType).selectSql?.('"l"', 'sqlite')).to.equal(undefined);
    expect(of(integerType).fromDatabase('["1",null,"2"]', 'postgres')).to.equal('[1,null,2]');
  });

  it('say what the database gave instead of a list of one dimension', () => {
    const message = (got: string): string =>
      `cannot be read as array: expected a JSON array, the database gave ${got}; ` +
      'declare the type that the column really has';
    expect(refusalOf(() => texts.fromDatabase('{a}', 'postgres'))).to.equal(message('text'));
    expect(refusalOf(() => texts.fromDatabase('{"a":1}', 'sqlite'))).to.equal(message('text'));
    expect(refusalOf(() => texts.fromDatabase(['a'], 'postgres'))).to.equal(message('an array'));
    expect(refusalOf(() => texts.fromDatabase('[["a"]]', 'postgres'))).to.equal(
      'cannot be read as string: expected text, the database gave an array; declare the type that the column really has',
    );
  });

  it('refuse bigints of other programs that JSON.parse has rounded', () => {
    expect(refusalOf(() => of(bigintType).fromDatabase('[9007199254740993]', 'sqlite'))).to.equal(
      'cannot be read as bigint: expected a whole number, the database gave a number; ' +
        'declare the type that the column really has',
    );
  });

  it('are declared with their elements, and carry no condition stamps', () => {
    const money = of(decimalType({ precision: 8, scale: 2 }, 'x'));
    expect([money.sqlType('sqlite'), money.sqlType('postgres')]).to.deep.equal(['text', 'numeric(8,2)[]']);
    expect([money.canonicalEquality, money.signature]).to.deep.equal([false, 'array:decimal:2']);
  });

  it('refuse no element type, and ones that they cannot hold', () => {
    expect(() => arrayType({}, 'Page.list')).to.throw(
      UsageError,
      "Page.list: an array needs the type of its elements. Write for example type: 'array', of: 'integer'.",
    );
    expect(() => of(jsonType)).to.throw(
      UsageError,
      "Page.list: an array cannot hold elements of type 'json'. Write type: 'json', or of: one of " +
        'integer, bigint, float, decimal, boolean, string, text, uuid, enum, time, date, datetime.',
    );
  });
});
