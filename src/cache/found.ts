import type { Entry } from './entry.js';

/** What looking for an entry found. */
export type Found = Hit | Miss | Bypass;

export interface Hit {
  readonly state: 'hit';
  readonly entry: Entry;
  /** The stamps that are current, aligned with the keys that were asked for. */
  readonly stamps: readonly string[];
  /** The entry's length as text. */
  readonly bytes: number;
  /** True where the payload is this process's only copy: whoever hands it out copies it. */
  readonly shared: boolean;
}

/** A hit of an entry that carries exactly the stamps that are current. */
export class EntryHit implements Hit {
  readonly state = 'hit';
  readonly entry: Entry;
  readonly bytes: number;
  readonly shared: boolean;

  constructor(entry: Entry, bytes: number, shared: boolean) {
    this.entry = entry;
    this.bytes = bytes;
    this.shared = shared;
  }

  get stamps(): readonly string[] {
    return this.entry.stamps;
  }
}

export interface Miss {
  readonly state: 'miss';
  readonly reason: 'absent' | 'expired' | 'invalidated' | 'unreadable';
  /** The stamps that are current; undefined where nobody holds one. */
  readonly stamps: readonly (string | undefined)[];
  /** The entry that was there but does not hold, where it could be read. */
  readonly entry: Entry | undefined;
}

/** The cache must not be used now: the caller goes to the database and stores nothing. */
export interface Bypass {
  readonly state: 'bypass';
  readonly reason: string;
}

export const gateIsClosed = 'it is not known whether this cache has heard of all changes (the gate is closed)';

/** What was found, unless the gate is of another epoch than the database says. */
export function ifOfEpoch(found: Found, epoch: string): Found {
  if (found.state === 'bypass' || found.stamps[0] === epoch) return found;
  return { state: 'bypass', reason: gateIsClosed };
}
