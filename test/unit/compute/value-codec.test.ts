import { inspect, isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import {
  anything,
  array,
  assert,
  constant,
  oneof,
  property,
  string,
  uint8Array,
  webUrl,
  type Arbitrary,
} from 'fast-check';
import { registerCodec, UsageError } from '../../../src/index.js';
import { decodeValue, encodeValue } from '../../../src/compute/value-codec.js';
import { thrown } from '../../support/rejection.js';

class Money {
  readonly cents: bigint;
  readonly of: unknown;

  constructor(cents: bigint, of?: unknown) {
    this.cents = cents;
    this.of = of;
  }
}

registerCodec(Money, {
  name: 'test.money',
  encode: ({ cents, of }) => [cents, of] as const,
  decode: ([cents, of]) => new Money(cents, of),
});

/** What a reader in another process gets. */
/** Changes every part of a value. */
function ruin(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const inner of Object.values(value)) ruin(inner);
  for (const name of Object.keys(value)) Reflect.set(value, name, 'changed');
}

function stored(value: unknown): unknown {
  const payload: unknown = JSON.parse(JSON.stringify(encodeValue(value, 'W')));
  const decoded = decodeValue(payload);
  if (!decoded) expect.fail(`${JSON.stringify(payload)} cannot be decoded`);
  return decoded.value;
}

/**
 * Types, values, holes, signs and prototypes. NOTE: to isDeepStrictEqual of some versions of Node all URLs are the same,
 * and no invalid date is like another where it is a key.
 */
function isExactly(left: unknown, right: unknown): boolean {
  const options = { depth: Infinity, maxArrayLength: null, maxStringLength: null, breakLength: Infinity };
  const text = inspect(left, options);
  return text === inspect(right, options) && (text.includes('Invalid Date') || isDeepStrictEqual(left, right));
}

const structured = anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});

const special: Arbitrary<unknown> = oneof(
  structured,
  uint8Array().map((bytes) => Buffer.from(bytes)),
  uint8Array().map(({ buffer }) => buffer),
  uint8Array({ minLength: 4 }).map((bytes) => bytes.subarray(1, 3)),
  uint8Array().map(({ buffer }) => new DataView(buffer)),
  webUrl({ withQueryParameters: true, withFragments: true }).map((url) => new URL(url)),
  string({ unit: 'binary' }).map((text) => new URLSearchParams({ text })),
  string({ unit: 'binary' }).map((text) => `\ud800${text}\udc00`),
  string().map((text) => new RegExp(text.replace(/[^a-z]/g, '.'), 'gi')),
  constant(new Date(Number.NaN)),
);

const everything = oneof(
  special,
  array(special).map((list) => new Map(list.map((value, index) => [list[list.length - index - 1], value]))),
  array(special).map((list) => ({ list, set: new Set(list), money: new Money(5n, list) })),
);

