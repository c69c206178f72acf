import { UsageError } from '../../errors.js';
import type { DatabaseConnection } from '../../database/database-connection.js';
import { connectionNamed } from '../../database/connections.js';
import type { Row } from '../../schema/cell.js';
import type { ModelSchema } from '../../schema/model-schema.js';
import { describeValue } from '../../schema/types/describe-value.js';
import { observedRaw } from '../query-observer.js';
import { quoteName } from '../sql-writer.js';
import { readExpression, tableSql } from '../table-sql.js';
import { checkedSource, type Source } from '../watched-rows.js';
import { rawSql, type RawSql } from './raw-sql.js';
import { RecentMap } from '../../support/recent-map.js';

const rememberedTexts = 500;
const given = '"moneyclip_raw"';

/** SQL of the user's, with what it says besides. */
export interface RawQuery {
  readonly sql: unknown;
  readonly bindings: unknown;
  readonly options: unknown;
}

/** Reads rows of a model by SQL of the user's. Throws UsageError where its columns are not those of the model. */
export async function readRaw(model: ModelSchema, { sql, bindings, options }: RawQuery): Promise<readonly Row[]> {
  const where = `${model.label}.objects.raw()`;
  const connection = connectionNamed(model.connection, model.label);
  const watch = watchedBy(where, options);
  const dialect = connection.facts.name;
  const raw = rawSql(where, { sql, bindings }, { knex: connection.knex, dialect });
  return observedRaw(connection, { model, watch }, async () => {
    await assertColumns(connection, model, raw);
    const columns = model.columns.map((column) =>
      readExpression(column, `${given}.${quoteName(column.name)}`, dialect),
    );
    const { rows } = await connection.run(around(raw, model, columns.join(', ')));
    return rows.map(tableSql(model, dialect).toRow);
  });
}

/** NOTE: inside parentheses nothing but a query can stand, so what writes is refused by the database. */
function around({ text, parameters }: RawSql, { label }: ModelSchema, list: string, end = '') {
  return { text: `SELECT ${list} FROM (${text}\n) AS ${given}${end}`, parameters, model: label };
}

const known = new WeakMap<DatabaseConnection, RecentMap<string, true>>();

/** Asks once for each text which columns it gives, since the names in an error of the database would be no help. */
async function assertColumns(connection: DatabaseConnection, model: ModelSchema, raw: RawSql): Promise<void> {
  const texts = known.get(connection) ?? new RecentMap<string, true>(rememberedTexts);
  known.set(connection, texts);
  const id = `${model.fingerprint} ${raw.text}`;
  if (texts.get(id)) return;
  const { columns = [] } = await connection.run({ ...around(raw, model, '*', ' LIMIT 0'), named: true });
  assertSame(model, columns);
  texts.set(id, true);
}

function assertSame({ label, columns, table }: ModelSchema, names: readonly string[]): void {
  const where = `${label}.objects.raw()`;
  const missing = columns.find(({ name }) => !names.includes(name));
  if (missing) {
    throw new UsageError(
      `${where}: the SQL gives no column '${missing.name}', and an instance has all columns of ${label}; select ${table}.*`,
    );
  }
  const own = new Set(columns.map(({ name }) => name));
  const extra = names.find((name, index) => !own.has(name) || names.indexOf(name) !== index);
  if (extra === undefined) return;
  const why = own.has(extra) ? 'comes twice' : `is none of ${label}`;
  throw new UsageError(`${where}: the column '${extra}' of the SQL ${why}; select ${table}.*, or use db.knex`);
}

function watchedBy(where: string, options: unknown): readonly Source[] {
  if (options === undefined) return [];
  if (typeof options !== 'object' || options === null) {
    throw new UsageError(`${where}: the options are { watch }, got ${describeValue(options)}`);
  }
  const unknown = Object.keys(options).find((name) => name !== 'watch');
  if (unknown !== undefined) throw new UsageError(`${where}: unknown option '${unknown}'; use watch`);
  const watch: unknown = Reflect.get(options, 'watch') ?? [];
  if (Array.isArray(watch)) return watch.map((source) => checkedSource(where, source));
  throw new UsageError(`${where}: watch is a list of models and query sets, got ${describeValue(watch)}`);
}
