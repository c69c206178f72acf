import type { DatabaseConnection } from '../database/database-connection.js';
import type { TransactionSlot } from '../database/transaction.js';
import type { Row } from '../schema/cell.js';
import { stateOf } from './state-of.js';

/** A property that the library set for the database, with what it was before. */
interface Filled {
  readonly before: unknown;
  given: unknown;
}

/** How an instance was before a transaction first wrote it. */
interface Earlier {
  readonly row: Row | undefined;
  readonly deleted: boolean;
  readonly filled: Map<string, Filled>;
}

/** The instances that a transaction wrote; a savepoint that is rolled back undoes its part alone. */
const written: TransactionSlot<{ readonly instances: Map<object, Earlier>; awaited: boolean }> = {
  create: () => ({ instances: new Map(), awaited: false }),
  merge(outer, inner) {
    for (const [instance, earlier] of inner.instances) keepFirst(outer.instances, instance, earlier);
    inner.instances.clear(); // NOTE: its callback is the outer one's now and must find nothing
  },
};

/**
 * Called before an instance takes over what a statement stored: if the transaction is rolled back, the instance is
 * again what it was, with what the user assigned and without what the database filled in.
 */
export function undoOnRollback(
  connection: DatabaseConnection,
  instance: object,
  filled: ReadonlyMap<string, unknown>,
): void {
  const transaction = connection.currentTransaction();
  if (!transaction) return;
  const data = transaction.state(written);
  const { row, deleted } = stateOf(instance);
  const properties = [...filled].map(([name, given]): [string, Filled] => [
    name,
    { before: Reflect.get(instance, name) as unknown, given },
  ]);
  keepFirst(data.instances, instance, { row, deleted, filled: new Map(properties) });
  if (data.awaited) return;
  data.awaited = true;
  transaction.onSettled((outcome) => {
    if (outcome === 'rolled back') for (const [each, earlier] of data.instances) restore(each, earlier);
  });
}

function keepFirst(instances: Map<object, Earlier>, instance: object, later: Earlier): void {
  const first = instances.get(instance);
  if (!first) {
    instances.set(instance, later);
    return;
  }
  for (const [name, { before, given }] of later.filled) {
    const known = first.filled.get(name);
    if (known) known.given = given;
    else first.filled.set(name, { before, given });
  }
}

function restore(instance: object, { row, deleted, filled }: Earlier): void {
  const state = stateOf(instance);
  state.row = row;
  state.deleted = deleted;
  for (const [name, { before, given }] of filled) {
    if (!Object.is(Reflect.get(instance, name), given)) continue; // the user has assigned something else since
    if (before === undefined) Reflect.deleteProperty(instance, name);
    else Reflect.set(instance, name, before);
  }
}
