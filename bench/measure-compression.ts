import { brotliCompressSync, brotliDecompressSync, constants, deflateRawSync, inflateRawSync } from 'node:zlib';

/** Prints size and time of ways to pack texts of entries: what the choice in `src/cache/packed-text.ts` rests on. */
const statuses = ['draft', 'published', 'archived'];
const words = 'the of and to in is you that it he was for on are as with his they at be this have from or'.split(' ');

const rows = (count: number): string =>
  JSON.stringify(
    Array.from({ length: count }, (_, index) => [
      ...[
        index,
        `Title of the article number ${(index * 7919) % 997}`,
        `slug-${index}`,
        1_700_000_000_000 + index * 864e5,
      ],
      ...[index % 2 === 0, null, statuses[index % 3], `user${index % 50}@example.org`],
    ]),
  );
let seed = 1;
const random = (): number => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647;
const prose = (count: number): string =>
  JSON.stringify(Array.from({ length: count }, () => words[Math.floor(random() * words.length)]).join(' '));

const samples = { rows: [3, 10, 30, 100, 1_000].map(rows), prose: [200, 1_000, 5_000].map(prose) };

type Way = readonly [name: string, pack: (text: string) => Buffer, unpack: (packed: Buffer) => Buffer];

const brotli = (quality: number): Way => [
  `brotli ${quality}`,
  (text) => brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }),
  brotliDecompressSync,
];
const deflate = (level: number): Way => [`deflate ${level}`, (text) => deflateRawSync(text, { level }), inflateRawSync];

/** The fastest of several runs, in microseconds: what others do on the machine only adds. */
function fastest(work: () => unknown): number {
  let best = Infinity;
  for (let run = 0; run < 50; run += 1) {
    const startedAt = performance.now();
    work();
    best = Math.min(best, performance.now() - startedAt);
  }
  return Math.round(best * 1_000);
}

for (const [kind, texts] of Object.entries(samples)) {
  for (const text of texts) {
    for (const [name, pack, unpack] of [deflate(1), deflate(6), brotli(1), brotli(4)]) {
      const stored = pack(text).toString('base64');
      const share = `${Math.round((100 * stored.length) / text.length)} %`;
      const packMicros = fastest(() => pack(text).toString('base64'));
      const unpackMicros = fastest(() => unpack(Buffer.from(stored, 'base64')).toString());
      const cells = [
        kind,
        `${text.length} characters`,
        name,
        share,
        `pack ${packMicros} µs`,
        `unpack ${unpackMicros} µs`,
      ];
      process.stdout.write(`${cells.map((cell) => cell.padEnd(18)).join('')}\n`);
    }
  }
}
