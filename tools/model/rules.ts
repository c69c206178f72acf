/**
 * Each rule of the protocol, and what is done instead where it is switched off. A rule whose absence breaks no promise
 * would be one too many; `mutants.ts` shows for each which promise it keeps.
 */
export const rules = {
  acquireBeforeRead: 'stamps are taken after the database was read, when the value is stored',
  joinByStamps: 'a reader shares any load of the same key that is under way',
  noFillInSnapshot: 'what is read inside a REPEATABLE READ transaction is stored',
  noFillInTransaction: 'a transaction stores what it reads, its own uncommitted row',
  dropAfterCommit: 'the writer drops the stamp before COMMIT and not after it',
  randomStamps: 'a stamp that was lost is made anew with the same text, as a counter would be',
  gate: 'there is no gate: a hit needs equal stamps and nothing else',
  instanceCheck: 'a gate counts on whichever instance it is found',
  writerChecksGate: 'a writer has done once it has sent its drop, whatever the gate says',
  waitAtTakeOver: 'a new instance is granted a gate at once',
  newEpoch: 'a new instance keeps the epoch of the one before',
  epochInEntry: 'a hit does not compare epochs',
  deadlineFromBefore: 'the gate lives from when it is written, not from before the database was asked',
  drain: 'a gate is renewed without dropping the stamps of the outbox',
  outbox: 'commits leave nothing in an outbox',
  oneStatement: "the relay reads the gate's row and the outbox in two statements",
  flux: 'a strict writer does not mark the stamp before COMMIT',
  fluxLasts: 'a mark ends by itself after one tick',
  bypassInFlux: 'readers take no notice of marks',
  openWritersBarTakeOver: 'another instance takes over although a writer has marked a stamp on this one',
  rowNamesInstance: "a writer marks on any instance, whatever the gate's row names",
  closedForLong: 'a writer takes a gate that nobody may renew any more for one that has ended',
  grantRemembered: 'a writer takes a row that was granted since it looked for one that never was',
  newToken: 'who takes the gate over keeps the token of the row',
  markNeedsGate: 'a writer marks a stamp where no gate is valid',
} as const;

export type Rule = keyof typeof rules;

/** How much of everything there is. */
export interface Bounds {
  /** `plain`: no gate; `strict`: with marks. */
  readonly level: 'plain' | 'guarded' | 'strict';
  /** How many ticks a gate lives. */
  readonly lifetime: number;
  readonly ticks: number;
  readonly writers: number;
  readonly readers: number;
  readonly readsEach: number;
  readonly relays: number;
  readonly takeOvers: number;
  /** How often writers may suspend the gate. */
  readonly suspensions: number;
  /** Writes by plain SQL, which tell nobody but the outbox. */
  readonly rawWrites: number;
  /** Whether writers may die at any point. */
  readonly crashes: boolean;
  /** Whether transactions may roll back. */
  readonly rollbacks: boolean;
  /** How often the store may lose what it holds: a stamp alone, or everything with the gate. */
  readonly losses: number;
  /** 0: one instance; 1: a second one may start from an old snapshot of the first. */
  readonly failovers: number;
  /** Whether the first instance goes on answering after that. */
  readonly oldStaysUp: boolean;
  /** Whether a second, empty instance answers from the beginning, as where nobody knows any more which one is the master. */
  readonly secondIsUp: boolean;
}

/** A protocol: the rules that hold, and how much of everything is looked at. */
export interface Setting {
  readonly bounds: Bounds;
  readonly without: Rule | undefined;
}

/** Whether a rule holds. */
export function holds({ without, bounds: { level } }: Setting, rule: Rule): boolean {
  if (rule === 'gate' && level === 'plain') return false;
  if (rule === 'flux' && level !== 'strict') return false;
  return without !== rule;
}
