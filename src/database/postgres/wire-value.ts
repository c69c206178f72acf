/** What goes over the wire for a parameter: text, bytes, or null. */
export type WireValue = string | Buffer | null;

/** The parameters as pg would send them; undefined where there is one that pg should convert itself. */
export function wireValues(parameters: readonly unknown[]): WireValue[] | undefined {
  const values: WireValue[] = [];
  for (const parameter of parameters) {
    const value = wireValue(parameter);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return values;
}

function wireValue(value: unknown): WireValue | undefined {
  if (value === null) return null;
  if (Buffer.isBuffer(value)) return value;
  return Array.isArray(value) ? arrayText(value) : plainText(value);
}

function plainText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value;
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value);
    default:
      return undefined;
  }
}

/** PostgreSQL's text form of a list. Quotes around every element spare all questions of what needs them. */
function arrayText(items: readonly unknown[]): string | undefined {
  const texts: string[] = [];
  for (const item of items) {
    const text = item === null ? 'NULL' : plainText(item);
    if (text === undefined) return undefined;
    texts.push(item === null ? text : `"${text.replaceAll(/[\\"]/g, '\\$&')}"`);
  }
  return `{${texts.join(',')}}`;
}
