import { isAscii } from 'node:buffer';

/** An error that Redis replied. */
export class RedisReplyError extends Error {
  override readonly name = 'ReplyError';
}

/** A reply of Redis: a text, a number, a list of replies, an error; undefined for nil. */
export type Reply = string | number | RedisReplyError | undefined | readonly Reply[];

/** A list whose last elements have not come yet. */
class OpenList {
  readonly replies: Reply[] = [];
  readonly length: number;
  readonly outer: OpenList | undefined;

  constructor(length: number, outer: OpenList | undefined) {
    this.length = length;
    this.outer = outer;
  }
}

const simpleText = 43; // +
const errorText = 45; // -
const wholeNumber = 58; // :
const bulkText = 36; // $
const list = 42; // *
const carriageReturn = 13;
const minus = 45;
const zero = 48;

/** Those of a short piece cost as much one by one; and the parts of a text keep the whole of it in memory, which may not be large. */
function isWorthOneText({ length }: Buffer): boolean {
  return length >= 256 && length <= 131_072;
}

/**
 * Reads replies in version 2 of the protocol of Redis (RESP) out of what a socket receives, in whatever pieces it comes.
 *
 * Invariant: what was read is not read again. Only a part of one text or number is kept until the rest of it is there.
 */
export class ReplyReader {
  readonly #onReply: (reply: Reply) => void;
  #open: OpenList | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** So many bytes, those that are kept among them, are needed to go on. */
  #neededBytes = 0;
  /** Where the number that was read last ends. */
  #end = 0;
  /** What is being read, as text, where each byte of it is a character. */
  #text: string | undefined;

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply;
  }

  /** Reads on. Throws Error where this is not the protocol; nothing that follows can be understood then. */
  push(piece: Buffer): void {
    if (this.#keptBytes === 0) {
      this.#read(piece);
      return;
    }
    this.#keep(piece);
    if (this.#keptBytes < this.#neededBytes) return;
    const bytes = Buffer.concat(this.#kept);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#read(bytes);
  }

  #keep(piece: Buffer): void {
    this.#kept.push(Buffer.from(piece));
    this.#keptBytes += piece.length;
  }

  #read(bytes: Buffer): void {
    // NOTE: several texts are read faster where they are decoded as one
    this.#text = isWorthOneText(bytes) && isAscii(bytes) ? bytes.toString('latin1') : undefined;
    let start = 0;
    while (start < bytes.length) {
      const next = this.#readOne(bytes, start);
      if (next === undefined) break;
      start = next;
    }
    this.#text = undefined;
    if (start < bytes.length) this.#keep(bytes.subarray(start));
  }

  /** Where the next one begins; undefined where the rest of this one is missing. */
  #readOne(bytes: Buffer, start: number): number | undefined {
    const type = bytes[start];
    if (type === bulkText) return this.#readBulk(bytes, start);
    if (type === simpleText || type === errorText) return this.#readLine(bytes, start, type);
    if (type !== wholeNumber && type !== list) {
      throw new Error(`Redis sent a reply of a type that was not asked for: it begins with byte ${String(type)}`);
    }
    const value = this.#readNumber(bytes, start + 1);
    if (value === undefined) return undefined;
    if (type === wholeNumber) this.#add(value);
    else if (value > 0) this.#open = new OpenList(value, this.#open);
    else this.#add(value < 0 ? undefined : []);
    return this.#end;
  }

  #readBulk(bytes: Buffer, start: number): number | undefined {
    const length = this.#readNumber(bytes, start + 1);
    if (length === undefined) return undefined;
    const from = this.#end;
    if (length < 0) {
      this.#add(undefined);
      return from;
    }
    const to = from + length;
    if (to + 2 > bytes.length) {
      this.#neededBytes = to + 2 - start;
      return undefined;
    }
    this.#add(this.#text === undefined ? bytes.toString('utf8', from, to) : this.#text.slice(from, to));
    return to + 2;
  }

  #readLine(bytes: Buffer, start: number, type: number): number | undefined {
    const end = bytes.indexOf('\r\n', start, 'latin1');
    if (end === -1) {
      this.#neededBytes = bytes.length - start + 1;
      return undefined;
    }
    const text = bytes.toString('utf8', start + 1, end);
    this.#add(type === errorText ? new RedisReplyError(text) : text);
    return end + 2;
  }

  /** A number with the end of its line; `#end` is behind it. Undefined where the rest of it is missing. */
  #readNumber(bytes: Buffer, start: number): number | undefined {
    const isNegative = bytes[start] === minus;
    let value = 0;
    for (let at = isNegative ? start + 1 : start; at + 1 < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte === carriageReturn) {
        this.#end = at + 2;
        return isNegative ? -value : value;
      }
      value = value * 10 + byte - zero;
    }
    this.#neededBytes = bytes.length - start + 2; // and the type before it
    return undefined;
  }

  #add(reply: Reply): void {
    let whole = reply;
    for (let open = this.#open; open; open = this.#open) {
      open.replies.push(whole);
      if (open.replies.length < open.length) return;
      whole = open.replies;
      this.#open = open.outer;
    }
    this.#onReply(whole);
  }
}
