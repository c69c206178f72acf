import { DependencyFrame } from '../../src/cache/dependency-frame.js';
import { CacheEngine } from '../../src/cache/cache-engine.js';
import { Flights } from '../../src/cache/flights.js';
import {
  cached,
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Manager,
} from '../../src/index.js';
import { TransactionScope } from '../../src/database/transaction-scope.js';
import { ModelCache } from '../../src/model-cache/model-cache.js';
import { PendingDrops } from '../../src/store/pending-drops.js';

/*
 * What one simulated process has loaded: the whole library, a model and functions of it. It is imported once for each
 * process under a namespace of its own, so that processes share no variable.
 */

@Table('cells', { label: 'simulation.Cell' })
export class Cell extends CachedModel {
  declare static objects: Manager<Cell>;
  declare static cache: CacheManager<Cell>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare part: number;
  @Column({ type: 'integer' }) declare value: number;

  /** A value made from the instance's own row. */
  @moneyclip()
  async badge(): Promise<number[]> {
    return [this.value];
  }
}

/** The values of two rows. */
export const pair = cached('simulation.pair', async (first: number, second: number) => [
  await valueOf(first),
  await valueOf(second),
]);

/** How many rows a part has, and a pair through the function above. */
export const nested = cached('simulation.nested', async (part: number, first: number, second: number) => {
  const count = await Cell.objects.filter({ part }).count();
  return [count, ...(await pair(first, second)), await valueOf(first)];
});

async function valueOf(id: number): Promise<number> {
  return (await Cell.cache.find(id))?.value ?? 0;
}

export { connect, transaction };

/** Parts of the library that mutants change. */
export const internals = { CacheEngine, DependencyFrame, Flights, ModelCache, PendingDrops, TransactionScope };
