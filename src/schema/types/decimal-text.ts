/** A decimal number in digits, without leading zeros before the point or trailing ones after it. */
export interface DecimalDigits {
  readonly negative: boolean;
  /** Before the point; empty for 0. */
  readonly whole: string;
  /** After the point. */
  readonly fraction: string;
}

const PLAIN = /^([+-]?)(\d*)(?:\.(\d*))?$/;

/** Reads plain decimal text such as `-12.50`; undefined for anything else, exponents included. */
export function parseDecimal(text: string): DecimalDigits | undefined {
  const match = PLAIN.exec(text);
  const [, sign = '', whole = '', fraction = ''] = match ?? [];
  if (match === null || whole + fraction === '') return undefined;
  return { negative: sign === '-', whole: withoutLeadingZeros(whole), fraction: withoutTrailingZeros(fraction) };
}

/** Writes the one text that this number has with at least `scale` digits after the point. */
export function formatDecimal({ negative, whole, fraction }: DecimalDigits, scale: number): string {
  const sign = negative && whole + fraction !== '' ? '-' : '';
  const padded = fraction.padEnd(scale, '0');
  return `${sign}${whole || '0'}${padded === '' ? '' : `.${padded}`}`;
}

/** The shortest text that means this number, without an exponent: 1e21 as a 1 and 21 zeros. */
export function plainNumberText(value: number): string {
  const [mantissa = '', exponent] = String(value).split('e');
  return exponent === undefined ? mantissa : shiftPoint(mantissa, Number(exponent));
}

function shiftPoint(mantissa: string, places: number): string {
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.slice(sign.length).split('.');
  const digits = whole + fraction;
  const point = whole.length + places;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.slice(0, point).padEnd(point, '0')}.${digits.slice(point)}`;
}

function withoutLeadingZeros(digits: string): string {
  let start = 0;
  while (digits[start] === '0') start += 1;
  return digits.slice(start);
}

/** NOTE: a loop, because `/0+$/` takes quadratic time on a long run of zeros that is not at the end. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return digits.slice(0, end);
}
