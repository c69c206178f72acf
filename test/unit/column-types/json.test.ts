import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { jsonType as type } from '../../../src/schema/types/json.js';
import { refusalOf, throughCell } from './through-cell.js';

const anyJson = fc.jsonValue({ stringUnit: 'binary' }).filter((value) => value !== null && isStorable(value));

describe('json columns', () => {
  it('keep every JSON value', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(throughCell(type, value)).to.deep.equal(normal(value));
      }),
    );
  });

  it('are read alike each time, whatever was read before', () => {
    const texts = ['{"b": 1, "a": 2}', 'null', '"x"', `{"b": "${'x'.repeat(300)}", "a": 2}`];
    const cells = ['{"a":2,"b":1}', null, '"x"', `{"a":2,"b":"${'x'.repeat(300)}"}`];
    for (let turn = 0; turn < 3; turn += 1) {
      expect(texts.map((text) => type.fromDatabase(text, 'postgres'))).to.deep.equal(cells);
      expect(() => type.fromDatabase('{', 'postgres')).to.throw();
    }
  });

  it('give equal values one text, whatever the order of keys and the spaces', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const cell = type.encode(value);
        expect(type.encode(reversed(value))).to.equal(cell);
        expect(type.fromDatabase(JSON.stringify(reversed(value), undefined, 2), 'postgres')).to.equal(cell);
        expect(type.fromDatabase(cell, 'sqlite')).to.equal(cell);
      }),
    );
    expect(type.encode({ b: 1, a: { d: [{ f: 1, e: 2 }], c: 3 } })).to.equal('{"a":{"c":3,"d":[{"e":2,"f":1}]},"b":1}');
    expect(type.encode({ b: 1, 10: 2, 9: 3 })).to.equal('{"9":3,"10":2,"b":1}');
  });

  it('give a fresh value each time', () => {
    const cell = type.encode({ list: [1] });
    expect(type.decode?.(cell)).to.deep.equal({ list: [1] });
    expect(type.decode?.(cell)).not.to.equal(type.decode?.(cell));
  });

  it('leave out undefined properties and turn -0 into 0', () => {
    expect(type.encode({ a: undefined, b: null })).to.equal('{"b":null}');
    expect(type.encode([-0])).to.equal('[0]');
    expect(type.encode(1e21)).to.equal('1e+21');
  });

  it('keep a key __proto__ as a key', () => {
    const value: unknown = JSON.parse('{"z":1,"__proto__":{"admin":true}}');
    expect(type.encode(value)).to.equal('{"__proto__":{"admin":true},"z":1}');
    expect(type.fromDatabase('{"z":1,"__proto__":{"admin":true}}', 'sqlite')).to.equal(
      '{"__proto__":{"admin":true},"z":1}',
    );
    const back = throughCell(type, value) as object;
    expect(Object.keys(back)).to.deep.equal(['__proto__', 'z']);
    expect('admin' in back).to.equal(false);
  });

  it('take objects without a prototype and objects of another realm', () => {
    expect(type.encode(Object.assign(Object.create(null) as object, { a: 1 }))).to.equal('{"a":1}');
    expect(type.encode(runInNewContext('({ a: [1] })'))).to.equal('{"a":[1]}');
  });

  it('take the same object twice, which is no cycle', () => {
    const shared = { a: 1 };
    expect(type.encode([shared, shared])).to.equal('[{"a":1},{"a":1}]');
  });

  it('refuse what JSON would change or lose, and name the place', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['self'] = { again: cyclic };
    const refusals: [unknown, string][] = [
      [{ tags: [1, 2, new Date(0)] }, 'at .tags[2] is a Date; write toISOString()'],
      [new Date(0), 'is a Date; write toISOString()'],
      [{ a: new Map() }, 'at .a is an instance of Map; write Object.fromEntries(map)'],
      [{ a: new Set() }, 'at .a is an instance of Set; write [...set]'],
      [[1n], 'at [0] is a bigint; write it as text'],
      [{ 'a b': NaN }, 'at ["a b"] is NaN; write null'],
      [{ a: [Infinity] }, 'at .a[0] is Infinity; write null'],
      [{ a: () => 1 }, 'at .a is a function, which JSON has not'],
      [{ toJSON: () => 1 }, 'at .toJSON is a function, which JSON has not'],
      [[Symbol('x')], 'at [0] is a symbol, which JSON has not'],
      [[1, undefined], 'at [1] is undefined; write null'],
      // eslint-disable-next-line no-sparse-arrays
      [[1, , 3], 'at [1] is undefined; write null'],
      [new URL('http://localhost'), `is an instance of URL; ${plainAdvice}`],
      [[Object(1)], `at [0] is an instance of Number; ${plainAdvice}`],
      [Buffer.of(1), `is a Buffer; ${plainAdvice}`],
      [[Promise.resolve()], `at [0] is a Promise (await it first); ${plainAdvice}`],
      [cyclic, 'at .self.again is an object that contains itself'],
      [{ a: 'x\0' }, 'at .a contains a NUL character, which PostgreSQL cannot store; remove it'],
      [{ ['k\0']: 1 }, 'at ["k\\u0000"] contains a NUL character, which PostgreSQL cannot store; remove it'],
      [
        ['\ud83d'],
        'at [0] contains half of a surrogate pair, which has no UTF-8 form; make it well formed with toWellFormed()',
      ],
      [{ a: { [Symbol('x')]: 1 } }, 'at .a has a property whose key is a symbol; use a text'],
    ];
    for (const [value, message] of refusals) expect(refusalOf(() => type.encode(value))).to.equal(message);
  });

  it('take 500 levels and refuse more', () => {
    const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));
    expect(type.encode(nested(500))).to.have.lengthOf(1000);
    expect(refusalOf(() => type.encode(nested(501)))).to.match(/^at (\[0\]){500} is nested deeper than 500 levels$/);
  });

  it("read a JSON null at the top as SQL's null", () => {
    expect(type.fromDatabase('null', 'postgres')).to.equal(null);
    expect(type.fromDatabase(null, 'postgres')).to.equal(null);
  });

  it('read what a driver has parsed already', () => {
    expect(type.fromDatabase({ b: [1], a: 2 }, 'postgres')).to.equal('{"a":2,"b":[1]}');
  });

  it('say what the database gave instead of JSON', () => {
    for (const raw of ['{', 'x', '']) {
      expect(refusalOf(() => type.fromDatabase(raw, 'sqlite'))).to.equal(
        `cannot be read as json: expected JSON, the database gave ${raw === '' ? 'empty text' : 'text'}; ` +
          'declare the type that the column really has',
      );
    }
  });

  it('are declared as jsonb, and carry no condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['text', 'jsonb']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([false, 'json']);
  });
});

const plainAdvice = 'write a plain object, an array, text, a number, a boolean or null';

function isStorable(value: unknown): boolean {
  const text = JSON.stringify(value);
  return !text.includes('\\u0000') && !/\\ud[89a-f]/.test(text);
}

/** What JSON makes of a value: -0 becomes 0. */
function normal(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** The same value with the keys of every object the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, reversed(inner)]),
  );
}
