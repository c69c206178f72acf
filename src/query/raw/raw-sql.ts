import type { Knex } from 'knex';
import { UsageError } from '../../errors.js';
import type { DialectName } from '../../schema/column-type.js';
import { datetimeType } from '../../schema/types/datetime.js';
import { describeValue } from '../../schema/types/describe-value.js';
import { textFlaw } from '../../schema/types/stored-text.js';
import { isDate, isUint8Array } from 'node:util/types';

/** What a `?` in SQL of the user's stands for; lists are for PostgreSQL (`= ANY(?)`). */
export type RawBinding =
  | string
  | number
  | bigint
  | boolean
  | Date
  | Uint8Array
  | null
  | readonly (string | number | bigint | boolean | null)[];

/** SQL of the user's, ready to stand between parentheses. */
export interface RawSql {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** Puts SQL of the user's and its bindings together by the rules of `knex.raw`. Throws UsageError for what fits nothing. */
export function rawSql(
  where: string,
  { sql, bindings }: { readonly sql: unknown; readonly bindings: unknown },
  { knex, dialect }: { readonly knex: Knex; readonly dialect: DialectName },
): RawSql {
  if (typeof sql !== 'string' || sql.trim() === '') {
    throw new UsageError(
      `${where}: expected SQL that reads rows, such as 'SELECT * FROM …'; got ${describeValue(sql)}`,
    );
  }
  const flaw = textFlaw(sql);
  if (flaw !== undefined) throw new UsageError(`${where}: the SQL contains ${flaw}`);
  if (!Array.isArray(bindings)) {
    throw new UsageError(`${where}: the bindings are a list, one for each ?; got ${describeValue(bindings)}`);
  }
  const values = Array.from(bindings as unknown[], (value, index) =>
    toParameter(value, { where: `${where}: binding ${index + 1}`, dialect }),
  );
  return positioned(where, knex, { text: sql.replace(/[\s;]+$/, ''), values });
}

/** NOTE: knex quotes what stands for `??` and refuses a wrong number of bindings; the message is its own. */
function positioned(
  where: string,
  knex: Knex,
  { text, values }: { readonly text: string; readonly values: readonly unknown[] },
): RawSql {
  try {
    const native = knex
      .raw(text, values as Knex.RawBinding[])
      .toSQL()
      .toNative(); // as `toParameter` made them
    return { text: native.sql, parameters: native.bindings };
  } catch (error) {
    throw new UsageError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

interface Place {
  readonly where: string;
  readonly dialect: DialectName;
}

/** A value in the form that columns of its kind have in the database. */
function toParameter(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return toList(value, place);
  if (value === null || typeof value === 'number' || typeof value === 'bigint') return value;
  if (typeof value === 'string') return checkedText(value, place);
  if (typeof value === 'boolean') return place.dialect === 'sqlite' ? Number(value) : value;
  if (isDate(value) && !Number.isNaN(value.getTime())) {
    return datetimeType.toDatabase(datetimeType.encode(value), place.dialect);
  }
  if (isUint8Array(value)) return Buffer.from(value);
  throw new UsageError(
    `${place.where} is ${describeValue(value)}; give text, a number, a boolean, a Date, bytes or null`,
  );
}

function toList(values: readonly unknown[], place: Place): readonly unknown[] {
  if (place.dialect === 'sqlite') {
    throw new UsageError(`${place.where} is a list, which SQLite does not take; write one ? for each value`);
  }
  return Array.from(values, (value) => toParameter(value, place));
}

function checkedText(value: string, { where }: Place): string {
  const flaw = textFlaw(value);
  if (flaw === undefined) return value;
  throw new UsageError(`${where} contains ${flaw}`);
}
