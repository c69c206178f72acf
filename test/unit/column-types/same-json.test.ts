import { expect } from 'chai';
import { jsonType } from '../../../src/schema/types/json.js';
import { isSameJson } from '../../../src/schema/types/same-json.js';
import { customType } from '../../../src/schema/types/custom.js';

/** What a column may hold, and the cell that is stored. */
const cell = '{"a":[1,{"b":null}],"c":"text","d":0}';
const holding = (change: (value: Record<string, unknown>) => void): unknown => {
  const value = JSON.parse(cell) as Record<string, unknown>;
  change(value);
  return value;
};

describe('whether a JSON value is still the stored one', () => {
  const same: readonly (readonly [string, unknown])[] = [
    ['as it was read', holding(() => undefined)],
    ['with its keys in another order', { d: 0, c: 'text', a: [1, { b: null }] }],
    ['with a property that is undefined', holding((value) => (value['e'] = undefined))],
    ['with -0 for 0, which JSON does not tell apart', holding((value) => (value['d'] = -0))],
    ['without a prototype', Object.assign(Object.create(null) as object, JSON.parse(cell))],
  ];
  for (const [what, value] of same) {
    it(`is told of one ${what}`, () => {
      expect(jsonType.encode(value)).to.equal(cell);
      expect(isSameJson(value, JSON.parse(cell))).to.equal(true);
    });
  }

  const cyclic = holding((value) => (value['a'] = value));
  const sparse = holding((value) => (value['a'] = Object.assign([1, 2], { length: 2 })));
  const different: readonly (readonly [string, unknown])[] = [
    ['a property that was changed', holding((value) => (value['c'] = 'other'))],
    ['a property more', holding((value) => (value['e'] = null))],
    ['a property less', holding((value) => delete value['d'])],
    ['an element more', holding((value) => (value['a'] as unknown[]).push(2))],
    ['an element that was changed', holding((value) => ((value['a'] as unknown[])[0] = 2))],
    ['an inner object that was changed', holding((value) => ((value['a'] as { b: unknown }[])[1]!.b = 0))],
    ['a list where an object was', holding((value) => ((value['a'] as unknown[])[1] = [null]))],
    ['an object where a list was', holding((value) => (value['a'] = { 0: 1, 1: { b: null } }))],
    ['NaN where null was', holding((value) => ((value['a'] as { b: unknown }[])[1]!.b = Number.NaN))],
    ['a Date', holding((value) => (value['c'] = new Date(0)))],
    ['a toJSON of its own', holding((value) => (value['toJSON'] = () => value))],
    ['a symbol', holding((value) => Reflect.set(value, Symbol('s'), 1))],
    ['itself in it', cyclic],
    ['another list', sparse],
    ['nothing', null],
    ['text', cell],
  ];
  for (const [what, value] of different) {
    it(`is denied of one with ${what}`, () => expect(isSameJson(value, JSON.parse(cell))).to.equal(false));
  }

  it('is denied of a list with a hole', () => {
    const holes: unknown[] = [];
    holes.length = 1;
    expect(isSameJson(holes, [null])).to.equal(false);
  });

  it('is not asked of a type that only stores JSON', () => {
    const upper = customType({ toDatabase: (value) => value, fromDatabase: (stored) => stored }, jsonType);
    expect(upper.isValueOf).to.equal(undefined);
  });
});