describe('values as they are stored', () => {
  it('come back exactly, whatever they are made of', () => {
    assert(
      property(everything, (value) => {
        let came: unknown;
        try {
          came = stored(value);
        } catch (error) {
          if (!(error instanceof UsageError) || !error.message.includes('__proto__')) throw error;
          return;
        }
        expect(isExactly(came, value), `${inspect(value)} came back as ${inspect(came)}`).to.equal(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('come back exactly or are refused, whatever else they are made of', () => {
    const wild = anything({
      withBoxedValues: true,
      withBigInt: true,
      withMap: true,
      withSparseArray: true,
      withDate: true,
    });
    assert(
      property(wild, (value) => {
        let encoded: unknown;
        try {
          encoded = stored(value);
        } catch (error) {
          expect(error).to.be.instanceOf(UsageError);
          return;
        }
        expect(isExactly(encoded, value)).to.equal(true);
      }),
    );
  });

  it('keep what their parts share, and nothing else of the memory that bytes are in', () => {
    const part = { a: 1 };
    const came = stored([part, { part }, new Money(1n, part)]) as [object, { part: object }, Money];
    expect(came[1].part).to.equal(came[0]);
    expect(came[2].of).to.equal(came[0]);
    expect(JSON.stringify(encodeValue(Buffer.from('secret and public').subarray(11), 'W'))).to.have.lengthOf.below(60);
  });

  it('do not take long where parts are shared over and over', () => {
    let value: unknown = 'leaf';
    for (let level = 0; level < 100; level += 1) value = [value, value];
    let came = stored(value);
    for (let level = 0; level < 100; level += 1) {
      const [left, right] = came as [unknown, unknown];
      expect(left === right).to.equal(true);
      came = left;
    }
    expect(came).to.equal('leaf');
  });

  it('keep where a regular expression looks next', () => {
    const pattern = /a/g;
    pattern.test('aa');
    expect((stored({ pattern }) as { pattern: RegExp }).pattern.lastIndex).to.equal(1);
  });

  it('are shared in no part where their payload is', () => {
    const value = { a: { b: [{ c: 1 }, [2]] }, d: [[{ e: [] }]], n: null };
    const payload = encodeValue(structuredClone(value), 'W');
    const own = decodeValue(payload, true)?.value;
    expect(own).to.deep.equal(value);
    ruin(own);
    expect(decodeValue(payload, true)?.value).to.deep.equal(value);
    expect(decodeValue(payload)?.value, 'nobody else has it').to.equal(payload[1]);
  });

  it('may be nested deeply', () => {
    let value: unknown = [];
    for (let level = 0; level < 1_000; level += 1) value = [value];
    let came = stored(value);
    for (let level = 0; level < 1_000; level += 1) came = (came as unknown[])[0];
    expect(came).to.deep.equal([]);
    const message = 'W: the result cannot be cached: it is nested in more than 1000 levels. Return plain data.';
    thrown(() => encodeValue([[value]], 'W'), UsageError, message);
  });

  const circle: { a: { b: unknown[] } } = { a: { b: [] } };
  circle.a.b.push(1, circle.a);
  const whole = new Map<string, unknown>();
  whole.set('x', new Money(1n, [whole]));
  class Unknown {}
  class Sub extends Money {}
  const plainly = 'Return plain data';
  const codec = 'Return plain data, or say how one is stored: registerCodec(Class, { name, encode, decode })';

  for (const [value, reason] of [
    [circle, `it goes in a circle: at .a.b[1] there is .a again. ${plainly}`],
    [whole, `it goes in a circle: at .value(0)[1][0] there is the whole of it again. ${plainly}`],
    [() => 1, `there is a function. ${plainly}`],
    [{ 'a b': [{ f() {} }] }, `there is a function at ["a b"][0].f. ${plainly}`],
    [new Map([[Symbol('x'), 1]]), `there is a symbol at .key(0). ${plainly}`],
    [new Set([1, Symbol('x')]), `there is a symbol at .item(1). ${plainly}`],
    [{ a: [new Unknown()] }, `there is an instance of Unknown at .a[0]. ${codec}`],
    [new Sub(1n), `there is an instance of Sub. ${codec}`],
    [new (class extends Map {})(), `there is an instance of a class without a name. ${codec}`],
    [Object.assign(Object.create({ inherited: 1 }) as object, { a: 1 }), `there is an instance of Object. ${codec}`],
    [Object('boxed'), `there is an instance of String. ${codec}`],
    [Promise.resolve(1), `there is an instance of Promise. ${codec}`],
    [Object.assign([1], { extra: 1 }), `there is a list with properties. ${plainly}`],
    [[Object.assign(new Date(0), { extra: 1 })], `there is a Date with properties of its own at [0]. ${plainly}`],
    [{ [Symbol('x')]: 1 }, `there is an object with a symbol as the name of a property. ${plainly}`],
    [JSON.parse('{"__proto__":1}'), `there is an object with a property '__proto__'. ${plainly}`],
  ] as const) {
    it(`are refused: ${reason}`, () => {
      thrown(() => encodeValue(value, 'W'), UsageError, `W: the result cannot be cached: ${reason}.`);
    });
  }
});

describe('registerCodec', () => {
  class Own {}
  const codec = { name: 'test.own', encode: () => 1, decode: () => new Own() };

  it('computes a value anew that has an instance whose codec is not there, or throws', () => {
    const payload = ['devalue', '[["Instance",1],[2,3],"test.nobody",5]'];
    expect(decodeValue(payload)).to.equal(undefined);
    class Fragile {}
    registerCodec(Fragile, {
      name: 'test.fragile',
      encode: () => 1,
      decode: () => {
        throw new Error('old format');
      },
    });
    expect(decodeValue(encodeValue(new Fragile(), 'W'))).to.equal(undefined);
  });

  it('says whose encoding failed', () => {
    class Broken {}
    const encode = (): never => {
      throw new RangeError('no');
    };
    registerCodec(Broken, { name: 'test.broken', encode, decode: () => new Broken() });
    const message =
      "W: the result cannot be cached: the codec 'test.broken' threw RangeError at .a. Return plain data.";
    thrown(() => encodeValue({ a: new Broken() }, 'W'), UsageError, message);
  });

  it('refuses what it cannot tell apart', () => {
    registerCodec(Own, codec);
    const again = "registerCodec(Own): the class has a codec already, 'test.own'";
    thrown(() => registerCodec(Own, { ...codec, name: 'other' }), UsageError, again);
    class Other {}
    const taken = "registerCodec(Other): the name 'test.own' is that of Own; take another";
    thrown(() => registerCodec(Other, { ...codec, decode: () => new Other() }), UsageError, taken);
  });

  it('refuses what is no class or no codec', () => {
    const message =
      "registerCodec(Class, { name, encode, decode }) needs a class, a name such as 'money', and two functions";
    for (const [type, given] of [
      [{}, codec],
      [() => 1, codec],
      [class {}, { ...codec, name: '' }],
      [class {}, { ...codec, encode: undefined }],
      [class {}, undefined],
    ]) {
      thrown(() => registerCodec(type as typeof Own, given as typeof codec), UsageError, message);
    }
  });
});
