import type { GateOptions } from '../cache/engine-options.js';
import type { Keyspace } from '../cache/keyspace.js';
import { captureSettings, type CaptureOptions, type CaptureSettings } from '../capture/capture-options.js';
import { Capture } from '../capture/capture.js';
import { FileCapture } from '../capture/sqlite/file-capture.js';
import type { Change } from '../changes/change.js';
import { followedBy } from '../compute/row-followers.js';
import {
  guaranteeSettings,
  type GuaranteeLevel,
  type GuaranteeOptions,
  type GuaranteeSettings,
} from '../capture/guarantee.js';
import { CommitMarks } from '../capture/commit-marks.js';
import { unknownTable, type RecordedChange } from '../capture/recorded-changes.js';
import { WriteGuard } from '../capture/write-guard.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { UsageError } from '../errors.js';
import type { CacheStore } from '../store/cache-store.js';
import { GatedStore } from '../store/gate/gated-store.js';
import type { GateSetting } from '../store/open-store.js';
import type { Clock } from '../support/clock.js';
import type { Statistics } from '../telemetry/statistics.js';

/** How others' changes are heard of, and what that is good for. */
export interface CaptureChoice {
  readonly capture: CaptureSettings | undefined;
  readonly guarantee: GuaranteeSettings | undefined;
}

/** What a connection consists of by the time that its capture is made. */
export interface CapturedParts {
  readonly settings: CaptureChoice & { readonly keyspace: () => Keyspace };
  readonly connection: DatabaseConnection;
  readonly store: CacheStore;
  readonly clock: Clock;
}

/** Reads the options; a guarantee implies capture. Throws UsageError. */
export function captureChoice(options: {
  readonly capture?: boolean | CaptureOptions;
  readonly guarantee?: GuaranteeLevel | GuaranteeOptions;
}): CaptureChoice {
  const guarantee = guaranteeSettings(options.guarantee);
  if (guarantee && options.capture === false) {
    throw new UsageError(
      "connect: a guarantee needs to hear of others' changes; leave capture out, or use guarantee: 'plain'",
    );
  }
  return { guarantee, capture: captureSettings(guarantee ? (options.capture ?? true) : options.capture) };
}

/** Throws UsageError where a database or prefix does not go with the choice. */
export function assertCapturable(
  { capture, guarantee }: CaptureChoice,
  { prefix, capture: asked }: { readonly prefix?: unknown; readonly capture?: boolean | CaptureOptions },
  { facts }: DatabaseConnection,
): void {
  const given = typeof asked === 'object' ? Object.keys(asked).find((name) => name !== 'schema') : undefined;
  if (!capture) return;
  const option = guarantee ? 'guarantee' : given && `capture.${given}`;
  if (facts.name === 'sqlite' && option !== undefined) {
    throw new UsageError(`connect: ${option} is for PostgreSQL; on SQLite every read looks at the file. Leave it out.`);
  }
  if (typeof prefix === 'function') {
    throw new UsageError(
      `connect: ${guarantee ? 'guarantee' : 'capture'} needs one prefix for the whole connection, not a function`,
    );
  }
}

/** The gate that the store is to keep, where there is to be one. */
export function gateSetting({ guarantee, keyspace }: CapturedParts['settings']): GateSetting | undefined {
  const gate = guarantee && keyspace().gate;
  return gate === undefined || !guarantee ? undefined : { key: gate, windowMs: guarantee.windowMs };
}

export function captureOf(
  { settings: { keyspace, guarantee, capture: settings }, connection, clock, store }: CapturedParts,
  statistics: Statistics,
): Capture | FileCapture | undefined {
  if (!settings) return undefined;
  const { probe } = connection;
  if (probe) {
    const { schema } = settings;
    return new FileCapture({ connection, probe, schema, clock, keyspace: keyspace(), statistics, followedBy });
  }
  const gate = store instanceof GatedStore ? store.gate : undefined;
  const verifies = guarantee?.level === 'verify';
  const isStrict = guarantee?.level === 'strict';
  return new Capture({ connection, clock, settings, keyspace: keyspace(), statistics, gate, verifies, isStrict });
}

/** What acknowledges the writes of a connection, also of one that caches nothing itself; at the level `strict` it is asked before each COMMIT. */
export function guardOf(
  { settings: { keyspace, guarantee, capture: settings }, connection, clock, store }: CapturedParts,
  heard: Capture | FileCapture | undefined,
  onFailure: 'degrade' | 'throw',
): WriteGuard | undefined {
  if (!(store instanceof GatedStore) || !settings) return undefined;
  const capture = heard instanceof Capture ? heard : undefined;
  const guard = new WriteGuard({
    connection,
    clock,
    store,
    keyspace: keyspace(),
    schema: settings.schema,
    onFailure,
    suspends: guarantee?.level !== 'strict',
    consumerId: () => capture?.consumerId,
    hearSoon: () => capture?.hearSoon(),
    mayBeOpen: () => capture?.mayBeOpen ?? true,
    hasSideEffects: (table) => capture?.hasSideEffects(table) ?? true,
    changesOf: (records) => capture?.changesOf(records) ?? [],
  });
  if (guarantee?.level === 'strict') {
    const { schema } = settings;
    const changesOf = (records: readonly RecordedChange[]): readonly Change[] =>
      capture ? capture.changesOf(records) : records.map(({ source }) => unknownTable(source));
    const { marks } = store.gate;
    connection.guardCommits(
      new CommitMarks({ connection: connection.name, marks, guard, keyspace: keyspace(), schema, changesOf }),
    );
  }
  return guard;
}

export function gateOptions(capture: Capture | FileCapture | undefined): GateOptions | undefined {
  if (!(capture instanceof Capture) || !capture.gate) return undefined;
  const { gate, verifier } = capture;
  return { key: gate.key, confirm: verifier && ((stampKeys) => verifier.confirm(stampKeys)) };
}
