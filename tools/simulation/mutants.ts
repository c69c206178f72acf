import type { CacheStore, CacheWrite } from '../../src/store/cache-store.js';
import type { CaptureTables } from './guarantee/capture-tables.js';
import { guaranteedMutants } from './guarantee/guaranteed-mutants.js';
import type { Realm } from './process.js';

type Internals = Realm['internals'];
type Weakened = Realm['weakened'];
type Undo = () => void;

/** A library in which one rule of the protocol does not hold. */
export interface Mutant {
  readonly name: string;
  /** What is done instead of what the rule says. */
  readonly instead: string;
  /** The weather in which that shows. */
  readonly weather: string;
  /** Takes the rule out of one process; the returned function puts it back. */
  readonly apply?: (internals: Internals) => Undo;
  /** The rule that the library itself can do without, for tests. */
  readonly rule?: keyof Weakened;
  /** Changes what the simulated database does for change capture. */
  readonly changeTables?: (tables: CaptureTables) => void;
  /** Stands between the library and its store. */
  readonly wrap?: (store: CacheStore) => CacheStore;
}

/** Takes the rule out of one process; the returned function puts it back. */
export function takeOut({ rule, apply }: Mutant, { internals, weakened }: Realm): Undo {
  const putBack = apply?.(internals);
  if (rule !== undefined) weakened[rule] = true;
  return () => {
    if (rule !== undefined) weakened[rule] = false;
    putBack?.();
  };
}

/** Puts a method over a class's own; the returned function puts the old one back. */
function replace<Owner extends object, Name extends keyof Owner>(
  owner: Owner,
  name: Name,
  make: (original: Owner[Name]) => Owner[Name],
): Undo {
  const original = owner[name];
  owner[name] = make(original);
  return () => {
    owner[name] = original;
  };
}

/** A store of which some operations are done otherwise. */
function wrapped(store: CacheStore, changed: Partial<CacheStore>): CacheStore {
  return {
    name: store.name,
    read: (keys) => store.read(keys),
    acquire: (requests) => store.acquire(requests),
    write: (entries) => store.write(entries),
    drop: (keys) => store.drop(keys),
    close: () => store.close(),
    ...changed,
  };
}

/** Mutants that change the engine. */
const engineMutants: readonly Mutant[] = [
  {
    name: 'late-stamps',
    instead: 'a row is stored under stamps that are acquired after it was read',
    weather: 'calm',
    apply: ({ CacheEngine }) =>
      replace(CacheEngine.prototype, 'fill', (original) => {
        return function fill(this: InstanceType<typeof CacheEngine>, entry) {
          const { stampKeys } = entry;
          if (!stampKeys) return original.call(this, entry);
          void Promise.resolve(this.acquire(stampKeys)).then(
            (stamps) => stamps && original.call(this, { ...entry, stamps }),
          );
          return true;
        };
      }),
  },
  {
    name: 'join-by-key',
    instead: 'a reader shares any load of its key, whatever stamps that one was begun under',
    weather: 'calm',
    apply: ({ Flights }) =>
      replace(Flights.prototype, 'join', (original) => {
        return function join(this: InstanceType<typeof Flights>, key, _stamps, start) {
          return original.call(this, key, [], start);
        };
      }),
  },
  {
    name: 'drop-unawaited',
    instead: 'a write is acknowledged before its drop has reached the store',
    weather: 'calm',
    apply: ({ CacheEngine }) =>
      replace(CacheEngine.prototype, 'drop', (original) => {
        return async function drop(this: InstanceType<typeof CacheEngine>, keys) {
          void original.call(this, keys);
        };
      }),
  },
  {
    name: 'drop-before-commit',
    instead: 'a transaction drops its stamps when it sends COMMIT, not when that was answered',
    weather: 'calm',
    apply: ({ TransactionScope }) =>
      replace(TransactionScope.prototype, 'end', (original) => {
        return function end(this: InstanceType<typeof TransactionScope>) {
          original.call(this);
          const dropped = this.settle('committed');
          this.settle = () => dropped;
        };
      }),
  },
  {
    name: 'never-spoilt',
    instead: 'what was computed while something changed that it reads, or past the cache, is stored all the same',
    weather: 'calm',
    apply: ({ DependencyFrame }) => replace(DependencyFrame.prototype, 'spoil', () => () => undefined),
  },
  {
    name: 'latest-stamps',
    instead: 'of a dependency that was read under two stamps the later one counts',
    weather: 'calm',
    apply: ({ DependencyFrame }) =>
      replace(DependencyFrame.prototype, 'record', () => {
        return function record(this: InstanceType<typeof DependencyFrame>, _owner, keys, stamps) {
          const known = this.stamps as Map<string, string>; // it is one
          keys.forEach((key, index) => known.set(key, stamps[index] ?? ''));
        };
      }),
  },
  {
    name: 'cached-in-transactions',
    instead: 'reads inside a transaction use the cache and fill it',
    weather: 'calm',
    apply: ({ ModelCache }) => replace(ModelCache.prototype, 'bypassReason', () => () => undefined),
  },
];

/** Mutants that change what reaches the store. */
const storeMutants: readonly Mutant[] = [
  {
    name: 'stamps-recur',
    instead: 'a stamp that was dropped comes back with the same text, as a counter would that was lost',
    weather: 'calm',
    wrap: (store) =>
      wrapped(store, {
        acquire: (requests) => store.acquire(requests.map((each): CacheWrite => ({ ...each, value: 'same' }))),
      }),
  },
  {
    name: 'conditions-kept',
    instead: 'a write drops the stamps of its rows and tables, and not of the values that they have',
    weather: 'calm',
    wrap: (store) => wrapped(store, { drop: (keys) => store.drop(keys.filter((key) => !/s:cm?:/.test(key))) }),
  },
  {
    name: 'rows-kept',
    instead: 'a write drops the stamps of tables and values, and not of its rows',
    weather: 'calm',
    wrap: (store) => wrapped(store, { drop: (keys) => store.drop(keys.filter((key) => !/s:rm?:/.test(key))) }),
  },
  {
    name: 'failed-drops-forgotten',
    instead: 'a drop that failed is not tried again',
    weather: 'storm',
    apply: ({ PendingDrops }) => replace(PendingDrops.prototype, 'add', () => () => undefined),
  },
  {
    name: 'reads-before-drops',
    instead: 'a process reads from a store that its failed drops have not reached yet',
    weather: 'storm',
    apply: ({ PendingDrops }) => {
      const original = Object.getOwnPropertyDescriptor(PendingDrops.prototype, 'size') ?? {};
      Object.defineProperty(PendingDrops.prototype, 'size', { configurable: true, get: () => 0 });
      return () => Object.defineProperty(PendingDrops.prototype, 'size', original);
    },
  },
];

export const mutants: readonly Mutant[] = [...engineMutants, ...storeMutants, ...guaranteedMutants];
