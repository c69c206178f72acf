/*
 * How V8 keeps values, where many are kept for long: measured on Node 20 by heap snapshots.
 */

/** The same text in one piece. That of JSON.stringify and of `+` may be a tree of pieces. */
export function inOnePiece(text: string): string {
  const middle = text.length >> 1;
  return [text.slice(0, middle), text.slice(middle)].join('');
}

/** The same number; a whole one below 2 ** 31 without an object of its own, which results of a calculation may have. */
export function withoutObject(value: number): number {
  const whole = value | 0;
  return whole === value ? whole : value;
}
