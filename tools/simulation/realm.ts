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
import { triggerNames } from '../../src/capture/trigger-sql.js';
import { versionFor, versionText } from '../../src/capture/trigger-version.js';
import { declaredNeeds } from '../../src/capture/table-needs.js';
import { defaultSchema } from '../../src/capture/capture-options.js';
import { Suspension } from '../../src/capture/suspension.js';
import { unregisterConnection } from '../../src/database/connections.js';
import { TransactionScope } from '../../src/database/transaction-scope.js';
import { ModelCache } from '../../src/model-cache/model-cache.js';
import { PendingDrops } from '../../src/store/pending-drops.js';
import { pauses, weakened } from '../../src/support/weakened.js';
import type { TriggerFacts } from './guarantee/capture-tables.js';

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

/** What the database says of the triggers that a migration has made for the model. */
export function triggerFacts(): TriggerFacts {
  const source = 'public.cells';
  const version = versionFor(source, declaredNeeds('default'));
  const triggers = triggerNames(defaultSchema).map((name) => ({
    name,
    enabled: 'A',
    state: '1.1',
    version: versionText(version),
  }));
  const owned = { file: '1', kind: 'r', persistence: 'p', owner: 'app', owned: true, runsOthers: false, cascades: [] };
  const table = { ...owned, name: source, quoted: '"public"."cells"', columns: ['id', 'part', 'value'], triggers };
  const rights = {
    installed: true,
    usable: true,
    hasGate: true,
    gateHasWindow: true,
    gateUsable: true,
    mayCreate: true,
  };
  const facts = {
    ...rights,
    version: 150_000,
    standby: false,
    user: 'app',
    database: 'app',
    tables: { cells: [table] },
  };
  return { facts: JSON.stringify(facts), source, recorded: Object.keys(version.columns) };
}

export { connect, pauses, transaction, unregisterConnection, weakened };

/** Parts of the library that mutants change. */
export const internals = {
  CacheEngine,
  DependencyFrame,
  Flights,
  ModelCache,
  PendingDrops,
  Suspension,
  TransactionScope,
};
