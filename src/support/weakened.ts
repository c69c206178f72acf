/**
 * Rules of the protocol that tests switch off to show that they would be missed. Everything is false in a program:
 * nothing that is published reaches this object, and a rule costs one look at a property.
 */
export const weakened = {
  /** A hit needs no valid gate. */
  gateAtHit: false,
  /** A gate counts whichever process of Redis it was made for. */
  runId: false,
  /** Entries do not depend on the epoch of the gate. */
  epochInEntry: false,
  /** A gate counts however long its beat has stood still. */
  beat: false,
  /** Who takes the gate over keeps the epoch. */
  newEpoch: false,
  /** Who takes the gate over grants it at once. */
  waitAtTakeOver: false,
  /** The life of the gate counts from when it is renewed, not from before the database was asked. */
  deadlineBeforeCheck: false,
  /** The gate is renewed before what waits in the outbox was dropped. */
  dropBeforeRenewal: false,
  /** The gate's row is read in a statement before that which reads the outbox. */
  oneStatement: false,
  /** Nothing is dropped for what waits in the outbox. */
  outbox: false,
  /** A write is acknowledged whatever the gate is. */
  gateAtWrite: false,
  /** Stamps are taken when a value is stored, not before it is read. */
  stampsBeforeRead: false,
  /** Loads are joined by their keys alone. */
  stampsOfFlight: false,
  /** A write drops nothing for what its rows were before. */
  oldValues: false,
  /** Writes in a transaction drop stamps at once instead of after COMMIT. */
  dropAfterCommit: false,
  /** Reads in a transaction use the cache. */
  pastTransactions: false,
  /** The `verify` level does not ask the database. */
  verification: false,
  /** A write does not look for what else it changed, by triggers and cascades. */
  sideEffects: false,
  /** A strict write marks no stamps before COMMIT. */
  marks: false,
  /** A marked stamp reads as it is, and entries may depend on it. */
  marksHide: false,
  /** A strict write asks nothing of the gate's row. */
  gateAtCommit: false,
  /** The gate is granted while writers that marked stamps elsewhere are open. */
  writersBarGrant: false,
  /** A relay does not look for writers that died. */
  endsWriters: false,
  /** The gate is renewed although everything in Redis was lost. */
  witness: false,
};

/** Where tests hold a step of the protocol up. Nothing in a program sets them. */
export const pauses: {
  /** In a relay, after the database was asked and before anything is dropped or renewed. */
  beforeRenewal?: () => Promise<void>;
  /** In a relay, before it drops what waits. */
  beforeDrops?: () => Promise<void>;
  /** In a relay whose `oneStatement` is weakened. */
  betweenStatements?: () => Promise<void>;
  /** In a strict writer, after it marked its stamps and before COMMIT. */
  beforeCommit?: () => Promise<void>;
  /** In a writer, after COMMIT and before it drops anything. */
  afterCommit?: () => Promise<void>;
} = {};
