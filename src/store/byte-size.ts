const unitBytes: Readonly<Record<string, number>> = { '': 1, b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** Reads `'512kb'`, `'10mb'`, `'1gb'` or a plain number of bytes; NaN for anything else. */
export function parseByteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(text.trim());
  return match ? Math.floor(Number(match[1]) * (unitBytes[(match[2] ?? '').toLowerCase()] ?? Number.NaN)) : Number.NaN;
}
