import type { CacheEngine } from '../../cache/cache-engine.js';
import type { Keyspace } from '../../cache/keyspace.js';
import type { Change } from '../../changes/change.js';
import type { DatabaseConnection } from '../../database/database-connection.js';
import type { FreshnessProbe } from '../../database/dialect.js';
import { stampsTouched } from '../../invalidation/invalidator.js';
import type { ModelSchema } from '../../schema/model-schema.js';
import { registryVersion } from '../../schema/registry.js';
import { captureChannel } from '../../telemetry/channels.js';
import type { Statistics } from '../../telemetry/statistics.js';
import { noSuchTable } from '../captured-tables.js';
import { declaredNeeds, type TableNeeds } from '../table-needs.js';
import { outboxName } from './log-sql.js';
import { changesLogged } from './logged-changes.js';
import { factsOf, factsSql, gapIn, obstacleIn, type LogFacts } from './logged-tables.js';
import { LogReader } from './log-reader.js';

export interface FileCaptureParts {
  readonly connection: DatabaseConnection;
  readonly probe: FreshnessProbe;
  readonly schema: string;
  readonly keyspace: Keyspace;
  readonly statistics: Statistics;
  readonly clock: CacheEngine['clock'];
  /** What rows of a model lead to by paths and tags, all of it. */
  readonly followedBy: (model: ModelSchema) => readonly string[];
}

/** For which tables and models the triggers were found to be as they must be, or not. */
interface Verified {
  readonly schemaVersion: number;
  readonly registryVersion: number;
  /** Why it cannot be told what others change. */
  readonly gap: string | undefined;
  readonly needs: ReadonlyMap<string, readonly TableNeeds[]>;
}

/**
 * Tells what others changed in a SQLite file, by the log that triggers write. One for each connection.
 *
 * Invariant: every commit moves the file's data_version; that of others on a table of the models is either in the log
 * after the last row that was read, or comes with another schema_version than the one under which the triggers were
 * looked at. So the version is asked first, then the schema's, then the log.
 */
export class FileCapture {
  readonly #parts: FileCaptureParts;
  readonly #reader: LogReader;
  #verified: Verified | undefined;
  #warned: string | undefined;

  constructor(parts: FileCaptureParts) {
    this.#parts = parts;
    this.#reader = new LogReader(parts.probe, parts.schema);
    this.#startAnew();
  }

  get schema(): string {
    return this.#parts.schema;
  }

  /** Why every change of others makes everything forgotten; undefined where it is told what they change. */
  get silence(): string | undefined {
    return this.#verified?.gap;
  }

  /** The stamps of what others changed since this was last asked; true where that is not known, false where it is nothing. */
  changedElsewhere(): boolean | readonly string[] {
    const { probe } = this.#parts;
    if (!probe.moved()) return false;
    try {
      return this.#isVerified() ? this.#read() : this.#startAnew();
    } catch {
      return true; // locked, or closed: what was logged is read the next time
    }
  }

  #read(): boolean | readonly string[] {
    const { probe } = this.#parts;
    const logged = this.#reader.next();
    if (!logged || logged.length === 0) return this.#goOn();
    const foreign = logged.filter(({ token }) => !probe.isOwnRow(token));
    probe.forgetOwnRows();
    if (foreign.length === 0) return false;
    const changes = changesLogged(foreign, this.#verified?.needs ?? new Map<string, never>());
    return this.#stampsOf(changes);
  }

  /** Whatever is not in the log may have changed. */
  #goOn(): true {
    this.#reader.skip();
    return true;
  }

  #stampsOf(changes: readonly Change[]): readonly string[] {
    const { clock, statistics, keyspace, followedBy } = this.#parts;
    const models = new Set(changes.flatMap((change) => ('model' in change ? [change.model] : [])));
    const led = [...models].flatMap((model) => followedBy(model));
    const all: readonly Change[] = led.length > 0 ? [...changes, { kind: 'dependencies', dependencies: led }] : changes;
    return stampsTouched({ clock }, statistics, { changes: all, keyspace });
  }

  #isVerified(): boolean {
    const verified = this.#verified;
    if (verified?.schemaVersion !== this.#parts.probe.schemaVersion()) return false;
    return verified.registryVersion === registryVersion() && verified.gap === undefined;
  }

  /** Looks at the triggers, and goes to the end of the log: what happened up to now is not known. */
  #startAnew(): true {
    const { probe, schema } = this.#parts;
    const before = this.#verified;
    try {
      const schemaVersion = probe.schemaVersion();
      if (before?.schemaVersion !== schemaVersion || before.registryVersion !== registryVersion()) {
        this.#verified = this.#look(schemaVersion);
        this.#tell(before);
        probe.noteOwnRows(this.#verified.gap === undefined ? outboxName(schema) : undefined);
      }
      if (this.#verified?.gap === undefined) this.#reader.skip();
    } catch {
      this.#verified = undefined; // locked, or closed
    }
    return true;
  }

  #look(schemaVersion: number): Verified {
    const { connection, probe, schema } = this.#parts;
    const needs = declaredNeeds(connection.name, 'sqlite');
    const version = registryVersion();
    const [row] = probe.read(factsSql(schema), []);
    const facts = factsOf(
      row?.[0],
      needs.map(({ table }) => table),
      schema,
    );
    const gap = obstacleIn(facts, schema) ?? firstGap(needs, facts, schema);
    return { schemaVersion, registryVersion: version, gap, needs: byName(needs, facts) };
  }

  #tell(before: Verified | undefined): void {
    const { connection } = this.#parts;
    const reason = this.#verified?.gap;
    if (captureChannel.hasSubscribers && (before?.gap !== reason || !before)) {
      captureChannel.publish({ connection: connection.name, table: undefined, captured: reason === undefined, reason });
    }
    if (reason === undefined) this.#warned = undefined;
    if (reason === undefined || reason === this.#warned) return;
    this.#warned = reason;
    process.emitWarning(
      `moneyclip, change capture of connection '${connection.name}': every change of others makes everything forgotten: ${reason}`,
      { type: 'MoneyclipWarning', code: 'MONEYCLIP_CAPTURE' },
    );
  }
}

/** NOTE: what is read of a table that is not there fails; it is made by a change of the schema. */
function firstGap(needs: readonly TableNeeds[], facts: LogFacts, schema: string): string | undefined {
  const gaps = needs.map((need) => gapIn(facts.tables.get(need.table), need, schema));
  return gaps.find((gap) => gap !== undefined && gap !== noSuchTable);
}

function byName(needs: readonly TableNeeds[], facts: LogFacts): ReadonlyMap<string, readonly TableNeeds[]> {
  const found = new Map<string, TableNeeds[]>();
  for (const need of needs) {
    const name = facts.tables.get(need.table)?.name;
    if (name !== undefined) found.set(name, [...(found.get(name) ?? []), need]);
  }
  return found;
}
