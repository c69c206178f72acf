import { formatDecimal, parseDecimal, plainNumberText } from '../../schema/types/decimal-text.js';

/** A decimal number as a whole number of its last place: 12.50 is 1250 with two places. */
export interface ScaledDecimal {
  readonly units: bigint;
  readonly places: number;
}

/** Reads a decimal as SQLite holds it: text, or a number where a table of others has one. */
export function scaledDecimal(value: string | number): ScaledDecimal {
  const digits = parseDecimal(typeof value === 'number' ? plainNumberText(value) : value);
  if (!digits) throw new RangeError('a decimal column holds what is no plain decimal number');
  const units = BigInt(digits.whole + digits.fraction || '0');
  return { units: digits.negative ? -units : units, places: digits.fraction.length };
}

export function addDecimals(left: ScaledDecimal, right: ScaledDecimal): ScaledDecimal {
  const places = Math.max(left.places, right.places);
  return { units: unitsAt(left, places) + unitsAt(right, places), places };
}

/** Negative where `left` is less. */
export function compareDecimals(left: ScaledDecimal, right: ScaledDecimal): number {
  const places = Math.max(left.places, right.places);
  const [first, second] = [unitsAt(left, places), unitsAt(right, places)];
  return first === second ? 0 : first < second ? -1 : 1;
}

export function scaledText({ units, places }: ScaledDecimal): string {
  const digits = String(units < 0n ? -units : units).padStart(places + 1, '0');
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  const parsed = parseDecimal(text);
  return parsed ? formatDecimal({ ...parsed, negative: units < 0n }, 0) : text;
}

function unitsAt({ units, places }: ScaledDecimal, wanted: number): bigint {
  return units * 10n ** BigInt(wanted - places);
}
