import { UsageError } from '../errors.js';
import { QuerySet } from '../query/query-set.js';
import type { KeyValue } from '../query/filter-types.js';
import type { Cell } from '../schema/cell.js';
import type { ModelSchema, ReferenceSchema } from '../schema/model-schema.js';
import { keyCellOfInstance } from '../schema/reference-key.js';
import { describeValue } from '../schema/types/describe-value.js';
import { cellOf } from '../schema/values.js';
import type { QueryState } from '../schema/query-state.js';
import { stateOf } from './state-of.js';
import type { NewValues } from './model-types.js';

/** The values of the other columns of a through model, for new links. */
export interface LinkValues {
  readonly through: Readonly<Record<string, unknown>>;
}

/** The instance that a set belongs to. */
export interface Owner {
  readonly instance: object;
  /** The accessor. */
  readonly name: string;
  readonly key: Cell;
}

/**
 * The rows that are related to one instance, such as `document.tags` or `user.documents`: a query set, with verbs that
 * relate rows and part them. Each verb takes instances or keys, may be repeated without effect, and is all or nothing.
 */
export abstract class RelatedSet<T extends object> extends QuerySet<T> {
  readonly #owner: Owner;

  constructor(state: QueryState, owner: Owner) {
    super(state);
    this.#owner = owner;
  }

  /** All rows; those that `prefetch` loaded, without asking the database, until they are changed through this instance. */
  override async all(): Promise<T[]> {
    const rows = await this.loaded();
    return Array.isArray(rows) ? [...(rows as T[])] : super.all(); // rows of this relation were put there
  }

  /**
   * Relates rows; those that are related already stay as they are. Answers how many were not. The last argument may
   * be `{ through: { role: 'x' } }` for other columns of a through model. Throws UsageError for what is no row of the
   * other model, ForeignKeyViolationError or RecordNotFoundError for keys without a row.
   */
  abstract add(...rows: readonly (T | KeyValue | LinkValues)[]): Promise<number>;

  /** Parts rows from this one; those that are not related are no error. Answers how many were. */
  abstract remove(...rows: readonly (T | KeyValue)[]): Promise<number>;

  /** Makes exactly these rows the related ones. Links that stay are not touched. */
  abstract set(rows: readonly (T | KeyValue)[], values?: LinkValues): Promise<void>;

  /** Parts all rows from this one. Answers how many there were. */
  abstract clear(): Promise<number>;

  /** Makes a new row and relates it, both or neither. */
  abstract create(values: NewValues<T>, link?: LinkValues): Promise<T>;

  /** What was loaded ahead for this accessor; undefined where nothing was. */
  protected async loaded(): Promise<object | null | undefined> {
    const { instance, name, key } = this.#owner;
    const known = stateOf(instance).loaded?.get(name);
    return known?.key === key ? known.value : undefined;
  }

  /** Forgets the rows that were loaded ahead. Every verb begins with it. */
  protected forget(): void {
    const { instance, name } = this.#owner;
    stateOf(instance).loaded?.delete(name);
  }
}

/** The key of the instance that a set belongs to. Throws UsageError if it is not stored yet. */
export function ownKey(model: ModelSchema, instance: object, accessor: string): Cell {
  const cell = cellOf(model, model.primaryKey, Reflect.get(instance, model.primaryKey.property));
  if (cell === null) throw new UsageError(`${model.label}.${accessor}: this instance has no key yet; save() it first`);
  return cell;
}

/** The model whose rows are related. */
export type RelatedModel = Pick<ReferenceSchema, 'target' | 'targetModel'>;

/** The keys of rows given as instances or keys, each once. Throws UsageError, beginning with `where`, for anything else. */
export function relatedKeys(where: string, target: RelatedModel, rows: readonly unknown[]): Cell[] {
  if (!Array.isArray(rows)) {
    throw new UsageError(`${where}: expected a list of instances or keys, got ${describeValue(rows)}`);
  }
  return [...new Set(rows.map((row) => relatedKey(where, target, row)))];
}

function relatedKey(where: string, target: RelatedModel, row: unknown): Cell {
  const { label, primaryKey } = target.target();
  if (typeof row === 'object' && row !== null && !Buffer.isBuffer(row)) return keyCellOfInstance(target, row, where);
  try {
    if (row !== null && row !== undefined) return primaryKey.type.encode(row);
  } catch {
    // said below
  }
  throw new UsageError(
    `${where}: expected an instance of ${label} or its key (${primaryKey.type.name}), got ${describeValue(row)}`,
  );
}
