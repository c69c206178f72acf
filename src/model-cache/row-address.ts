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
  readonly bulk: string;
  readonly epoch: string;
  readonly gate: string | undefined;
  readonly sharedStampKeys: readonly string[];
  readonly ownPlace: number;

  constructor(keyspace: Keyspace, model: ModelSchema) {
    const { table } = model;
    this.keyspace = keyspace;
    this.entryPrefix = keyspace.rows(model);
    this.stampPrefix = keyspace.stamp(rowDependencyPrefix(table));
    this.bulk = keyspace.stamp(bulkDependency(table));
    this.epoch = keyspace.epoch;
    this.gate = keyspace.gate;
    this.sharedStampKeys = this.gate === undefined ? [this.bulk, this.epoch] : [this.gate, this.bulk, this.epoch];
    this.ownPlace = this.gate === undefined ? 0 : 1;
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
    this.#stampKeys ??= this.#makeStampKeys();
    return this.#stampKeys;
  }

  #makeStampKeys(): readonly string[] {
    const { gate, bulk, epoch } = this.#keys;
    return gate === undefined ? [this.ownStampKey, bulk, epoch] : [gate, this.ownStampKey, bulk, epoch];
  }

  get siblings(): Siblings {
    return this.#keys;
  }

  get ownStampKey(): string {
    return this.#keys.stampPrefix + dependencyText(this.cell);
  }
}
