import type { CacheEngine } from '../cache/cache-engine.js';
import type { Keyspace } from '../cache/keyspace.js';
import type { Change } from '../changes/change.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { OwnConnection } from '../database/own-connection.js';
import { UsageError } from '../errors.js';
import type { RedisGate } from '../store/gate/redis-gate.js';
import { invalidate } from '../invalidation/invalidator.js';
import { randomStamp } from '../support/random-stamp.js';
import { elapsed, longestSince, type Clock, type Moment } from '../support/clock.js';
import { captureChannel } from '../telemetry/channels.js';
import type { Statistics } from '../telemetry/statistics.js';
import type { CaptureSettings } from './capture-options.js';
import { noSuchTable, obstacleIn, readFacts, type DatabaseFacts } from './captured-tables.js';
import type { Consumer } from './consumer.js';
import { GateKeeper, longestGateMs } from './gate-keeper.js';
import { changesOf, type RecordedChange } from './recorded-changes.js';
import type { GuaranteeStats } from './guarantee-stats.js';
import { Relay } from './relay.js';
import { declaredNeeds, type TableNeeds } from './table-needs.js';
import { TableWatch, type TableTurn } from './table-watch.js';
import { Verifier } from './verifier.js';

/** Without news from the outbox for so long, nothing is taken from the cache. */
const longestSilenceMs = 10_000;
const nothingHeard = `nothing was heard of changes for ${longestSilenceMs / 1000} seconds`;
/** So many changes at most are made known by one command, where they are of several statements. */
const mostChangesAtOnce = 250;

type GateCounts = Pick<GuaranteeStats, 'open' | 'lapses' | 'takeOvers' | 'questions' | 'refusals'>;

export interface CaptureParts {
  readonly connection: DatabaseConnection;
  readonly clock: Clock;
  readonly settings: CaptureSettings;
  readonly keyspace: Keyspace;
  readonly statistics: Statistics;
  /** The gate of the cache, where it has one. */
  readonly gate?: RedisGate | undefined;
  /** Whether the database is asked before each hit. */
  readonly verifies?: boolean | undefined;
  /** Whether writers mark stamps, so that the gate must not go on where marks were lost. */
  readonly isStrict?: boolean | undefined;
}

/**
 * Hears of what others change in the database, and allows caching only where it does. One for each connection; made
 * before its engine, which asks it about every read.
 */
export class Capture {
  readonly #parts: CaptureParts;
  readonly #tables: TableWatch;
  /** Keeps the gate open, where there is one. */
  readonly keeper: GateKeeper | undefined;
  /** Asks the database before each hit, where that is wanted. */
  readonly verifier: Verifier | undefined;
  #engine: CacheEngine | undefined;
  #relay: Relay | undefined;
  #facts: { readonly needs: readonly TableNeeds[]; readonly facts: DatabaseFacts } | undefined;
  /** Why nothing may be cached now. */
  #reason: string | undefined = 'change capture has not started';
  #warned: string | undefined;
  #warnedOfWindow: number | undefined;
  #cancelSilence: (() => void) | undefined;
  /** When that was asked for which was heard last. */
  #heardAt: Moment | undefined;
  /** Since when the database has no gates, as far as is known; undefined while it has. */
  #gatelessSince: number | undefined;

  constructor(parts: CaptureParts) {
    this.#parts = parts;
    this.#tables = new TableWatch(parts.keyspace, parts.settings.schema);
    this.keeper = parts.gate && this.#keeperOf(parts.gate);
    this.verifier = parts.gate && parts.verifies ? this.#verifierOf(parts.gate) : undefined;
  }

  get gate(): RedisGate | undefined {
    return this.#parts.gate;
  }

  /** How the gate fared, and the questions of `verify`; undefined where there is no gate. */
  get gateCounts(): GateCounts | undefined {
    const { gate } = this.#parts;
    if (!gate || !this.keeper) return undefined;
    const { questions, refusals } = this.verifier ?? { questions: 0, refusals: 0 };
    return { open: gate.isOpen, lapses: gate.lapses, takeOvers: this.keeper.takeOvers, questions, refusals };
  }

  /** How the database knows this cache; undefined while it does not. */
  get consumerId(): string | undefined {
    return this.#relay?.consumerId;
  }

