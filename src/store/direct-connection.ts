import type { Duplex } from 'node:stream';
import type { Reject } from './cache-store.js';
import { RedisReplyError, ReplyReader, type Reply } from './reply-reader.js';

/** A word of a command. */
export type Word = string | number;

/** Who waits for a reply. NOTE: a class, see {@link Waiting} of the deadline. */
class Asked {
  readonly resolve: (reply: Reply) => void;
  readonly reject: Reject;
  next: Asked | undefined = undefined;

  constructor(resolve: (reply: Reply) => void, reject: Reject) {
    this.resolve = resolve;
    this.reject = reject;
  }
}

/**
 * Sends commands over a socket that is logged in, and gives each its reply: Redis answers in the order in which it was
 * asked. When the socket is closed everything that is still open is rejected; nothing is sent again.
 */
export class DirectConnection {
  /** Resolves when the socket is closed. */
  readonly ended: Promise<void>;
  readonly #socket: Duplex;
  readonly #reader = new ReplyReader((reply) => this.#answer(reply));
  /** True while commands are put together that are to leave in one write. */
  #holds = false;
  #text = '';
  /** How long it is in UTF-8. */
  #bytes = 0;
  #first: Asked | undefined;
  #last: Asked | undefined;

  /** From now on the socket belongs to this alone: nobody else may write to it or read from it. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    socket.removeAllListeners('data');
    socket.on('data', (piece: Buffer) => this.#received(piece));
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#end();
        resolve();
      });
    });
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** Sends a command. One of the callbacks is called, when the socket is read; they must not throw. */
  ask(name: string, words: readonly Word[], resolve: (reply: Reply) => void, reject: Reject): void {
    const asked = new Asked(resolve, reject);
    if (this.#last) this.#last.next = asked;
    else this.#first = asked;
    this.#last = asked;
    this.#append(name, words);
    if (!this.#holds) this.#write();
  }

  /** What `send` asks leaves in one write. */
  together(send: () => void): void {
    this.#holds = true;
    try {
      send();
    } finally {
      this.#holds = false;
      this.#write();
    }
  }

  #append(name: string, words: readonly Word[]): void {
    let text = `*${words.length + 1}\r\n$${name.length}\r\n${name}\r\n`;
    let others = 0; // bytes that are no characters
    for (const word of words) {
      const written = typeof word === 'string' ? word : String(word);
      const bytes = Buffer.byteLength(written);
      others += bytes - written.length;
      text += `$${bytes}\r\n${written}\r\n`;
    }
    this.#text += text;
    this.#bytes += text.length + others;
  }

  #write(): void {
    const text = this.#text;
    const isAscii = this.#bytes === text.length;
    this.#text = '';
    this.#bytes = 0;
    if (text !== '') this.#socket.write(text, isAscii ? 'latin1' : 'utf8'); // NOTE: of the same bytes the former is faster
  }

  #received(piece: Buffer): void {
    try {
      this.#reader.push(piece);
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : undefined); // what follows cannot be told apart any more
    }
  }

  #answer(reply: Reply): void {
    const asked = this.#first;
    if (!asked) throw new Error('Redis replied to nothing');
    this.#first = asked.next;
    if (this.#last === asked) this.#last = undefined;
    try {
      if (reply instanceof RedisReplyError) asked.reject(reply);
      else asked.resolve(reply);
    } catch (error) {
      process.nextTick(() => {
        throw error; // it is theirs, and says nothing of the connection
      });
    }
  }

  #end(): void {
    const error = new Error('Connection is closed.');
    let asked = this.#first;
    this.#first = undefined;
    this.#last = undefined;
    for (; asked; asked = asked.next) asked.reject(error);
  }
}
