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

const slowly: Partial<Options> = { writers: 1, writePauseMs: 100, readers: 16, pauseMs: 5, gapMs: 100 };

const strict: Partial<Options> = { ...busy, level: 'strict', processes: 2 };

const recipes: Readonly<Record<string, Recipe>> = {
  gateAtHit: {
    why: 'Redis comes back with an old snapshot, or a writer cannot reach it',
    settings: { ...named('redis-rdb', 'redis-cut'), calmMs: 4000, gapMs: 500, windowMs: 1500, ...busy },
  },
  runId: {
    why: 'the snapshot that Redis comes back with holds a gate that is not over',
    settings: { ...named('redis-rdb'), calmMs: 7000, gapMs: 500, windowMs: 5000, ...busy },
  },
  epochInEntry: {
    why: 'entries of an old snapshot are there when the gate is opened again',
    settings: { ...named('redis-rdb'), calmMs: 4000, gapMs: 500, windowMs: 1000, ...busy },
  },
  newEpoch: {
    why: 'entries of an old snapshot are there when the gate is opened again',
    settings: { ...named('redis-rdb'), calmMs: 4000, gapMs: 500, windowMs: 1000, ...busy },
  },
  waitAtTakeOver: {
    why: 'some read from the old master, whose gate is not over, after a failover',
    settings: { ...named('redis-failover'), calmMs: 6000, gapMs: 500, windowMs: 4000, ...busy },
  },
  gateAtWrite: {
    why: 'a writer drops on the new master what others read from the old one',
    settings: { ...named('redis-failover'), calmMs: 6000, gapMs: 500, windowMs: 4000, ...busy },
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
      writers: 0,
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
      calmMs: 3000,
      gapMs: 500,
      windowMs: 800,
      heldUp: { betweenStatements: { ms: 1200, share: 0.5 } },
      writers: 0,
      seconds: 40,
    },
  },
  outbox: {
    why: 'others write past the library',
    settings: { ...named('plain-sql'), gapMs: 2000, windowMs: 1000, writers: 0 },
  },
  stampsBeforeRead: {
    why: 'PostgreSQL answers slowly, and there are writes meanwhile',
    settings: { ...named('postgres-slow'), ...slowly },
  },
  stampsOfFlight: {
    why: 'at plain: PostgreSQL answers slowly, and there are writes meanwhile',
    settings: { ...named('postgres-slow'), ...busy, readers: 16, gapMs: 100, level: 'plain' },
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
      writers: 0,
    },
  },
  sideEffects: {
    why: 'a trigger of a table writes another; relays are slow',
    settings: { ...named(), ...busy, heldUp: slowRelays },
  },
  marks: {
    why: 'writers stand still between COMMIT and the dropping',
    settings: { ...named(), ...strict, heldUp: { afterCommit: { ms: 200, share: 0.5 } } },
  },
  marksHide: {
    why: 'writers stand still between COMMIT and the dropping',
    settings: { ...named(), ...strict, heldUp: { afterCommit: { ms: 200, share: 0.5 } } },
  },
  gateAtCommit: {
    why: 'a writer commits on the new master, where no gate is valid yet, while others read from the old one',
    settings: {
      ...named('redis-failover'),
      ...strict,
      calmMs: 6000,
      gapMs: 500,
      windowMs: 4000,
      heldUp: { afterCommit: { ms: 200, share: 0.5 } },
    },
  },
  writersBarGrant: {
    why: 'a writer that marked its stamps stands still before COMMIT, for longer than a take-over, and then after it',
    settings: {
      ...named('redis-kill'),
      ...strict,
      calmMs: 3000,
      gapMs: 500,
      windowMs: 500,
      heldUp: { beforeCommit: { ms: 2000, share: 0.3 }, afterCommit: { ms: 300 } },
    },
  },
  endsWriters: {
    why: 'it is not seen in answers: what a dead writer has marked is read from the database for ever',
    settings: { ...named('app-kill-in-commit'), level: 'strict' },
  },
  witness: {
    why: 'a writer that marked its stamps stands still before COMMIT while everything in Redis is lost, and then after it',
    settings: {
      ...named('redis-flush'),
      ...strict,
      gapMs: 300,
      windowMs: 1000,
      heldUp: { beforeCommit: { ms: 400, share: 0.5 }, afterCommit: { ms: 200 } },
    },
  },
};

/** How a rule is missed; a rule that nobody thought of runs as it was asked for. */
export function recipeFor(mutant: string): Recipe {
  return recipes[mutant] ?? { why: '', settings: {} };
}
