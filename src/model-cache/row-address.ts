import type { Address, Siblings } from '../cache/address.js';
import type { Keyspace } from '../cache/keyspace.js';
import { bulkDependency, cellText, dependencyText, rowDependencyPrefix } from '../invalidation/dependencies.js';
import type { Cell } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { largestId } from '../store/shelves.js';

/** What the keys of all rows of a model share under one keyspace. */
export class RowKeys implements Siblings {
  readonly keyspace: Keyspace;
  readonly entryPrefix: string;
  readonly stampPrefix: string;
  readonly before: readonly string[];
  readonly after: readonly string[];

  constructor(keyspace: Keyspace, model: ModelSchema) {
    const { table } = model;
    this.keyspace = keyspace;
    this.entryPrefix = keyspace.rows(model);
    this.stampPrefix = keyspace.stamp(rowDependencyPrefix(table));
    this.before = keyspace.gate === undefined ? [] : [keyspace.gate];
    this.after = [keyspace.stamp(bulkDependency(table)), keyspace.epoch];
  }
}

/** Where a row lies in the cache. Its keys are made when they are asked for: a hit in this process does without. */
export class RowAddress implements Address {
  readonly #keys: RowKeys;
  readonly cell: Cell;
  #key: string | undefined;
  #stampKeys: readonly string[] | undefined;

  constructor(keys: RowKeys, cell: Cell) {
    this.#keys = keys;
    this.cell = cell;
  }

  get prefix(): string {
    return this.#keys.entryPrefix;
  }

  get id(): number | undefined {
    const { cell } = this;
    return typeof cell === 'number' && cell >= 0 && cell <= largestId && Number.isInteger(cell) ? cell : undefined;
  }

  get key(): string {
    this.#key ??= this.#keys.entryPrefix + cellText(this.cell);
    return this.#key;
  }

  get stampKeys(): readonly string[] {
    this.#stampKeys ??= [...this.#keys.before, this.ownStampKey, ...this.#keys.after];
    return this.#stampKeys;
  }

  get siblings(): Siblings {
    return this.#keys;
  }

  get ownStampKey(): string {
    return this.#keys.stampPrefix + dependencyText(this.cell);
  }
}
