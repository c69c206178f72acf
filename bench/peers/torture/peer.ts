/** What a peer shows of a row. */
export interface PeerRow {
  readonly id: number;
  readonly v: number;
  readonly wid: number;
}

/** A row that is to be written, and the bucket that it is put into. */
export interface PeerChange {
  readonly id: number;
  readonly wid: number;
  readonly bucket: number;
}

/** Another library at the work of the torture: cached reads, and writes that correct its cache as its manual says. */
export interface Peer {
  row(id: number): Promise<PeerRow | undefined>;
  list(bucket: number): Promise<readonly PeerRow[]>;
  count(bucket: number): Promise<number>;
  /**
   * Writes rows in one transaction, which reads them under locks first, so that it knows for sure which buckets they were
   * in; after its COMMIT everything that shows them is invalidated. `beforeCommit` may throw, which rolls it back.
   */
  change(changes: readonly PeerChange[], beforeCommit: () => void): Promise<void>;
  clear(): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface PeerWorld {
  readonly database: string;
  readonly redis: string;
  /** To be called when a cached read asks the database. */
  readonly queried: () => void;
}

export const keys = {
  row: (id: number): string => `cell:${id}`,
  list: (bucket: number): string => `bucket:${bucket}`,
  count: (bucket: number): string => `count:${bucket}`,
};

/** The keys of everything that shows rows that were and are in some buckets. */
export function keysOf(ids: readonly number[], buckets: readonly number[]): string[] {
  const places = [...new Set(buckets)];
  return [...ids.map(keys.row), ...places.map(keys.list), ...places.map(keys.count)];
}

export const ttlMs = 3_600_000;

/** After losing its connections a client tries again soon, as moneyclip does. */
export const redisOptions = { maxRetriesPerRequest: 1, retryStrategy: () => 50, commandTimeout: 1000 };
