import type { Keyspace } from '../cache/keyspace.js';
import { wholeTable } from '../invalidation/dependencies.js';
import { gapIn, stateOf, type DatabaseFacts } from './captured-tables.js';
import { tablesWithSideEffects } from './side-effects.js';
import type { TableNeeds } from './table-needs.js';

/** A table whose caching is on or off now, where it was not before. */
export interface TableTurn {
  readonly table: string;
  /** Why caching is off; undefined where it is on. */
  readonly reason: string | undefined;
}

/** Which tables are captured, as of the last check. Nothing that depends on another one may be cached. */
export class TableWatch {
  readonly #keyspace: Keyspace;
  readonly #schema: string;
  readonly #prefixes: readonly string[];
  /** The states of the triggers of captured tables. */
  readonly #states = new Map<string, string>();
  readonly #reasons = new Map<string, string>();
  readonly #doubtful = new Map<string, TableNeeds>();
  /** The keys of the stamps that only entries of captured tables carry. */
  readonly #trusted = new Set<string>();
  #sources = new Map<string, TableNeeds[]>();
  #withSideEffects: ReadonlySet<string> | undefined;
  /** The names of tables with their schemas, by the keys of the stamps that every entry of them carries one of. */
  readonly #sourceByKey = new Map<string, string>();

  constructor(keyspace: Keyspace, schema: string) {
    this.#keyspace = keyspace;
    this.#schema = schema;
    this.#prefixes = wholeTable('').map((name) => keyspace.stamp(name));
  }

  /** The needs of the tables of this process, by their names with their schemas. */
  get sources(): ReadonlyMap<string, readonly TableNeeds[]> {
    return this.#sources;
  }

  /** Whether a write to a table may change more than the library knows; true as long as that was not looked at. */
  hasSideEffects(table: string): boolean {
    return this.#withSideEffects?.has(table) ?? true;
  }

  /** The tables, with their schemas, that what carries these stamps depends on. */
  sourcesBehind(stampKeys: readonly string[]): ReadonlySet<string> {
    const sources = new Set<string>();
    for (const key of stampKeys) {
      const source = this.#sourceByKey.get(key);
      if (source !== undefined) sources.add(source);
    }
    return sources;
  }

  /** The states of the triggers of captured tables. */
  get states(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#states);
  }

  /** Why a table is not captured; undefined where it is, or was not looked at yet. */
  reasonFor(table: string): string | undefined {
    return this.#reasons.get(table);
  }

  /** The tables of which entries may be outdated, since changes may have been missed; until they are `settled`. */
  get doubtful(): readonly TableNeeds[] {
    return [...this.#doubtful.values()];
  }

  /** The first table among stamps that may not be cached. */
  untrusted(stampKeys: readonly string[]): string | undefined {
    for (const key of stampKeys) {
      if (this.#trusted.has(key)) continue;
      const prefix = this.#prefixes.find((each) => key.startsWith(each));
      if (prefix !== undefined) return key.slice(prefix.length);
    }
    return undefined;
  }

  /**
   * Compares what the models need with what is there. `remembered` are the states under which the cache was filled by
   * whoever filled it: where a table's is another now, its triggers were made or off in between.
   */
  check(
    needs: readonly TableNeeds[],
    facts: DatabaseFacts,
    remembered: Readonly<Record<string, string>>,
  ): readonly TableTurn[] {
    this.#sources = sourcesOf(needs, facts);
    this.#withSideEffects = tablesWithSideEffects(needs, facts);
    this.#noteKeys();
    return needs.flatMap((need) => {
      const relations = facts.tables[need.table] ?? [];
      const reason = gapIn(relations, need, this.#schema);
      return reason === undefined ? this.#turnOn(need, stateOf(relations), remembered) : this.#turnOff(need, reason);
    });
  }

  /** Says that what may have been missed of some tables is forgotten: they may be cached from now on. */
  settled(tables: readonly TableNeeds[]): void {
    for (const { table } of tables) this.#doubtful.delete(table);
    for (const table of this.#states.keys()) {
      if (!this.#doubtful.has(table)) for (const key of this.#keysOf(table)) this.#trusted.add(key);
    }
  }

  #turnOn(need: TableNeeds, state: string, remembered: Readonly<Record<string, string>>): TableTurn[] {
    const { table } = need;
    const wasOff = this.#reasons.delete(table);
    const before = this.#states.get(table) ?? (wasOff ? undefined : remembered[table]);
    if (before !== state) this.#doubtful.set(table, need);
    this.#states.set(table, state);
    return wasOff ? [{ table, reason: undefined }] : [];
  }

  #turnOff({ table }: TableNeeds, reason: string): TableTurn[] {
    const before = this.#reasons.get(table);
    this.#states.delete(table);
    this.#doubtful.delete(table);
    for (const key of this.#keysOf(table)) this.#trusted.delete(key);
    this.#reasons.set(table, reason);
    return before === reason ? [] : [{ table, reason }];
  }

  #noteKeys(): void {
    for (const [source, needs] of this.#sources) {
      for (const key of needs.flatMap(({ table }) => this.#keysOf(table))) this.#sourceByKey.set(key, source);
    }
  }

  #keysOf(table: string): readonly string[] {
    return wholeTable(table).map((name) => this.#keyspace.stamp(name));
  }
}

function sourcesOf(needs: readonly TableNeeds[], facts: DatabaseFacts): Map<string, TableNeeds[]> {
  const sources = new Map<string, TableNeeds[]>();
  for (const need of needs) {
    const [root] = facts.tables[need.table] ?? [];
    if (root) sources.set(root.name, [...(sources.get(root.name) ?? []), need]);
  }
  return sources;
}
