import type { ModelSchema } from '../../schema/model-schema.js';
import type { ColumnPath } from '../../schema/query-state.js';
import type { ToOneRelation } from '../../schema/relations.js';
import { quoteName } from '../sql-writer.js';

/** The tables that a statement reads: a model's own, and those that its foreign keys lead to, as far as it names them. */
export class JoinedTables {
  readonly #table: string;
  readonly #joins = new Map<string, { readonly alias: string; readonly sql: string }>();

  constructor(model: ModelSchema) {
    this.#table = quoteName(model.table);
  }

  /** A column's name in the statement; its table is joined from now on. */
  column({ path, column }: ColumnPath): string {
    return `${this.#alias(path)}.${quoteName(column.name)}`;
  }

  /** True where other tables are joined to the model's own. */
  get isJoined(): boolean {
    return this.#joins.size > 0;
  }

  /** What comes after FROM, once every column was named. */
  get sql(): string {
    return [this.#table, ...[...this.#joins.values()].map(({ sql }) => sql)].join(' ');
  }

  #alias(path: readonly ToOneRelation[]): string {
    const last = path.at(-1);
    if (!last) return this.#table;
    const key = path.map(({ name }) => name).join('__');
    const known = this.#joins.get(key);
    if (known) return known.alias;
    const from = this.#alias(path.slice(0, -1));
    const alias = `"joined ${this.#joins.size + 1}"`; // NOTE: the blank keeps it apart from tables of the user's
    const { target, column } = last;
    const on = `${alias}.${quoteName(target.primaryKey.name)} = ${from}.${quoteName(column.name)}`;
    this.#joins.set(key, { alias, sql: `LEFT JOIN ${quoteName(target.table)} AS ${alias} ON ${on}` });
    return alias;
  }
}