  /** Whether any cache may have an open gate: none where the database has had no gates for longer than one lives. */
  get mayBeOpen(): boolean {
    const { gate, clock } = this.#parts;
    if (!gate || this.#gatelessSince === undefined) return true;
    return elapsed(clock) - this.#gatelessSince < longestGateMs(gate.windowMs);
  }

  /** Whether a write to a table may change more than the library knows of. */
  hasSideEffects(table: string): boolean {
    return this.#tables.hasSideEffects(table);
  }

  /** What was recorded, as changes of the models of this process. */
  changesOf(records: readonly RecordedChange[]): Change[] {
    return records.flatMap((record) => changesOf(record, this.#tables.sources));
  }

  /** Reads what waits in the outbox without waiting for the time to come. */
  hearSoon(): void {
    this.#relay?.hearSoon();
  }

  get schema(): string {
    return this.#parts.settings.schema;
  }

  /** Why nothing may be cached now; undefined where what depends on captured tables alone may be. */
  get silence(): string | undefined {
    // NOTE: a process that was stopped, or whose computer slept, may be asked before any timer runs
    if (this.#reason === undefined && this.#silenceLeftMs <= 0) this.#turnOff(nothingHeard);
    return this.#reason;
  }

  get #silenceLeftMs(): number {
    return this.#heardAt ? longestSilenceMs - longestSince(this.#parts.clock, this.#heardAt) : 0;
  }

  /** Why nothing that depends on one of these stamps may be read from the cache or stored in it. */
  reasonAgainst(stampKeys: readonly string[]): string | undefined {
    const { silence } = this;
    if (silence !== undefined) return silence;
    const table = this.#tables.untrusted(stampKeys);
    if (table === undefined) return undefined;
    const reason = this.#tables.reasonFor(table);
    if (reason !== undefined) return `changes of table ${table} are not captured: ${reason}`;
    this.#relay?.checkSoon();
    return `it is not known yet whether changes of table ${table} are captured`;
  }

  /** Begins to listen. Resolves when that works, or when it is known that it does not and caching is off. */
  async start(engine: CacheEngine): Promise<void> {
    const { connection, clock, settings, keyspace } = this.#parts;
    this.#engine = engine;
    this.#relay = new Relay({
      connection,
      clock,
      settings,
      prefix: keyspace.prefix,
      keeper: this.keeper,
      tasks: {
        identity: () => this.#identity(engine),
        forgetEverything: () => this.#drop([{ kind: 'everything' }]),
        apply: (changes) => this.#apply(changes),
        isPossible: (own) => this.#isPossible(own),
        checkTables: (consumer) => this.#checkTables(consumer),
        heard: (askedAt) => this.#heard(askedAt),
        waitsForGate: () =>
          (this.#reason &&= 'the gate of this cache is not granted yet; it is once every older one has ended'),
        failed: (error) => this.#failed(error),
      },
    });
    this.gate?.instance.onKnown(() => this.hearSoon());
    await this.#relay.start();
  }

  /** Stops to listen; nothing is cached any more. */
  async close(): Promise<void> {
    await this.#relay?.close(this.#engine?.port.inProcess !== undefined);
    this.#cancelSilence?.();
    this.#reason = 'the connection is closed';
  }

  #keeperOf(gate: RedisGate): GateKeeper {
    const { clock, settings, keyspace, isStrict } = this.#parts;
    const witnessKey = isStrict ? keyspace.identity : undefined;
    const { schema } = settings;
    const hasOtherWindow = (windowMs: number): void => this.#warnOfWindow(gate.ownWindowMs, windowMs);
    return new GateKeeper({ gate, clock, schema, prefix: keyspace.prefix, witnessKey, hasOtherWindow });
  }

  #verifierOf(gate: RedisGate): Verifier {
    const { connection, settings, keyspace } = this.#parts;
    return new Verifier({
      connection,
      gate,
      schema: settings.schema,
      prefix: keyspace.prefix,
      consumerId: () => this.consumerId,
      sourcesBehind: (stampKeys) => this.#tables.sourcesBehind(stampKeys),
      hearSoon: () => this.hearSoon(),
    });
  }

