import type { Duplex } from 'node:stream';
import { receiveFrom } from '../support/buffered-socket.js';
import { inOnePiece } from '../support/compact.js';
import type { Reject } from './cache-store.js';
import { commandOf, rememberCommand } from './repeated-keys.js';
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
  /** Gets what Redis tells unasked, in the order in which it was written among the replies; it must not throw. */
  onPush: (message: readonly Reply[]) => void = () => undefined;
  readonly #socket: Duplex;
  readonly #reader = new ReplyReader(
    (reply) => this.#answer(reply),
    (message) => this.onPush(message),
  );
  /** True while commands are put together that are to leave in one write. */
  #holds = false;
  #text = '';
  #isAscii = true;
  #first: Asked | undefined;
  #last: Asked | undefined;

  /** From now on the socket belongs to this alone: nobody else may write to it or read from it. */
  constructor(socket: Duplex) {
    this.#socket = socket;
    receiveFrom(socket, (piece) => this.#received(piece));
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
    const known = commandOf(words);
    if (known !== undefined) {
      this.#text += known;
      return;
    }
    const text = encode(name, words, lengthOf);
    const isAscii = Buffer.byteLength(text) === text.length;
    if (isAscii) rememberCommand(words, () => inOnePiece(text));
    this.#text += isAscii ? text : encode(name, words, Buffer.byteLength);
    this.#isAscii &&= isAscii;
  }

  #write(): void {
    const text = this.#text;
    const encoding = this.#isAscii ? 'latin1' : 'utf8'; // NOTE: of the same bytes the former is faster
    this.#text = '';
    this.#isAscii = true;
    if (text !== '') this.#socket.write(text, encoding);
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

const lengthOf = ({ length }: string): number => length;

/** Of so many lengths the marks are kept. */
const mostMarks = 1_000;
/** What precedes a word, by the word's length in bytes. */
const marks: string[] = [];

/** A command as Redis takes it. NOTE: put together from the left and out of few texts: it is made flat once, when it is sent. */
function encode(name: string, words: readonly Word[], bytesOf: (word: string) => number): string {
  let text = `*${words.length + 1}\r\n$${name.length}\r\n${name}`;
  for (const word of words) {
    const written = typeof word === 'string' ? word : String(word);
    const bytes = bytesOf(written);
    text = text + (marks[bytes] ?? markOf(bytes)) + written;
  }
  return `${text}\r\n`;
}

function markOf(bytes: number): string {
  const mark = `\r\n$${bytes}\r\n`;
  if (bytes < mostMarks) marks[bytes] = mark;
  return mark;
}
