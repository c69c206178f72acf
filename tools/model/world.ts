/** No version at all: there is no entry. */
export const none = 255;
/** The version of a write that is never committed. */
export const uncommitted = 254;

/** One Redis instance, as far as one cached row is concerned. Stamps are numbers that stand for random texts; 0 is none. */
export interface Store {
  isUp: number;
  stamp: number;
  /** The writers, as bits, that have marked the stamp as in flux. */
  flux: number;
  entryVersion: number;
  entryStamp: number;
  entryEpoch: number;
  /** 0: there is no gate. */
  gateEpoch: number;
  gateInstance: number;
  gateUntil: number;
}

export const writerStages = [
  'idle',
  'open',
  'marked',
  'dropped',
  'committed',
  'waiting',
  'rolledBack',
  'done',
] as const;

export interface Writer {
  stage: (typeof writerStages)[number];
  store: number;
  version: number;
  committedAt: number;
  /** 0: not known; 1: committed; 2: rolled back. What PostgreSQL says of the transaction. */
  outcome: number;
}

export const readerStages = ['idle', 'bypassing', 'acquiring', 'acquired', 'holding', 'inSnapshot', 'storing'] as const;

export interface Reader {
  stage: (typeof readerStages)[number];
  reads: number;
  store: number;
  /** The version that was acknowledged when the read began. */
  acknowledged: number;
  /** The newest version that any read had returned when this one began. */
  returned: number;
  stamp: number;
  epoch: number;
  version: number;
}

export const relayStages = ['idle', 'asked', 'selecting', 'checked', 'applied'] as const;

export interface Relay {
  stage: (typeof relayStages)[number];
  store: number;
  /** What the clock said before the database was asked. */
  askedAt: number;
  epoch: number;
  /** The outbox rows that were seen, as bits. */
  rows: number;
}

/** Everything else: the clock, the database, and how much of each fault has happened. */
export interface Shared {
  clock: number;
  committed: number;
  acknowledged: number;
  returned: number;
  /** The outbox rows that are there, as bits by version. */
  outbox: number;
  /** The row of the gate in PostgreSQL. */
  gateInstance: number;
  gateEpoch: number;
  grantableFrom: number;
  /** Whether relays may renew the gate by the row; a step of its own only where the gate may be suspended. */
  granted: number;
  suspended: number;
  token: number;
  /** What the writers remember of a row that allows nobody to renew, and since when; a token of 0: nothing. */
  seenToken: number;
  seenGranted: number;
  seenSince: number;
  nextEpoch: number;
  takeOvers: number;
  suspensions: number;
  rawWrites: number;
  losses: number;
  snapshots: number;
  failovers: number;
}

export interface World extends Shared {
  /** When each version was committed. */
  commitTimes: number[];
  stores: Store[];
  /** What a replica or a file on disk has of the first store. */
  snapshot: Store;
  writers: Writer[];
  readers: Reader[];
  relays: Relay[];
}

export function emptyStore(isUp: number): Store {
  const noEntry = { entryVersion: none, entryStamp: 0, entryEpoch: 0 };
  return { isUp, stamp: 0, flux: 0, ...noEntry, gateEpoch: 0, gateInstance: 0, gateUntil: 0 };
}

export const idleWriter: Writer = { stage: 'idle', store: 0, version: 0, committedAt: 0, outcome: 0 };
export const idleRelay: Relay = { stage: 'idle', store: 0, askedAt: 0, epoch: 0, rows: 0 };

export function idleReader(reads: number): Reader {
  return { stage: 'idle', reads, store: 0, acknowledged: 0, returned: 0, stamp: 0, epoch: 0, version: 0 };
}

export function copyOf(world: World): World {
  return {
    ...world,
    commitTimes: [...world.commitTimes],
    stores: world.stores.map((store) => ({ ...store })),
    snapshot: { ...world.snapshot },
    writers: world.writers.map((writer) => ({ ...writer })),
    readers: world.readers.map((reader) => ({ ...reader })),
    relays: world.relays.map((relay) => ({ ...relay })),
  };
}
