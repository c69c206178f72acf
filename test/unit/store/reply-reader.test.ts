import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RedisReplyError, ReplyReader, type Reply } from '../../../src/store/reply-reader.js';
import { Random } from '../../support/random.js';

/** What a reader makes of pieces, each of which is something else as soon as it was read. */
function read(pieces: Iterable<Buffer>): Reply[] {
  const replies: Reply[] = [];
  const reader = new ReplyReader(
    (reply) => replies.push(reply),
    () => undefined,
  );
  for (const piece of pieces) {
    const lent = Buffer.from(piece);
    reader.push(lent);
    lent.fill('?');
  }
  return replies;
}

function* cut(bytes: Buffer, at: readonly number[]): Generator<Buffer> {
  let start = 0;
  for (const end of [...at, bytes.length]) {
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** A reply as Redis writes it. */
function written(reply: Reply): string {
  if (reply === undefined) return '$-1\r\n';
  if (typeof reply === 'string') return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
  if (typeof reply === 'number') return `:${reply}\r\n`;
  if (reply instanceof RedisReplyError) return `-${reply.message}\r\n`;
  return `*${reply.length}\r\n${reply.map(written).join('')}`;
}

describe('ReplyReader', () => {
  const kinds: readonly (readonly [string, string, Reply])[] = [
    ['a text', '$5\r\nhello\r\n', 'hello'],
    ['an empty text', '$0\r\n\r\n', ''],
    ['a text with what ends a line', '$4\r\n\r\n*1\r\n', '\r\n*1'],
    ['a text beyond ASCII', '$9\r\né€😀\r\n', 'é€😀'],
    ['nil', '$-1\r\n', undefined],
    ['nil for a list', '*-1\r\n', undefined],
    ['a status', '+OK\r\n', 'OK'],
    ['a number', ':1234\r\n', 1234],
    ['a negative number', ':-2\r\n', -2],
    ['a list', '*3\r\n$1\r\na\r\n$-1\r\n:7\r\n', ['a', undefined, 7]],
    ['an empty list', '*0\r\n', []],
    ['a text that says how it is written', '=9\r\ntxt:hello\r\n', 'hello'],
    ['nothing', '_\r\n', undefined],
    ['a number with a fraction, as a text', ',1.5\r\n', '1.5'],
    ['a map', '%2\r\n+a\r\n:1\r\n+b\r\n_\r\n', ['a', 1, 'b', undefined]],
    ['an empty map', '%0\r\n', []],
    ['lists in lists', '*2\r\n*1\r\n*0\r\n*2\r\n:1\r\n$1\r\nb\r\n', [[[]], [1, 'b']]],
  ];

  for (const [name, text, reply] of kinds) {
    it(`reads ${name}`, () => expect(read([Buffer.from(text)])).to.eql([reply]));
  }

  it('reads an error, also in a list', () => {
    const [error, list] = read([Buffer.from('-OOM not allowed\r\n*2\r\n-ERR no\r\n$1\r\na\r\n')]);
    expect(error).to.be.instanceOf(RedisReplyError).with.property('message', 'OOM not allowed');
    expect(list).to.have.nested.property('[0].message', 'ERR no');
    expect(list).to.have.property('1', 'a');
  });

  it('reads the same wherever what comes is cut, once or twice', () => {
    const replies: Reply[] = ['é€😀', [1, ['', undefined, 'ab'], []], 'OK', -12, undefined, ['x'.repeat(20), -1]];
    const bytes = Buffer.from(replies.map(written).join(''));
    for (let one = 0; one <= bytes.length; one += 1) {
      expect(read(cut(bytes, [one])), `cut at ${one}`).to.eql(replies);
      for (let two = one; two <= bytes.length; two += 1) {
        expect(read(cut(bytes, [one, two])), `cut at ${one} and ${two}`).to.eql(replies);
      }
    }
    expect(read([...bytes].map((byte) => Buffer.of(byte)))).to.eql(replies);
  });

  it('gives what the server tells unasked to somebody else, also in the middle of a reply and however it is cut', () => {
    const message = '>2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$3\r\nb€\r\n';
    const everything = '>2\r\n$10\r\ninvalidate\r\n_\r\n';
    const bytes = Buffer.from(
      `${message.replace('$3', '$4')}*2\r\n$1\r\nx\r\n${everything}*1\r\n${everything}:7\r\n>0\r\n+OK\r\n`,
    );
    for (let one = 0; one <= bytes.length; one += 1) {
      const heard: unknown[] = [];
      const reader = new ReplyReader(
        (reply) => heard.push(reply),
        (told) => heard.push({ told }),
      );
      for (const piece of cut(bytes, [one])) reader.push(Buffer.from(piece));
      expect(heard, `cut at ${one}`).to.eql([
        { told: ['invalidate', ['a', 'b€']] },
        { told: ['invalidate', undefined] },
        { told: ['invalidate', undefined] },
        ['x', [7]],
        'OK',
      ]);
    }
  });

  it('reads random replies in random pieces', () => {
    const random = Random.fromEnvironment('REPLY_SEED');
    const short = ['', 'a', '\r\n', '$1\r\n', 'x'.repeat(300), 'y'.repeat(3_000)];
    const all = [...short, 'é', '😀'];
    let texts = all;
    const anyReply = (depth: number): Reply => {
      const kind = random.below(depth > 3 ? 3 : 5);
      if (kind === 0) return undefined;
      if (kind === 1) return random.below(2000) - 1000;
      if (kind === 2) return random.oneOf(texts) + random.oneOf(texts);
      return Array.from({ length: random.below(6) }, () => anyReply(depth + 1));
    };
    for (let round = 0; round < 300; round += 1) {
      texts = round % 2 === 0 ? all : short; // ASCII alone is read in another way
      const replies = Array.from({ length: 5 }, () => anyReply(0));
      const bytes = Buffer.from(replies.map(written).join(''));
      const places = Array.from({ length: random.below(10) }, () => random.below(bytes.length + 1));
      const at = places.toSorted((left, right) => left - right);
      expect(read(cut(bytes, at)), `REPLY_SEED=${random.seed}`).to.eql(replies);
    }
  });

  it('reads a large text that comes in many pieces without going through it again', () => {
    const text = 'x'.repeat(8_000_000);
    const bytes = Buffer.from(written([text, 'end']));
    const places = Array.from({ length: 5000 }, (_, index) => Math.floor((bytes.length / 5001) * (index + 1)));
    let compared = 0;
    const { concat } = Buffer;
    Buffer.concat = (list, length) => {
      compared += list.reduce((sum, { length: bytesOf }) => sum + bytesOf, 0);
      return concat(list, length);
    };
    try {
      expect(read(cut(bytes, places))).to.eql([[text, 'end']]);
    } finally {
      Buffer.concat = concat;
    }
    expect(compared).to.be.lessThan(2 * bytes.length);
  });

  it('refuses what is not the protocol', () => {
    const reader = new ReplyReader(
      () => undefined,
      () => undefined,
    );
    expect(() => reader.push(Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).to.throw(
      'Redis sent a reply of a type that was not asked for: it begins with byte 72',
    );
  });
});
