import { expect } from 'chai';
import { anything, array, assert, oneof, property, tuple, uint8Array, webUrl, type Arbitrary } from 'fast-check';
import { registerCodec, UsageError } from '../../../src/index.js';
import { canonical } from '../../../src/compute/canonical.js';
import { thrown } from '../../support/rejection.js';

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}
registerCodec(Point, { name: 'test.point', encode: ({ x }) => x, decode: (x) => new Point(x) });

const keys: Arbitrary<unknown> = oneof(
  anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
  }),
  uint8Array().map((bytes) => Buffer.from(bytes)),
  webUrl().map((url) => new URL(url)),
  array(anything()).map((list) => new Map(list.map((value, index) => [index, value]))),
);

/** The same value written in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (value instanceof Map) return new Map([...value].reverse().map(([key, item]) => [shuffled(key), shuffled(item)]));
  if (value instanceof Set) return new Set([...value].reverse().map(shuffled));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([name, item]) => [name, shuffled(item)]));
}

/** Whether two arguments are the same to the function that gets them; the order of a Map, a Set, an object is not looked at. */
function same(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  const kind = kindOf(left);
  if (kind !== kindOf(right)) return false;
  if (left instanceof Date || left instanceof URL) return left.toJSON() === (right as Date | URL).toJSON();
  if (Array.isArray(left) && left.length !== (right as unknown[]).length) return false;
  return sameParts(partsOf(left), partsOf(right));
}

function kindOf(value: object): string {
  return Buffer.isBuffer(value) ? 'Buffer' : Object.prototype.toString.call(value);
}

function partsOf(value: object): unknown[] {
  return value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : Object.entries(value);
}

function sameParts(left: readonly unknown[], right: readonly unknown[]): boolean {
  const rest = [...right];
  return (
    left.length === right.length &&
    left.every((part) => {
      const place = rest.findIndex((other) =>
        Array.isArray(part) && Array.isArray(other) && part.length === 2 && other.length === 2
          ? same(part[0], other[0]) && same(part[1], other[1])
          : same(part, other),
      );
      if (place >= 0) rest.splice(place, 1);
      return place >= 0;
    })
  );
}

const holes = (length: number): unknown[] => Object.assign([], { length });

function textOf(value: unknown): string | undefined {
  try {
    return canonical(value, 'W');
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

describe('the text of arguments', () => {
  it('is one for equal arguments, in whatever order they are written', () => {
    assert(
      property(keys, (value) => {
        expect(textOf(shuffled(value))).to.equal(textOf(value));
      }),
      { numRuns: 500 },
    );
  });

  it('is another one for each other argument', () => {
    assert(
      property(tuple(keys, keys), ([left, right]) => {
        const [one, other] = [textOf(left), textOf(right)];
        if (one !== undefined && other !== undefined) expect(one === other).to.equal(same(left, right));
      }),
      { numRuns: 2_000 },
    );
  });

  it('tells apart what looks alike', () => {
    const alike: readonly unknown[] = [
      ...[null, undefined, 'null', 'undefined', 0, '0', 0n, false, 'false', [], {}, [[]], [null], [undefined], ['']],
      ...[holes(1), holes(2), [undefined, undefined], '[]', Infinity, 'Infinity', -Infinity, 1, 1n, '1', '1n'],
      ...[new Date(1), 'Date(1)', new Map(), new Set(), new Map([[1, 2]]), new Set([[1, 2]]), new Set([1, 2]), [1, 2]],
      ...[new Map([[1, [2]]]), new Map([['1', 2]]), { a: 1 }, { a: undefined }, { 'a":1,"b': 2 }, { a: 1, b: 2 }],
      ...[Buffer.from('a'), new Uint8Array([97]), new Uint8Array([97]).buffer, new Int8Array([97]), 'YQ==', [97]],
      ...[new URL('a:b'), 'a:b', 'URL("a:b")', new Point(1), new Point(2), 'test.point(1)', { x: 1 }],
      ...[new Set([new Set([1]), new Set([2])]), new Set([new Set([1, 2])]), [new Set([1]), new Set([2])]],
    ];
    const texts = alike.map((value) => canonical(value, 'W'));
    expect(new Set(texts).size).to.equal(alike.length);
  });

  it('knows no sign of 0, no order of a Map or Set, and no missing prototype', () => {
    for (const [one, other] of [
      [-0, 0],
      [
        new Map<unknown, unknown>([
          ['a', 1],
          [{ x: 1, y: 2 }, 2],
        ]),
        new Map<unknown, unknown>([
          [{ y: 2, x: 1 }, 2],
          ['a', 1],
        ]),
      ],
      [new Set([1, 'b', [2]]), new Set([[2], 'b', 1])],
      [{ a: 1 }, Object.assign(Object.create(null) as object, { a: 1 })],
      [Buffer.from('xabc').subarray(1), Buffer.from('abc')],
    ]) {
      expect(canonical(one, 'W')).to.equal(canonical(other, 'W'));
    }
  });

  const circle: { list: unknown[] } = { list: [] };
  circle.list.push({ circle });
  let deep: unknown = 1;
  for (let level = 0; level <= 1_001; level += 1) deep = [deep];
  for (const [value, came] of [
    [Number.NaN, 'NaN'],
    [[1, { 'a b': Number.NaN }], 'NaN at [1]["a b"]'],
    [() => 1, 'a function'],
    [{ deep: [Symbol('x')] }, 'a symbol at .deep[0]'],
    [new Map([['secret', [new Date(Number.NaN)]]]), 'an invalid Date at .value(0)[0]'],
    [new Map([[new WeakMap(), 1]]), 'an instance of WeakMap at .key(0)'],
    [new Set([1, /x/]), 'an instance of RegExp at .item(1)'],
    [{ by: new (class Own {})() }, 'an instance of Own at .by'],
    [Object.assign([1], { extra: 1 }), 'a list with properties'],
    [[{ [Symbol('x')]: 1 }], 'an object with a symbol as the name of a property at [0]'],
    [circle, 'a circle at .list[0].circle'],
    [deep, 'more than 1000 levels'],
  ] as const) {
    it(`refuses ${came}`, () => {
      const accepted =
        'W: arguments must be plain data, Dates, bigints, Maps, Sets, bytes, URLs, stored model instances or instances of ' +
        'classes with a codec to make a key; got ';
      thrown(() => canonical(value, 'W'), UsageError, accepted + came);
    });
  }
});
