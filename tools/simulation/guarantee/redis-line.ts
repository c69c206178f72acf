import type { Scheduler } from '../scheduler.js';
import type { RedisServer } from './redis-server.js';

/** A command on its way. */
export interface RedisCommand {
  readonly name: string;
  readonly asked: unknown;
  readonly execute: (server: RedisServer) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Answer {
  /** What a trail tells of it. */
  readonly told: unknown;
  readonly settle: () => void;
}

/** What all connections share. */
export interface RedisWorld {
  readonly scheduler: Scheduler;
  readonly windowMs: number;
  /** The chance that a connection is lost when a command has come, and when it has been done. */
  losses: number;
}

interface LineOwner {
  readonly name: string;
  opened(line: RedisLine): void;
  /** It ended, and there is no other way for a time. */
  ended(line: RedisLine, forMs: number): void;
}

const longestOutageMs = 40;

/**
 * One connection to one process of Redis: commands come in the order in which they were sent, and so do their answers.
 * When it ends, what was sent may still be done, and nobody learns of it.
 */
export class RedisLine {
  readonly server: RedisServer;
  readonly #world: RedisWorld;
  readonly #owner: LineOwner;
  #requests: RedisCommand[] = [];
  #answers: (Answer & { readonly command: RedisCommand })[] = [];
  #unanswered = new Set<RedisCommand>();
  #isOpen = true;

  constructor(world: RedisWorld, server: RedisServer, owner: LineOwner) {
    this.#world = world;
    this.server = server;
    this.#owner = owner;
    owner.opened(this);
  }

  send(command: RedisCommand): void {
    this.#unanswered.add(command);
    this.#requests.push(command);
    if (this.#requests.length === 1) this.#comeSoon();
  }

  /** Ends it. With `late`, the server may still do what was sent. */
  cut(late: boolean, forMs = this.#world.scheduler.random.below(longestOutageMs)): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (!late) this.#requests = [];
    const lost = [...this.#unanswered];
    this.#unanswered.clear();
    this.#owner.ended(this, forMs);
    for (const { reject } of lost) reject(new Error('Connection is closed.'));
  }

  #comeSoon(): void {
    const { scheduler } = this.#world;
    const [first] = this.#requests;
    const told = scheduler.detail(this.#requests.map(({ name, asked }) => [name, asked]));
    scheduler.when(`${this.#owner.name} ${first?.name ?? ''} reaches Redis${told}`, () => this.#come());
  }

  /** The server does what has come: all of it, or the first, so that others get in between. */
  #come(): void {
    const isOneByOne = this.#world.scheduler.random.below(4) === 0;
    do {
      const command = this.#requests.shift();
      if (!command) return;
      if (this.#loses()) {
        this.cut(this.#world.scheduler.random.below(2) === 0);
        break;
      }
      this.#execute(command);
      if (this.#loses()) this.cut(true);
    } while (!isOneByOne && this.#requests.length > 0);
    if (this.#requests.length > 0) this.#comeSoon();
  }

  #loses(): boolean {
    const { losses, scheduler } = this.#world;
    return this.#isOpen && losses > 0 && scheduler.random.fraction() < losses;
  }

  #execute(command: RedisCommand): void {
    let answer: Answer;
    try {
      const value = command.execute(this.server);
      answer = { told: value, settle: () => command.resolve(value) };
    } catch (error) {
      answer = { told: String(error), settle: () => command.reject(error as Error) }; // nothing else is thrown there
    }
    this.#answers.push({ command, ...answer });
    if (this.#isOpen && this.#answers.length === 1) this.#answerSoon();
  }

  #answerSoon(): void {
    const { scheduler } = this.#world;
    const told = scheduler.detail(this.#answers.map(({ told: each }) => each));
    scheduler.when(`${this.#owner.name} is answered by Redis${told}`, () => {
      const answers = this.#answers;
      this.#answers = [];
      for (const { command, settle } of answers) if (this.#unanswered.delete(command)) settle();
    });
  }
}
