import type { ColumnType, ColumnTypeOptions } from './column-type.js';
import { arrayType } from './types/array.js';
import { bigintType } from './types/bigint.js';
import { binaryType } from './types/binary.js';
import { booleanType } from './types/boolean.js';
import { dateType } from './types/date.js';
import { datetimeType } from './types/datetime.js';
import { decimalType } from './types/decimal.js';
import { enumType } from './types/enum.js';
import { floatType } from './types/float.js';
import { integerType } from './types/integer.js';
import { jsonType } from './types/json.js';
import { stringType, textType } from './types/string.js';
import { timeType } from './types/time.js';
import { uuidType } from './types/uuid.js';

/** The names that `@Column({ type })` knows. */
export type ColumnTypeName =
  | 'integer'
  | 'bigint'
  | 'float'
  | 'decimal'
  | 'boolean'
  | 'string'
  | 'text'
  | 'date'
  | 'datetime'
  | 'time'
  | 'uuid'
  | 'json'
  | 'binary'
  | 'enum'
  | 'array';

/** What is to be known of a type before one is made. */
export interface ColumnTypeEntry {
  /** Makes the type. Throws UsageError, beginning with `where`, for options that make none. */
  make(options: ColumnTypeOptions, where: string): ColumnType;
  /** The options that it takes. */
  readonly options: readonly (keyof ColumnTypeOptions)[];
  /** What the compiler may emit for a property that holds its values; undefined where that is anything. */
  readonly emitted: readonly string[] | undefined;
  /** How such a property is declared, for messages. */
  readonly declared: string;
}

/** Every type by its name. To add one: a file in `types/` and a line here. */
export const columnTypes: Readonly<Record<ColumnTypeName, ColumnTypeEntry>> = {
  integer: entry(() => integerType, 'Number', 'number'),
  bigint: entry(() => bigintType, 'BigInt', 'bigint'),
  float: entry(() => floatType, 'Number', 'number'),
  decimal: { ...entry(decimalType, 'String', 'string'), options: ['precision', 'scale'] },
  boolean: entry(() => booleanType, 'Boolean', 'boolean'),
  string: { ...entry(stringType, 'String', 'string'), options: ['maxLength'] },
  text: { ...entry(textType, 'String', 'string'), options: ['maxLength'] },
  date: entry(() => dateType, 'String', 'string'),
  datetime: entry(() => datetimeType, 'Date', 'Date'),
  time: entry(() => timeType, 'String', 'string'),
  uuid: entry(() => uuidType, 'String', 'string'),
  json: { ...entry(() => jsonType, '', 'unknown'), emitted: undefined },
  binary: { ...entry(() => binaryType, 'Buffer', 'Buffer'), emitted: ['Buffer', 'Uint8Array'] },
  enum: { ...entry(enumType, 'String', 'string'), options: ['values'] },
  array: { ...entry(arrayType, 'Array', 'an array'), options: ['of'] },
};

function entry(make: ColumnTypeEntry['make'], emitted: string, declared: string): ColumnTypeEntry {
  return { make, options: [], emitted: [emitted], declared };
}

/** Tells the name of a type from any other text. */
export function isColumnTypeName(name: string): name is ColumnTypeName {
  return Object.hasOwn(columnTypes, name);
}
