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
  /** Whether it answers nothing; it may come in the middle of a list that does. */
  readonly isPush: boolean;

  constructor(length: number, outer: OpenList | undefined, isPush: boolean) {
    this.length = length;
    this.outer = outer;
    this.isPush = isPush;
  }
}

const simpleText = 43; // +
const errorText = 45; // -
const wholeNumber = 58; // :
const bulkText = 36; // $
const list = 42; // *
// and those of version 3:
const none = 95; // _
const verbatimText = 61; // =
const double = 44; // ,
const map = 37; // %
const push = 62; // >
/** What a verbatim text begins with says how it is written, such as `txt:`. */
const formatLength = 4;
const carriageReturn = 13;
const minus = 45;
const zero = 48;

/** Those of a short piece cost as much one by one; and the parts of a text keep the whole of it in memory, which may not be large. */
function isWorthOneText({ length }: Buffer): boolean {
  return length >= 256 && length <= 131_072;
}

/**
 * Reads replies in the protocol of Redis (RESP), of version 2 or 3, out of what a socket receives, in whatever pieces it
 * comes. Of version 3 what the commands that are sent here can be answered with; they read as in version 2, but for a map,
 * which is a list of keys and values by turns.
 *
 * Invariant: what was read is not read again. Only a part of one text or number is kept until the rest of it is there.
 */
export class ReplyReader {
  readonly #onReply: (reply: Reply) => void;
  readonly #onPush: (message: readonly Reply[]) => void;
  #open: OpenList | undefined;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  /** So many bytes, those that are kept among them, are needed to go on. */
  #neededBytes = 0;
  /** Where the number that was read last ends. */
  #end = 0;
  /** What is being read, as text, where each byte of it is a character. */
  #text: string | undefined;

  /** `onPush` gets what the server tells unasked. */
  constructor(onReply: (reply: Reply) => void, onPush: (message: readonly Reply[]) => void) {
    this.#onReply = onReply;
    this.#onPush = onPush;
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
    switch (type) {
      case bulkText:
      case verbatimText:
        return this.#readBulk(bytes, start, type);
      case simpleText:
      case errorText:
      case double:
      case none:
        return this.#readLine(bytes, start, type);
      case wholeNumber:
      case list:
      case map:
      case push:
        return this.#readCount(bytes, start, type);
      default:
        throw new Error(`Redis sent a reply of a type that was not asked for: it begins with byte ${String(type)}`);
    }
  }

  /** A number, or how long what begins is. */
  #readCount(bytes: Buffer, start: number, type: number): number | undefined {
    const value = this.#readNumber(bytes, start + 1);
    if (value === undefined) return undefined;
    if (type === wholeNumber) this.#add(value);
    else if (value > 0) this.#open = new OpenList(type === map ? 2 * value : value, this.#open, type === push);
    else if (type !== push) this.#add(value < 0 ? undefined : []);
    return this.#end;
  }

  #readBulk(bytes: Buffer, start: number, type: number): number | undefined {
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
    const first = type === verbatimText ? from + formatLength : from;
    this.#add(this.#text === undefined ? bytes.toString('utf8', first, to) : this.#text.slice(first, to));
    return to + 2;
  }

  #readLine(bytes: Buffer, start: number, type: number): number | undefined {
    const end = bytes.indexOf('\r\n', start, 'latin1');
    if (end === -1) {
      this.#neededBytes = bytes.length - start + 1;
      return undefined;
    }
    const text = bytes.toString('utf8', start + 1, end);
    if (type === none) this.#add(undefined);
    else this.#add(type === errorText ? new RedisReplyError(text) : text);
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
      this.#open = open.outer;
      if (open.isPush) {
        this.#onPush(open.replies);
        return;
      }
      whole = open.replies;
    }
    this.#onReply(whole);
  }
}
