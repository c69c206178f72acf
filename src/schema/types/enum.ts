import type { ColumnType, ColumnTypeOptions } from '../column-type.js';
import { InvalidValue } from '../column-type.js';
import { UsageError } from '../../errors.js';
import { refuse, unreadable } from './refusal.js';
import { textFlaw } from './stored-text.js';

/**
 * One of the texts in `values`. A text that is not among them is refused on writing but read as it is, because a newer
 * release of the application may know it.
 */
export function enumType(options: ColumnTypeOptions, where: string): ColumnType {
  const values = valuesOf(options, where);
  const list = [...values].map((value) => `'${value}'`).join(', ');
  return {
    name: 'enum',
    // NOTE: without the values, which do not change what a cell means: a new one need not empty the cache.
    signature: 'enum',
    // Compared by its characters, as text is.
    canonicalEquality: true,
    sqlType: () => 'text',
    encode(value) {
      if (typeof value !== 'string') return refuse(`one of ${list}`, value);
      if (!values.has(value)) throw new InvalidValue(`expects one of ${list}, got another text`);
      return value;
    },
    decode: undefined,
    toDatabase: (cell) => cell,
    fromDatabase: (raw) => (typeof raw === 'string' ? raw : unreadable('enum', 'text', raw)),
  };
}

function valuesOf({ values }: ColumnTypeOptions, where: string): ReadonlySet<string> {
  const texts: readonly unknown[] = Array.isArray(values) ? values : [];
  const distinct = new Set(texts.filter((value) => typeof value === 'string' && textFlaw(value) === undefined));
  if (texts.length > 0 && distinct.size === texts.length) return distinct as ReadonlySet<string>; // only texts passed the filter
  throw new UsageError(
    `${where}: values is not a list of different texts. Write for example values: ['draft', 'published'].`,
  );
}
