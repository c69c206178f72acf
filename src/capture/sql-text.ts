/** Text as a literal of PostgreSQL, whatever standard_conforming_strings is. */
export function literal(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', String.raw`\\`)}'`;
  return quoted.includes('\\') ? `E${quoted}` : quoted;
}

/** Texts as an array literal of PostgreSQL. */
export function textArray(texts: readonly string[]): string {
  return `ARRAY[${texts.map(literal).join(', ')}]::text[]`;
}

/** A body between dollar quotes that it does not hold itself. */
export function dollarQuoted(body: string): string {
  let tag = '$moneyclip$';
  for (let number = 1; body.includes(tag); number += 1) tag = `$moneyclip${number}$`;
  return tag + body + tag;
}