  /** What tells this cache from every other: a text in the store itself, so that it is lost with what it stands for. */
  async #identity({ port }: CacheEngine): Promise<string> {
    const { keyspace } = this.#parts;
    const [identity] = await port.acquire([{ key: keyspace.identity, value: randomStamp(), ttlMs: 0 }]);
    if (identity === undefined) throw new TypeError('the store lost the name of the cache; it is made again');
    return identity;
  }

  async #isPossible(own: OwnConnection): Promise<boolean> {
    const { connection, settings } = this.#parts;
    const needs = declaredNeeds(connection.name);
    const ask = async (text: string): Promise<unknown> => (await own.run({ text, parameters: [] })).rows[0]?.[0];
    const facts = await readFacts(
      ask,
      settings.schema,
      needs.map(({ table }) => table),
    );
    const obstacle = obstacleIn(facts, settings.schema, this.gate !== undefined) ?? this.gate?.instance.obstacle;
    this.#noteGate(facts);
    if (obstacle === undefined) this.#facts = { needs, facts };
    else this.#turnOff(obstacle);
    return obstacle === undefined;
  }

  #noteGate({ installed, hasGate }: DatabaseFacts): void {
    if (installed && hasGate) this.#gatelessSince = undefined;
    else this.#gatelessSince ??= elapsed(this.#parts.clock);
  }

  async #checkTables(consumer: Consumer): Promise<void> {
    if (!this.#facts) return;
    const { needs, facts } = this.#facts;
    this.#tell(this.#tables.check(needs, facts, await consumer.tableStates()));
    const { doubtful } = this.#tables;
    if (doubtful.length > 0) {
      await this.#drop(doubtful.flatMap(({ models: [model] }) => (model ? [{ kind: 'table', model }] : [])));
      await consumer.noteTableStates(this.#tables.states);
    }
    this.#tables.settled(doubtful);
  }

  async #apply(records: readonly RecordedChange[]): Promise<void> {
    let changes: Change[] = [];
    for (const record of records) {
      const more = changesOf(record, this.#tables.sources);
      if (changes.length > 0 && changes.length + more.length > mostChangesAtOnce) {
        await this.#drop(changes);
        changes = [];
      }
      changes.push(...more);
    }
    await this.#drop(changes);
  }

  async #drop(changes: readonly Change[]): Promise<void> {
    const { keyspace, statistics } = this.#parts;
    const engine = this.#engine;
    if (!engine) return;
    await invalidate(engine, statistics, { changes, keyspace, drop: async (keys) => engine.port.drop(keys) });
  }

  #heard(askedAt: Moment): void {
    const { clock } = this.#parts;
    const leftMs = longestSilenceMs - longestSince(clock, askedAt);
    if (leftMs <= 0) return; // too long ago; the next time will tell
    this.#cancelSilence?.();
    this.#cancelSilence = clock.schedule(leftMs, () => this.#turnOff(nothingHeard));
    this.#heardAt = askedAt;
    if (this.#reason === undefined) return;
    this.#reason = undefined;
    this.#warned = undefined;
    this.#publish({ table: undefined, reason: undefined });
  }

  #failed(error: unknown): void {
    if (error instanceof UsageError) return;
    const message = error instanceof Error ? error.message : String(error);
    if (this.#reason !== undefined) this.#turnOff(`changes are not heard of: ${message}`);
  }

  #turnOff(reason: string): void {
    this.#reason = reason;
    if (this.#warned === reason) return;
    this.#warned = reason;
    this.#warn(`nothing is cached: ${reason}`);
    this.#publish({ table: undefined, reason });
  }

  /** Warns once for each reason, however many tables it is about. */
  #tell(turns: readonly TableTurn[]): void {
    for (const turn of turns) this.#publish(turn);
    const off = turns.filter(({ reason }) => reason !== undefined && reason !== noSuchTable);
    if (off.length === 0) return;
    const list = off.map(({ table, reason }) => `${table} (${reason})`).join(', ');
    this.#warn(`nothing is cached that depends on ${list}`);
  }

  #warnOfWindow(ownMs: number, windowMs: number): void {
    if (this.#warnedOfWindow === windowMs) return;
    this.#warnedOfWindow = windowMs;
    this.#warn(
      `guarantee.window is ${ownMs} ms here, but the gate of this prefix was granted with ${windowMs} ms, which holds ` +
        'for all; give all processes under one prefix the same window',
    );
  }

  #warn(what: string): void {
    const { name } = this.#parts.connection;
    process.emitWarning(`moneyclip, change capture of connection '${name}': ${what}`, {
      type: 'MoneyclipWarning',
      code: 'MONEYCLIP_CAPTURE',
    });
  }

  #publish({ table, reason }: { readonly table: string | undefined; readonly reason: string | undefined }): void {
    if (!captureChannel.hasSubscribers) return;
    const connection = this.#parts.connection.name;
    captureChannel.publish({ connection, table, captured: reason === undefined, reason });
  }
}
