import fc from 'fast-check';

/** The few values that rows have and questions ask for, so that they meet. Floats are such whose sums are exact. */

export const ids = 8;
export const words = ['a', 'A', 'ab', 'b', 'B', 'c_', '%'];
export const prices = ['0.00', '1.50', '2.00', '10.25'];
export const weights = [-2.5, 0, 0.5, 1, 2 ** 40];
export const bigs = [0n, 1n, 2n ** 53n + 1n, -(2n ** 62n)];
export const grades = ['a', 'b'] as const;
export const days = ['1999-12-31', '2024-02-29', '2024-03-01'];
export const codes = [1, 2, 3, 4].map((digit) => `00000000-0000-0000-0000-00000000000${digit}`);
export const seals = [Buffer.of(), Buffer.of(0, 92, 255)];
export const roles = ['reader', 'writer', 'Writer'];
export const moments = [0, 1, 1_000_000_000_007, 4_102_444_800_000].map((ms) => new Date(ms));
export const documents = [
  { size: 1, tag: 'a' },
  { size: 2, tag: 'A', inner: { ok: true } },
  { size: 2.5, inner: { ok: false, tag: '%' } },
  { size: '1', tag: null, list: [1, null, 'a', { b: [] }] },
  {},
  [1, 'a', null],
  'a',
];

export const id = fc.integer({ min: 1, max: ids });
export const small = fc.integer({ min: 0, max: 3 });
export const word = fc.constantFrom(...words);
export const price = fc.constantFrom(...prices);
export const moment = fc.constantFrom(...moments);
export const weight = fc.constantFrom(...weights);
export const big = fc.constantFrom(...bigs);
export const grade = fc.constantFrom(...grades);
export const day = fc.constantFrom(...days);
export const code = fc.constantFrom(...codes);
export const role = fc.constantFrom(...roles);
/** Means the same to both databases. */
export const pattern = fc.constantFrom('^a', 'b$', '[aB]', '^.$', 'A|c_');
