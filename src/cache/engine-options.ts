import type { CacheNote, CacheStore } from '../store/cache-store.js';
import type { Clock } from '../support/clock.js';
import type { Keyspace } from './keyspace.js';

/** What is told about the engine's work; every method is called at most once per event and must be cheap. */
export interface EngineEvents {
  storeFailed(operation: 'read' | 'acquire' | 'write' | 'drop', error: unknown): void;
  corruptEntry(key: string): void;
}

/** What answers whether entries behind the gate may be read now. */
export interface GateOptions {
  /** The stamp that stands first where there is one: none under it means that the gate is closed. */
  readonly key: string;
  /**
   * Asks the database before the store is read: the epoch that must be found there then, or why it may not be read.
   * Without it the gate alone tells.
   */
  readonly confirm?: ((stampKeys: readonly string[]) => Promise<Confirmed>) | undefined;
}

/** What the database says of entries with some stamps. */
export type Confirmed = { readonly epoch: string } | { readonly reason: string };

export interface EngineOptions {
  readonly store: CacheStore;
  readonly clock: Clock;
  readonly keyspace: () => Keyspace;
  /** Degrade to the database or throw when the store fails. */
  readonly onFailure: 'degrade' | 'throw';
  readonly events: EngineEvents;
  /** How long the store should keep a new stamp at least; 0 for the few that are never let go. */
  readonly stampTtlMs: (stampKey: string) => number;
  /**
   * Tells whether somebody else may have written to the database since it was last asked (SQLite); never waits. Where
   * it is known what they wrote it answers the keys of the stamps that this touches.
   */
  readonly changedElsewhere?: (() => boolean | readonly string[]) | undefined;
  /** Why nothing that depends on one of these stamps may be read or stored now; undefined where it may. */
  readonly reasonAgainst?: ((stampKeys: readonly string[]) => string | undefined) | undefined;
  readonly gate?: GateOptions | undefined;
}

/** A value to keep, with the stamps that were acquired before it was read. */
export interface Fill {
  readonly key: string;
  readonly stamps: readonly string[];
  /**
   * The keys of the stamps. A store in this process then keeps the entry together with them; where there are no
   * `dependencies`, so that its key alone tells them and `lookupAt` will ask for it, the payload as text.
   */
  readonly stampKeys?: readonly string[] | undefined;
  /** What tells these very keys from all other lists; whoever asks with it need not have them compared. */
  readonly listId?: number | undefined;
  readonly dependencies?: readonly string[] | undefined;
  readonly payload: unknown;
  readonly ttlMs: number;
  readonly costMs: number;
  /** After this time it is to be made again while it is still served. */
  readonly softMs?: number | undefined;
  /** A longer text is not stored; without it any is. */
  readonly maxBytes?: number | undefined;
  /** By what it is listed, where the store can do that. */
  readonly note?: CacheNote | undefined;
}
