import { UsageError } from '../errors.js';
import { hashText } from '../support/hash.js';

export interface KeyspaceOptions {
  readonly style: KeyStyle;
  /** Whether every entry depends on a gate too, which is open only while the store is known to hear of all changes. */
  readonly gated?: boolean;
}

/** How keys of entries look: hashed (short) or readable (for debugging). Those of rows and stamps show keys and values either way. */
export type KeyStyle = 'hashed' | 'readable';

/**
 * The keys of one application in a store. All stamps share one hash tag, so that a Redis Cluster keeps them in one
 * slot and drops them in one command; entries carry none and spread over the slots.
 */
export class Keyspace {
  readonly prefix: string;
  /** What every stamp's key starts with. */
  readonly stampPrefix: string;
  /** The stamp that every entry depends on: dropping it forgets everything under this prefix. */
  readonly epoch: string;
  /** Holds a random text that tells this store, under this prefix, from every other one. */
  readonly identity: string;
  /** The first stamp of every entry, where there is a gate. */
  readonly gate: string | undefined;
  readonly #style: KeyStyle;

  constructor(prefix: string, { style, gated = false }: KeyspaceOptions) {
    if (/[{}]/.test(prefix)) {
      throw new UsageError(`prefix must not contain { or }, which Redis Cluster reads as a hash tag; got '${prefix}'`);
    }
    this.prefix = prefix;
    this.stampPrefix = `{${prefix || 'moneyclip'}}s:`;
    this.epoch = `{${prefix || 'moneyclip'}}epoch`;
    this.identity = `${prefix || 'moneyclip:'}identity`;
    this.gate = gated ? `{${prefix || 'moneyclip'}}gate` : undefined;
    this.#style = style;
  }

  /** The key of the stamp of a dependency. */
  stamp(dependency: string): string {
    return this.stampPrefix + dependency;
  }

  /** The keys of the stamps of dependencies; that of everything under the prefix comes last, the gate first. */
  stamps(dependencies: readonly string[]): string[] {
    const keys = dependencies.map((dependency) => this.stamp(dependency));
    keys.push(this.epoch);
    if (this.gate !== undefined) keys.unshift(this.gate);
    return keys;
  }

  /**
   * What the keys of a model's rows begin with; the row's own text follows. The model's fingerprint is part of it: a
   * changed model never reads old rows.
   */
  rows({ label, fingerprint }: { readonly label: string; readonly fingerprint: string }): string {
    return this.#style === 'readable' ? `${this.prefix}row:${label}:${fingerprint}:` : `${this.prefix}${fingerprint}:`;
  }

  /** The key of the list of the entries under a label. */
  list(label: string): string {
    return `${this.prefix}list:${label}`;
  }

  /** The key of an entry; `family` says what kind of value it is, `id` which one. */
  entry(family: string, id: string): string {
    return `${this.prefix}${family}:${this.#style === 'readable' ? id : hashText(id)}`;
  }
}
