import type { Bounds, Rule } from './rules.js';

/** One set of bounds within which everything is looked at. */
export interface Scenario {
  readonly name: string;
  readonly bounds: Bounds;
  /** Looked at with `--deep` only. */
  readonly isDeep?: boolean;
}

const plain: Bounds = {
  level: 'plain',
  lifetime: 0,
  ticks: 0,
  writers: 2,
  readers: 2,
  readsEach: 2,
  relays: 0,
  takeOvers: 0,
  suspensions: 0,
  rawWrites: 0,
  crashes: false,
  rollbacks: true,
  losses: 1,
  failovers: 0,
  oldStaysUp: true,
  secondIsUp: false,
};
const guarded: Bounds = {
  ...plain,
  level: 'guarded',
  lifetime: 1,
  ticks: 3,
  writers: 1,
  readsEach: 1,
  relays: 1,
  rollbacks: false,
  losses: 0,
};
const failover: Bounds = { ...guarded, takeOvers: 1, failovers: 1 };
const strict: Bounds = { ...guarded, level: 'strict', ticks: 2, readers: 3, crashes: true, rollbacks: true };
const twoMasters: Bounds = { ...strict, takeOvers: 1, secondIsUp: true, crashes: false, rollbacks: false };

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  plain: { name: 'plain: two writers, rollbacks, a lost stamp', bounds: plain },
  raw: { name: 'guarded: plain SQL, a writer that dies', bounds: { ...guarded, rawWrites: 1, crashes: true } },
  losses: { name: 'guarded: the store loses a stamp, or all', bounds: { ...guarded, losses: 1, rawWrites: 1 } },
  failover: { name: 'guarded: failover, both instances answer', bounds: failover },
  restart: { name: 'guarded: restart from an old snapshot', bounds: { ...failover, oldStaysUp: false } },
  relays: {
    name: 'guarded: failover with two relays, plain SQL',
    bounds: { ...failover, writers: 0, readers: 1, readsEach: 2, relays: 2, rawWrites: 1 },
  },
  suspension: {
    name: 'guarded: suspended, taken over again',
    bounds: { ...guarded, readers: 1, readsEach: 2, takeOvers: 1, suspensions: 2 },
  },
  strict: { name: 'strict: a writer that dies or rolls back', bounds: strict },
  strictWriters: {
    name: 'strict: two writers of one stamp',
    bounds: { ...strict, writers: 2, readers: 2, ticks: 1, rollbacks: false },
  },
  strictMasters: { name: 'strict: two instances, one takes over', bounds: twoMasters },
  deepPlain: { name: 'plain: three readers', bounds: { ...plain, readers: 3 }, isDeep: true },
  deepFailover: {
    name: 'guarded: failover, plain SQL, a writer that dies',
    bounds: { ...failover, rawWrites: 1, crashes: true },
    isDeep: true,
  },
  deepSuspension: {
    name: 'guarded: suspended, then a failover',
    bounds: { ...failover, readers: 1, readsEach: 2, ticks: 2, suspensions: 1 },
    isDeep: true,
  },
  deepRelays: {
    name: 'guarded: two relays, two take-overs',
    bounds: { ...failover, readsEach: 2, readers: 1, relays: 2, takeOvers: 2, ticks: 4 },
    isDeep: true,
  },
  deepStrict: {
    name: 'strict: failover, three readers',
    bounds: { ...strict, ticks: 3, takeOvers: 1, failovers: 1, rollbacks: false },
    isDeep: true,
  },
};

export type ScenarioName =
  | 'plain'
  | 'raw'
  | 'losses'
  | 'failover'
  | 'restart'
  | 'relays'
  | 'suspension'
  | 'strict'
  | 'strictWriters'
  | 'strictMasters'
  | 'deepPlain'
  | 'deepFailover'
  | 'deepSuspension'
  | 'deepRelays'
  | 'deepStrict';

/** In which scenario the absence of each rule shows. */
export const mutants: Readonly<Record<Rule, ScenarioName>> = {
  acquireBeforeRead: 'plain',
  joinByStamps: 'plain',
  noFillInSnapshot: 'plain',
  noFillInTransaction: 'plain',
  dropAfterCommit: 'plain',
  randomStamps: 'plain',
  gate: 'failover',
  instanceCheck: 'failover',
  writerChecksGate: 'failover',
  waitAtTakeOver: 'failover',
  newEpoch: 'failover',
  epochInEntry: 'failover',
  deadlineFromBefore: 'raw',
  drain: 'raw',
  outbox: 'raw',
  oneStatement: 'relays',
  closedForLong: 'suspension',
  grantRemembered: 'suspension',
  newToken: 'suspension',
  flux: 'strict',
  fluxLasts: 'strict',
  bypassInFlux: 'strict',
  openWritersBarTakeOver: 'strictMasters',
  rowNamesInstance: 'strictMasters',
  markNeedsGate: 'strictMasters',
};
