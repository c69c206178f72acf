import { faultNamed } from './faults/catalogue.js';
import type { Options } from './options.js';

/** What a run has to be like for the absence of a rule to show. */
export interface Recipe {
  /** Why the absence shows then. */
  readonly why: string;
  readonly settings: Partial<Options>;
}

const named = (...kinds: readonly string[]): Partial<Options> => ({ faults: kinds.map(faultNamed) });
const slowRelays = { beforeRenewal: { ms: 300 } };
const busy: Partial<Options> = { writers: 3, writePauseMs: 60, readers: 8, pauseMs: 5 };

const recipes: Readonly<Record<string, Recipe>> = {
  gateAtHit: {
    why: 'Redis comes back with an old snapshot, or a writer cannot reach it',
    settings: { ...named('redis-rdb', 'redis-cut'), gapMs: 800, windowMs: 1500 },
  },
  runId: {
    why: 'the snapshot that Redis comes back with holds a gate that is not over',
    settings: { ...named('redis-rdb'), gapMs: 6000, windowMs: 5000 },
  },
  epochInEntry: {
    why: 'entries of an old snapshot are there when the gate is opened again',
    settings: { ...named('redis-rdb'), gapMs: 6000, windowMs: 800 },
  },
  newEpoch: {
    why: 'entries of an old snapshot are there when the gate is opened again',
    settings: { ...named('redis-rdb'), gapMs: 6000, windowMs: 800 },
  },
  waitAtTakeOver: {
    why: 'some read from the old master, whose gate is not over, after a failover',
    settings: { ...named('redis-failover'), gapMs: 5000, windowMs: 4000 },
  },
  gateAtWrite: {
    why: 'a writer drops on the new master what others read from the old one',
    settings: { ...named('redis-failover'), gapMs: 5000, windowMs: 4000 },
  },
  beat: {
    why: 'it shows only where somebody sets the clock of Redis back, which these runs cannot do',
    settings: named(),
  },
  deadlineBeforeCheck: {
    why: 'relays stand still for longer than the window before they renew the gate; others write past the library',
    settings: {
      ...named('plain-sql'),
      gapMs: 100,
      windowMs: 1000,
      heldUp: { beforeRenewal: { ms: 2500 } },
      writers: 1,
      writePauseMs: 1000,
    },
  },
  dropBeforeRenewal: {
    why: 'a relay stands still between the renewal and the dropping; others write past the library',
    settings: {
      ...named('plain-sql'),
      gapMs: 100,
      windowMs: 2000,
      heldUp: { beforeDrops: { ms: 1800 } },
      processes: 1,
      readers: 12,
      writers: 0,
    },
  },
  oneStatement: {
    why: 'a relay on the old master hears, for a gate that it had, what others write after the failover',
    settings: {
      ...named('redis-divided'),
      gapMs: 1500,
      windowMs: 500,
      heldUp: { betweenStatements: { ms: 1200, share: 0.5 } },
      writers: 1,
      writePauseMs: 1000,
      seconds: 40,
    },
  },
  outbox: {
    why: 'others write past the library',
    settings: { ...named('plain-sql'), gapMs: 2000, windowMs: 1000, writers: 1 },
  },
  stampsBeforeRead: {
    why: 'PostgreSQL answers slowly, and there are writes meanwhile',
    settings: { ...named('postgres-slow'), ...busy, gapMs: 100, windowMs: 3000 },
  },
  stampsOfFlight: {
    why: 'PostgreSQL answers slowly, and there are writes meanwhile',
    settings: { ...named('postgres-slow'), ...busy, gapMs: 100, windowMs: 3000 },
  },
  oldValues: {
    why: 'rows move between lists; at plain, since what triggers recorded makes up for it at guarded',
    settings: { ...named(), ...busy, level: 'plain' },
  },
  dropAfterCommit: {
    why: 'relays, which hear of it later, are slow',
    settings: { ...named(), ...busy, heldUp: slowRelays },
  },
  pastTransactions: {
    why: 'transactions read what is old, or not committed',
    settings: { ...named(), ...busy },
  },
  verification: {
    why: 'at verify, others write past the library, and relays are slow',
    settings: {
      ...named('plain-sql'),
      level: 'verify',
      gapMs: 100,
      windowMs: 3000,
      heldUp: { beforeRenewal: { ms: 900 } },
      writers: 1,
      writePauseMs: 1000,
    },
  },
  sideEffects: {
    why: 'a trigger of a table writes another; relays are slow',
    settings: { ...named(), ...busy, heldUp: slowRelays },
  },
};

/** How a rule is missed; a rule that nobody thought of runs as it was asked for. */
export function recipeFor(mutant: string): Recipe {
  return recipes[mutant] ?? { why: '', settings: {} };
}
