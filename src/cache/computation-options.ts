import type { Codec } from './call.js';
import type { LockOptions } from './load-lock.js';

/** What tells one computation from another, and how its values are kept. */
export interface ComputationOptions<T> {
  readonly label: string;
  /** What kind of values these are, as part of their keys. */
  readonly family: string;
  /** What tells these values from all others of the family. */
  readonly owner: string;
  readonly ttlMs: number;
  /** True where the ttl was declared for these values: it may stand for what cannot be seen, so what is computed from them ends with them. */
  readonly limitsOthers: boolean;
  readonly codec: Codec<T>;
  /** True where it was said what the values depend on besides what is seen to be read. */
  readonly isWatching?: boolean | undefined;
  /** From this age on the first reader makes the value again, while it and others still get the old one. */
  readonly softTtlMs?: number | undefined;
  /** How long after it ceased to be current an invalidated value may be served, while it is made again; default: never. */
  readonly staleForMs?: number | undefined;
  /** The name of a dependency whose change forbids that, like a change of everything; each call must depend on it. */
  readonly clearedBy?: string | undefined;
  /** How eagerly values are made again shortly before they end; 0 for never, default 1. */
  readonly eagerness?: number | undefined;
  /** One run at a time across processes. */
  readonly lock?: LockOptions | undefined;
  /** How long an error is kept in place of a value; default: not at all. */
  readonly errorTtlMs?: number | undefined;
  /** Whether a value may be made at any time to compare a cached one with. */
  readonly driftCheck?: boolean | undefined;
  /** A longer entry is not stored; default: any is. */
  readonly maxBytes?: number | undefined;
  /** How long a run may take. */
  readonly computeTimeoutMs?: number | undefined;
}
