import { channel } from 'node:diagnostics_channel';

/** One SQL statement that ran. */
export interface QueryEvent {
  /** The name of the connection. */
  readonly connection: string;
  /** The label of the model it is about, where it is about one. */
  readonly model: string | undefined;
  /** The SQL text; parameter values are never told. */
  readonly text: string;
  readonly durationMs: number;
  /** How many rows came back, or were changed where none came back. */
  readonly rows: number;
  readonly error?: Error;
}

/** One use of the cache for a row, a query or a computed value. */
export interface CacheEvent {
  /** The label of the model or of the computed value. */
  readonly label: string;
  readonly outcome: 'hit' | 'miss' | 'bypass' | 'fill';
  /** Why, where it is not a hit. */
  readonly reason?: string;
  /** The size of the entry, where one was read or written. */
  readonly bytes?: number;
}

/** Stamps that were dropped, so that nothing which was computed under them is served again. */
export interface InvalidationEvent {
  /** The label of the model whose rows changed, where it was a model. */
  readonly label: string | undefined;
  readonly stamps: readonly string[];
  readonly durationMs: number;
  readonly error?: Error;
}

/** One run of a computed value's function. */
export interface ComputeEvent {
  readonly label: string;
  readonly durationMs: number;
  readonly error?: Error;
}

/** Caching of a table was turned on or off, because changes that others make to it are heard of, or are not. */
export interface CaptureEvent {
  /** The name of the connection. */
  readonly connection: string;
  /** The table; undefined where it is about all of them. */
  readonly table: string | undefined;
  readonly captured: boolean;
  /** Why it is not. */
  readonly reason: string | undefined;
}

/** A cached value that differs from the database although nothing invalidated it. No values of rows. */
export interface DriftEvent {
  /** The name of the connection. */
  readonly connection: string;
  /** The label of the model or of the computed value. */
  readonly label: string;
  /** The entry's key in the store. */
  readonly key: string;
  /** The names of what the entry depends on, as far as is known. */
  readonly dependencies: readonly string[];
  /** The stamps under which it counts as valid. */
  readonly stamps: readonly string[];
  /** How long ago it was stored. */
  readonly ageMs: number;
}

/** A channel of `node:diagnostics_channel` whose messages have a type. */
export interface TypedChannel<Event> {
  /** Look here first: making an event costs more than this. */
  readonly hasSubscribers: boolean;
  publish(event: Event): void;
}

function typedChannel<Event>(name: string): TypedChannel<Event> {
  return channel(name);
}

export const queryChannel = typedChannel<QueryEvent>('moneyclip:query');
export const cacheChannel = typedChannel<CacheEvent>('moneyclip:cache');
export const invalidationChannel = typedChannel<InvalidationEvent>('moneyclip:invalidation');
export const computeChannel = typedChannel<ComputeEvent>('moneyclip:compute');
export const driftChannel = typedChannel<DriftEvent>('moneyclip:drift');
export const captureChannel = typedChannel<CaptureEvent>('moneyclip:capture');
