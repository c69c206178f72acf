import type { Clock } from '../../../src/support/clock.js';
import type { Random } from '../../../test/support/random.js';
import { RedisServer, type Contents } from './redis-server.js';

/** A way to a server, which ends with it. */
interface Connected {
  readonly server: RedisServer;
  /** Ends it. With `late`, the server may still do what was sent. */
  cut(late: boolean): void;
}

const mostSnapshots = 4;

/** The processes of Redis that there are: the one that clients are led to, and one that was replaced and goes on for a while. */
export class RedisFleet {
  readonly connections = new Set<Connected>();
  readonly #clock: Clock;
  readonly #random: Random;
  #started = 1;
  #current: RedisServer;
  #former: RedisServer | undefined;
  #snapshots: Contents[] = [];

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#current = new RedisServer(clock, this.#started);
  }

  get current(): RedisServer {
    return this.#current;
  }

  get servers(): readonly RedisServer[] {
    return this.#former ? [this.#current, this.#former] : [this.#current];
  }

  /** Where a new connection leads: a client may not have heard yet that there is another one. */
  route(): RedisServer {
    return this.#former && this.#random.below(3) === 0 ? this.#former : this.#current;
  }

  /** Keeps what there is now, for a restart or a replica that lags behind. */
  save(): void {
    this.#snapshots = [...this.#snapshots, this.#current.contents].slice(-mostSnapshots);
  }

  /** The process ends, and another one starts in its place: with nothing, or with what was saved a while ago. */
  restart(fromSnapshot: boolean): void {
    const before = this.#current;
    this.#current = this.#start(fromSnapshot ? this.#anySnapshot() : undefined);
    this.#end(before);
  }

  /** Another process is promoted, with what it had heard of. The one before goes on: some stay connected to it. */
  failOver(): void {
    if (this.#former) this.#end(this.#former);
    const before = this.#current;
    this.#current = this.#start(this.#anySnapshot());
    this.#former = before;
    for (const connection of this.connections) if (this.#random.below(2) === 0) connection.cut(true);
  }

  /** Whether a process of Redis was replaced by another. */
  isReplaced(server: RedisServer): boolean {
    return server !== this.#current;
  }

  /** The process that was replaced ends. */
  endFormer(): void {
    if (this.#former) this.#end(this.#former);
  }

  #start(contents: Contents | undefined): RedisServer {
    this.#started += 1;
    return new RedisServer(this.#clock, this.#started, contents);
  }

  #end(server: RedisServer): void {
    if (this.#former === server) this.#former = undefined;
    for (const connection of this.connections) if (connection.server === server) connection.cut(false);
  }

  #anySnapshot(): Contents | undefined {
    return this.#snapshots.length === 0 ? undefined : this.#random.oneOf(this.#snapshots);
  }
}
