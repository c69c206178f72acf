import { UsageError } from '../../errors.js';
import type { DialectName } from '../../schema/column-type.js';
import type { TextLookup } from '../../schema/condition.js';
import { ignoresCase } from '../conditions/lookups.js';
import type { CompiledComparison } from './comparison.js';

type Place = 'contains' | 'startswith' | 'endswith';

/**
 * Searches text so that both databases find the same rows: with all characters taken for themselves and, without an
 * `i`, letters as they are. With an `i` both sides become small letters as Unicode has them, whatever the locale.
 */
export function textLookup(lookup: TextLookup, text: string, dialect: DialectName): CompiledComparison {
  if (lookup === 'regex') return regex(text, dialect);
  const folds = ignoresCase(lookup);
  const searched = folds ? text.toLowerCase() : text;
  const fold = (column: string): string => (folds ? lowerSql(column, dialect) : column);
  const place = lookup.replace(/^i/, '');
  if (place === 'exact') {
    return { form: lookup, parameters: [searched], text: (column, parameter) => `${fold(column)} = ${parameter()}` };
  }
  const { operand, operator } = search(place as Place, searched, dialect); // what is left of the lookups
  return { form: lookup, parameters: [operand], text: (column, parameter) => operator(fold(column), parameter()) };
}

interface Search {
  readonly operand: string;
  operator(column: string, parameter: string): string;
}

/** LIKE ignores case on SQLite; GLOB does not, and both can use an index for the beginning of a text. */
function search(place: Place, text: string, dialect: DialectName): Search {
  if (dialect === 'postgres') {
    const operand = around(place, text.replace(/[\\%_]/g, String.raw`\$&`), '%');
    return { operand, operator: (column, parameter) => `${column} LIKE ${parameter}` };
  }
  if (place === 'contains') {
    return { operand: text, operator: (column, parameter) => `instr(${column}, ${parameter}) > 0` };
  }
  const operand = around(place, text.replace(/[[*?]/g, '[$&]'), '*');
  return { operand, operator: (column, parameter) => `${column} GLOB ${parameter}` };
}

function around(place: Place, pattern: string, anything: string): string {
  return `${place === 'startswith' ? '' : anything}${pattern}${place === 'endswith' ? '' : anything}`;
}

function lowerSql(column: string, dialect: DialectName): string {
  return dialect === 'postgres' ? `lower(${column} COLLATE "und-x-icu")` : `moneyclip_lower(${column})`;
}

/** The databases' own expressions: PostgreSQL's, and JavaScript's on SQLite, where a dot means any character too. */
function regex(pattern: string, dialect: DialectName): CompiledComparison {
  if (dialect === 'sqlite') assertPattern(pattern);
  return {
    form: 'regex',
    parameters: [pattern],
    text: (column, parameter) =>
      dialect === 'postgres' ? `${column} ~ ${parameter()}` : `moneyclip_matches(${column}, ${parameter()})`,
  };
}

function assertPattern(pattern: string): void {
  try {
    void new RegExp(pattern, 'su');
  } catch (error) {
    throw new UsageError('A regex lookup got text that is no regular expression; on SQLite it is one of JavaScript.', {
      cause: error,
    });
  }
}
