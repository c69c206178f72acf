import { UsageError } from '../../errors.js';
import type { Row } from '../../schema/cell.js';
import type { ModelSchema, ColumnSchema } from '../../schema/model-schema.js';
import type { QueryState } from '../../schema/query-state.js';
import { valueOf } from '../../schema/values.js';
import { nearest } from '../../support/nearest.js';
import { aggregateTerms } from '../aggregates.js';
import { aggregateValue, type AggregateTerm } from '../compile/aggregate-sql.js';
import type { GroupOrder } from '../compile/read.js';
import { resolvePath } from '../conditions/resolve-path.js';
import { wholeNumber } from '../whole-number.js';
import { readCells } from './read-cells.js';

/** Which groups are answered, in which order. */
export interface GroupOptions<N extends string = string> {
  /** Names of groups or aggregates; a minus in front turns the order round. */
  readonly orderBy?: readonly (N | `-${N}`)[] | undefined;
  /** At most so many groups. */
  readonly limit?: number | undefined;
  /** Without the first so many groups. */
  readonly offset?: number | undefined;
}

/** Aggregates over all rows of a query. */
export async function readAggregates(state: QueryState, aggregates: unknown): Promise<Record<string, unknown>> {
  const terms = aggregateTerms(state.model, aggregates);
  const none = { groups: [], aggregates: terms, order: [], limit: undefined, offset: undefined };
  const [row = []] = await readCells(state, { kind: 'aggregate', ...none }, 'aggregate');
  return Object.fromEntries(valuesOf(terms, row));
}

/** Aggregates over the rows of each group; groups are the rows with the same values in the named columns. */
export async function readGroups(
  state: QueryState,
  names: readonly string[],
  { aggregates, options }: { readonly aggregates: unknown; readonly options: GroupOptions },
): Promise<Record<string, unknown>[]> {
  const { model } = state;
  const groups = names.map((name) => groupColumn(model, name));
  const terms = aggregateTerms(model, aggregates);
  const taken = terms.find(({ name }) => names.includes(name));
  if (taken) {
    throw new UsageError(
      `${model.label}: '${taken.name}' is a group and an aggregate; give the aggregate another name`,
    );
  }
  const all = [...names, ...terms.map(({ name }) => name)];
  const order = (options.orderBy ?? []).map((name) => groupOrder(model, name, { all, groups: names.length }));
  const limit = options.limit === undefined ? undefined : wholeNumber('limit', options.limit);
  const offset = options.offset === undefined ? undefined : wholeNumber('offset', options.offset);
  const read = { kind: 'aggregate', groups, aggregates: terms, order, limit, offset } as const;
  const rows = await readCells(state, read, 'aggregate');
  return rows.map((row) => {
    const values = groups.map(
      ({ column }, index) => [names[index] ?? '', valueOf(column, row[index] ?? null)] as const,
    );
    return Object.fromEntries<unknown>([...values, ...valuesOf(terms, row.slice(groups.length))]);
  });
}

function valuesOf(terms: readonly AggregateTerm[], row: Row): [string, unknown][] {
  return terms.map((term, index) => [term.name, aggregateValue(term, row[index] ?? null)]);
}

const ungrouped: readonly string[] = ['json', 'array'];

function groupColumn(
  model: ModelSchema,
  name: string,
): { path: ReturnType<typeof resolvePath>['path']; column: ColumnSchema } {
  const path = resolvePath(model, name, 'groupBy()');
  if (!ungrouped.includes(path.column.type.name)) return path;
  throw new UsageError(
    `${model.label}: groupBy() takes no ${path.column.type.name} column such as '${path.column.property}'`,
  );
}

function groupOrder(
  model: ModelSchema,
  name: unknown,
  { all, groups }: { readonly all: readonly string[]; readonly groups: number },
): GroupOrder {
  const descending = typeof name === 'string' && name.startsWith('-');
  const plain = descending ? name.slice(1) : String(name);
  const index = all.indexOf(plain);
  if (index < 0) {
    const hint = nearest(plain, all);
    throw new UsageError(
      `${model.label}: groups are ordered by their columns and aggregates, and '${plain}' is neither${hint === undefined ? '' : `; did you mean '${hint}'?`}`,
    );
  }
  return index < groups ? { by: 'group', index, descending } : { by: 'aggregate', index: index - groups, descending };
}
