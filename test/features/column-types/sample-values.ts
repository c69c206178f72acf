import fc from 'fast-check';
import type { ColumnTypeDeclaration } from '../../../src/schema/resolve-column-type.js';

/** A column type with values to try. */
export interface Kind {
  readonly declaration: ColumnTypeDeclaration;
  /** Values that come back as they are. */
  readonly edges: readonly unknown[];
  readonly any: fc.Arbitrary<unknown>;
}

export const MIN64 = -(2n ** 63n);
export const MAX64 = 2n ** 63n - 1n;
export const utc = (text: string): Date => new Date(text);
export const MIN = utc('0001-01-01T00:00:00.000Z');
export const MAX = utc('9999-12-31T23:59:59.999Z');
const texts = fc.string({ unit: 'binary' }).map((text) => text.replaceAll('\0', ''));
const moments = fc.date({
  min: utc('0001-01-01T00:00:00Z'),
  max: utc('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
});
const days = moments.map((moment) => moment.toISOString().slice(0, 10));
const bytes = fc.uint8Array().map((array) => Buffer.from(array));
const decimals = fc.stringMatching(/^-?[1-9]\d{0,28}\.\d{0,9}[1-9]$/);
const int64 = fc.bigInt({ min: MIN64, max: MAX64 });
const floats = fc.double({ noNaN: true }).map((value) => value + 0);
const json = fc
  .jsonValue({ stringUnit: 'binary' })
  .filter((value) => value !== null && !JSON.stringify(value).includes('\\u0000'))
  .map((value): unknown => JSON.parse(JSON.stringify(value)));

const dayEdges = ['0001-01-01', '9999-12-31', '1582-10-10', '2024-02-29', '2011-12-30', '1970-01-01'];
const momentEdges = [
  MIN,
  MAX,
  utc('1969-12-31T23:59:59.999Z'),
  utc('1890-06-01T12:00:00.001Z'),
  // Around the changes of the clock in Newfoundland and in Amsterdam.
  ...[
    '2024-03-10T05:29:59.999Z',
    '2024-03-10T05:30:00.000Z',
    '2024-11-03T04:29:59.999Z',
    '2024-11-03T04:30:00.000Z',
  ].map(utc),
  ...[
    '2024-03-31T00:59:59.999Z',
    '2024-03-31T01:00:00.000Z',
    '2024-10-27T00:59:59.999Z',
    '2024-10-27T01:00:00.000Z',
  ].map(utc),
];
const textEdges = [
  '',
  ' ',
  'trailing ',
  '💸',
  '𠜎𠜱',
  "'; drop table x; --",
  '\\',
  '"',
  'a\r\nb\t',
  '\u0001\u007f\uffff',
  'NULL',
];

/** Every column type, and arrays of every type that they may hold. */
export const kinds: Kind[] = [
  { declaration: { type: 'integer' }, edges: [0, 1, -1, 2147483647, -2147483648], any: fc.integer() },
  { declaration: { type: 'bigint' }, edges: [0n, MIN64, MAX64, 2n ** 53n + 1n], any: int64 },
  {
    declaration: { type: 'float' },
    edges: [0, 0.1, 1e21, 5e-324, Number.MAX_VALUE, 2 ** 53, Infinity, -Infinity, 0.1 + 0.2],
    any: floats,
  },
  {
    declaration: { type: 'decimal' },
    edges: ['0', '-1', '123456789012345678901234567890', '-0.000000000000000000000000000001', '9007199254740993'],
    any: decimals,
  },
  {
    declaration: { type: 'decimal', precision: 30, scale: 10 },
    edges: ['0.0000000000', '99999999999999999999.9999999999', '-1.5000000000'],
    any: fc.stringMatching(/^-?[1-9]\d{0,19}\.\d{10}$/),
  },
  { declaration: { type: 'boolean' }, edges: [true, false], any: fc.boolean() },
  { declaration: { type: 'string', maxLength: 200 }, edges: [...textEdges, '💸'.repeat(200)], any: texts },
  { declaration: { type: 'text' }, edges: [...textEdges, 'x'.repeat(100_000)], any: texts },
  { declaration: { type: 'date' }, edges: dayEdges, any: days },
  { declaration: { type: 'datetime' }, edges: momentEdges, any: moments },
  {
    declaration: { type: 'time' },
    edges: ['00:00:00', '23:59:59.999999', '09:30:00.5', '24:00:00'],
    any: fc.stringMatching(/^1\d:[0-5]\d:[0-5]\d(\.\d{0,5}[1-9])?$/),
  },
  {
    declaration: { type: 'uuid' },
    edges: ['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff'],
    any: fc.uuid(),
  },
  {
    declaration: { type: 'json' },
    edges: [
      0,
      '',
      'null',
      false,
      [],
      {},
      [[]],
      [null],
      1e21,
      5e-324,
      Number.MAX_VALUE,
      { '\u{1f4b8}"\\/\b': '\ufffe\u2028' },
      { '': 1, 10: 2, 9: 3 },
    ],
    any: json,
  },
  {
    declaration: { type: 'binary' },
    edges: [Buffer.alloc(0), Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)), Buffer.alloc(100_000, 0x5c)],
    any: bytes,
  },
  {
    declaration: { type: 'enum', values: ['draft', "it's", ''] },
    edges: ['draft', "it's", ''],
    any: fc.constantFrom('draft', ''),
  },
  listOf({ type: 'array', of: 'integer' }, [2147483647, -2147483648], fc.integer()),
  listOf({ type: 'array', of: 'bigint' }, [MIN64, MAX64, 2n ** 53n + 1n], int64),
  listOf({ type: 'array', of: 'float' }, [0.1, 1e21, 5e-324, Infinity, -Infinity], floats),
  listOf({ type: 'array', of: 'decimal' }, ['123456789012345678901234567890', '-0.1'], decimals),
  listOf({ type: 'array', of: 'boolean' }, [true, false], fc.boolean()),
  listOf({ type: 'array', of: 'string', maxLength: 200 }, [...textEdges, '{a,b}', 'null'], texts),
  listOf({ type: 'array', of: 'text' }, textEdges, texts),
  listOf({ type: 'array', of: 'uuid' }, ['00000000-0000-0000-0000-000000000000'], fc.uuid()),
  listOf({ type: 'array', of: 'enum', values: ['a', 'b"'] }, ['a', 'b"'], fc.constantFrom('a', 'b"')),
  listOf({ type: 'array', of: 'date' }, dayEdges, days),
  listOf({ type: 'array', of: 'datetime' }, momentEdges, moments),
  listOf({ type: 'array', of: 'time' }, ['00:00:00', '23:59:59.999999'], fc.constantFrom('10:00:00', '10:00:00.5')),
];

function listOf(declaration: ColumnTypeDeclaration, items: readonly unknown[], any: fc.Arbitrary<unknown>): Kind {
  return { declaration, edges: [[], [null], items, [...items, null]], any: fc.array(fc.option(any), { maxLength: 5 }) };
}
