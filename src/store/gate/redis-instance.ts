import { factIn } from '../redis-facts.js';
import type { GateClient } from './gate-client.js';

/** The oldest Redis that keeps a gate. */
const oldestVersion = 7;

/**
 * Which process of Redis a client talks to: told by that process itself, once for each connection. Between `ready` and
 * the answer nobody knows, and then nothing may be taken from the cache.
 *
 * Invariant: an answer that was given while `connection` stayed the same came from the process `runId`.
 */
export class RedisInstance {
  readonly #client: GateClient;
  #connection = 0;
  #runId: string | undefined;
  #obstacle: string | undefined;
  #asking: Promise<void> | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(client: GateClient) {
    this.#client = client;
    client.on('close', () => this.#lost());
    client.on('ready', () => {
      this.#lost();
      void this.known();
    });
  }

  /** Counts the connections of the client, and their ends. */
  get connection(): number {
    return this.#connection;
  }

  /** The name that the process gave itself when it started; undefined while it is not known. */
  get runId(): string | undefined {
    return this.#runId;
  }

  /** Why this Redis can keep no gate; undefined where it can or cannot be asked. */
  get obstacle(): string | undefined {
    return this.#obstacle;
  }

  /** Calls `listener` whenever the process of a new connection is known. */
  onKnown(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when the process is known, or cannot be known now. */
  async known(): Promise<void> {
    if (this.#runId !== undefined || this.#client.status !== 'ready') return;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    await this.#asking;
  }

  #lost(): void {
    this.#connection += 1;
    this.#runId = undefined;
    this.#asking = undefined;
  }

  async #ask(): Promise<void> {
    const { connection } = this;
    try {
      const facts = await this.#client.info('server');
      if (connection !== this.#connection) return; // NOTE: a client may send a command again on another connection
      this.#obstacle = obstacleIn(facts);
      this.#runId = this.#obstacle === undefined ? factIn(facts, 'run_id') : undefined;
      for (const listener of this.#listeners) listener();
    } catch (error) {
      if (isRefusal(error)) this.#obstacle = hidesInfo;
    }
  }
}

const hidesInfo =
  "this Redis does not answer INFO, so it cannot be told which process answers; allow INFO to this user, or use guarantee: 'plain'";

function obstacleIn(facts: string): string | undefined {
  const version = factIn(facts, 'redis_version');
  if (factIn(facts, 'run_id') === undefined || version === undefined) return hidesInfo;
  if (Number.parseInt(version, 10) >= oldestVersion) return undefined;
  return `this is Redis ${version}; Redis ${oldestVersion} or later is needed`;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && /NOPERM|unknown command/i.test(error.message);
}
