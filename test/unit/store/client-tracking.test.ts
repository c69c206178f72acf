import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { ClientTracking } from '../../../src/store/client-tracking.js';
import { DirectConnection } from '../../../src/store/direct-connection.js';
import { partedKeys, partTexts } from '../../../src/store/parted-keys.js';
import { repeatedKeys, type RepeatedKeys } from '../../../src/store/repeated-keys.js';
import { FakeClock } from '../../../src/testing/index.js';
import { HeldSocket } from '../../support/held-socket.js';

const redis = 'redis_version:7.0.15\r\nexecutable:/usr/bin/redis-server';

function bulk(text: string | undefined): string {
  return text === undefined ? '_\r\n' : `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

function list(...texts: (string | undefined)[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join('')}`;
}

function changed(...keys: string[]): string {
  return `>2\r\n$10\r\ninvalidate\r\n${list(...keys)}`;
}

let socket: HeldSocket;
let clock: FakeClock;
let tracking: ClientTracking;
let distrusted: string[];
let answers: (readonly (string | undefined)[] | Error)[];

function setUp(): void {
  socket = new HeldSocket();
  socket.on('error', () => undefined);
  clock = new FakeClock();
  distrusted = [];
  answers = [];
  tracking = new ClientTracking(new DirectConnection(socket), clock, (key) => distrusted.push(key));
}

/** The commands that were sent since this was called last, without their framing. */
function sent(): string[] {
  const words = socket.writes.splice(0).join('').split('\r\n');
  const commands: string[] = [];
  for (const word of words) {
    if (word.startsWith('*')) commands.push('');
    else if (word !== '' && !word.startsWith('$')) commands.push(`${commands.pop() ?? ''} ${word}`.trim());
  }
  return commands;
}

function read(keys: readonly string[]): void {
  tracking.read(
    keys,
    (texts) => answers.push(texts),
    (error) => answers.push(error instanceof Error ? error : new Error(String(error))),
  );
}

function start(facts = redis): void {
  tracking.start();
  socket.replies(`=${facts.length + 4}\r\ntxt:${facts}\r\n`);
  socket.replies('%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n');
  socket.replies('+OK\r\n');
  socket.writes.length = 0;
}

/** Replies to everything that was sent since, and tells what that was. */
function answer(...texts: (string | undefined)[]): string[] {
  const commands = sent();
  for (const command of commands) {
    if (command === 'ping') socket.replies('+PONG\r\n');
    else socket.replies(command.startsWith('client') ? '+OK\r\n' : list(...texts));
  }
  return commands;
}

/** Asks until the texts are kept. */
function keep(keys: readonly string[], ...texts: (string | undefined)[]): void {
  for (let time = 0; time < 2; time += 1) {
    read(keys);
    answer(...texts);
  }
  answers.length = 0;
}

const keysOf = (...keys: string[]): RepeatedKeys => repeatedKeys(keys, true);

describe('ClientTracking', () => {
  beforeEach(setUp);

  it('has the server track what is asked for a second time, and asks for no more than an answer from then on', () => {
    start();
    const keys = keysOf('entry', 's1', 's2');
    read(keys);
    expect(sent()).to.eql(['mget entry s1 s2']);
    socket.replies(list('e', '1', '2'));
    read(keys);
    expect(sent()).to.eql(['client caching yes', 'mget entry s1 s2']);
    socket.replies(`+OK\r\n${list('e', '1', '2')}`);
    for (let time = 0; time < 2; time += 1) {
      read(keys);
      expect(sent()).to.eql(['ping']);
      expect(answers, 'nobody is answered before the server has').to.have.lengthOf(2 + time);
      socket.replies('+PONG\r\n');
    }
    for (const texts of answers) expect([...(texts as string[])]).to.eql(['e', '1', '2']);
    expect(answers[2], 'the same list, of which readers may remember what they made').to.equal(answers[3]);
  });

  it('answers by what a change that was told before the answer has left, whoever made it', () => {
    start();
    const keys = keysOf('entry', 's1', 's2');
    keep(keys, 'e', '1', '2');
    read(keys);
    socket.replies(`${changed('s1')}+PONG\r\n`);
    expect(answers).to.eql([]);
    expect(sent()).to.eql(['ping', 'mget entry s1 s2']);
    socket.replies(list('e', undefined, '2'));
    expect(answers).to.eql([['e', undefined, '2']]);
  });

  it('answers by what was there when the server answered, where a change comes after that', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    socket.replies(`+PONG\r\n${changed('s1')}`);
    expect(answers.map((texts) => [...(texts as string[])])).to.eql([['e', '1']]);
    read(keys);
    expect(sent()).to.eql(['ping', 'mget entry s1']);
  });

  it('forgets the lists with a key that changed and no others, however many have it', () => {
    start();
    const lists = ['a', 'b', 'c'].map((name) => keysOf(name, `stamp of ${name}`, 'shared by two', 'shared by all'));
    const [a = [], b = []] = lists;
    const alone = keysOf('d', 'shared by all');
    for (const keys of lists) keep(keys, 'e', '1', '2', '3');
    keep(alone, 'e', '3');
    const asked = (): (string | undefined)[] =>
      [...lists, alone].map((keys) => {
        read(keys);
        return answer('e', '1', '2', '3').at(-1)?.split(' ')[0];
      });
    expect(asked()).to.eql(['ping', 'ping', 'ping', 'ping']);
    socket.replies(changed('stamp of a'));
    expect(asked()).to.eql(['mget', 'ping', 'ping', 'ping']);
    keep(a, 'e', '1', '2', '3');
    socket.replies(changed('stamp of b', 'a'));
    expect(asked()).to.eql(['mget', 'mget', 'ping', 'ping']);
    keep(a, 'e', '1', '2', '3');
    keep(b, 'e', '1', '2', '3');
    socket.replies(changed('shared by two', 'of nobody'));
    expect(asked()).to.eql(['mget', 'mget', 'mget', 'ping']);
    for (const keys of lists) keep(keys, 'e', '1', '2', '3');
    socket.replies(changed('shared by all'));
    expect(asked()).to.eql(['mget', 'mget', 'mget', 'mget']);
  });

  it('hears of a change although another list that had the key twice is forgotten', () => {
    start();
    const twice = keysOf('a', 'tag', 'tag');
    const once = keysOf('b', 'tag');
    keep(once, 'e', '1');
    keep(twice, 'e', '1', '1');
    socket.replies(changed('a'));
    read(once);
    expect(answer()).to.eql(['ping']);
    socket.replies(changed('tag'));
    read(once);
    expect(sent()).to.eql(['mget b tag']);
  });

  it('reads, and tracks nothing any more, where PING is refused', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    socket.replies('-MISCONF Redis is configured to save, but cannot\r\n');
    expect(sent()).to.eql(['ping', 'mget entry s1']);
    socket.replies(list('e', '1'));
    expect(answers).to.eql([['e', '1']]);
    for (let time = 0; time < 3; time += 1) read(keys);
    expect(new Set(sent())).to.eql(new Set(['mget entry s1']));
  });

  describe('asked for several lists at once', () => {
    let a: RepeatedKeys;
    let b: RepeatedKeys;
    let both: readonly string[];

    beforeEach(() => {
      start();
      [a, b] = [keysOf('a', 'sa', 'shared'), keysOf('b', 'sb', 'shared')];
      both = partedKeys(['a', 'sa', 'shared', 'b', 'sb', 'row'], [a, b, undefined], [[0, 1, 2], [3, 4, 2], [5]]);
    });

    const textsOfKeys = (command: string): string =>
      list(
        ...command
          .split(' ')
          .slice(1)
          .map((key) => `of ${key}`),
      );

    function answerByKeys(): string[] {
      const commands = sent();
      for (const command of commands) {
        if (command === 'ping') socket.replies('+PONG\r\n');
        else socket.replies(command.startsWith('client') ? '+OK\r\n' : textsOfKeys(command));
      }
      return commands;
    }

    /** What the parts were answered, each as it would have been alone. */
    function parts(): (string | undefined)[][] {
      const texts = answers.at(-1) as readonly (string | undefined)[];
      const places = [[0, 1, 2], [3, 4, 2], [5]];
      return places.map((each, index) => [...(partTexts(texts, index) ?? each.map((place) => texts[place]))]);
    }

    const right = [['of a', 'of sa', 'of shared'], ['of b', 'of sb', 'of shared'], ['of row']];

    it('tracks those that are asked for a second time, and asks for the rest from then on', () => {
      const asked = [1, 2, 3].map(() => {
        read(both);
        const commands = answerByKeys();
        expect(parts()).to.eql(right);
        return commands;
      });
      const all = 'mget a sa shared b sb row';
      expect(asked).to.eql([[all], ['client caching yes', all], ['mget row']]);
      read(a);
      expect(answerByKeys(), 'and alone').to.eql(['ping']);
      expect(answers.at(-1), 'the same list').to.equal(partTexts(answers.at(-2) as readonly string[], 0));
    });

    it('asks for nothing but an answer where all is kept', () => {
      for (const keys of [a, b]) keep(keys, ...[...keys].map((key) => `of ${key}`));
      const kept = partedKeys(
        ['a', 'sa', 'shared', 'b', 'sb'],
        [a, b],
        [
          [0, 1, 2],
          [3, 4, 2],
        ],
      );
      read(kept);
      expect(answerByKeys()).to.eql(['ping']);
      expect(parts().slice(0, 2)).to.eql(right.slice(0, 2));
      read(kept);
      socket.replies('-NOPERM no\r\n');
      sent();
      expect(tracking.isOn).to.equal(false);
    });

    it('reads all where one that was kept has changed before the answer', () => {
      keep(a, 'of a', 'of sa', 'of shared');
      read(both);
      expect(sent()).to.eql(['mget shared b sb row']);
      socket.replies(`${changed('sa')}${list('of shared', 'of b', 'of sb', 'of row')}`);
      expect(answers).to.eql([]);
      expect(sent()).to.eql(['mget a sa shared b sb row']);
      socket.replies(list('of a', 'new', 'of shared', 'of b', 'of sb', 'of row'));
      expect(parts()).to.eql([['of a', 'new', 'of shared'], ...right.slice(1)]);
    });

    it('reads lists of which the first text is long as a whole, without tracking them each time', () => {
      keep(a, 'x'.repeat(2_001), 'of sa', 'of shared');
      for (let time = 0; time < 3; time += 1) {
        read(both);
        expect(answerByKeys().at(-1)).to.match(/^mget a sa shared/);
        expect(parts()).to.eql(right);
      }
      read(both);
      expect(answerByKeys()).to.eql(['mget a sa shared row']);
    });

    it('asks no more of a connection that is being closed', () => {
      keep(a, 'of a', 'of sa', 'of shared');
      read(both);
      socket.end();
      sent();
      socket.replies(`${changed('sa')}${list('of shared', 'of b', 'of sb', 'of row')}`);
      expect([sent(), answers.map(String)]).to.eql([[], ['Error: Connection is closed.']]);
    });

    it('takes lists that are not lasting for what they are', () => {
      const plain = partedKeys(['a', 'b'], [repeatedKeys(['a']), undefined], [[0], [1]]);
      for (let time = 0; time < 3; time += 1) {
        read(plain);
        expect(answerByKeys()).to.eql(['mget a b']);
      }
    });
  });

  it('forgets everything when the server says that all was dropped', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    socket.replies('>2\r\n$10\r\ninvalidate\r\n_\r\n');
    read(keys);
    expect(sent()).to.eql(['mget entry s1']);
  });

  it('takes messages of other kinds for nothing', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    socket.replies(`>2\r\n$7\r\nmessage\r\n${list('s1')}`);
    read(keys);
    expect(sent()).to.eql(['ping']);
  });

  it('keeps nothing where a text is missing, and tries it at every second time', () => {
    start();
    const missing = keysOf('entry', 's1');
    keep(missing, 'e', undefined);
    const asked = Array.from({ length: 4 }, () => {
      read(missing);
      return answer('e', undefined).length;
    });
    expect(asked).to.eql([1, 2, 1, 2]);
  });

  it('keeps nothing that the server did not track, and does without from then on', () => {
    start();
    const kept = keysOf('entry', 's1');
    keep(kept, 'e', '1');
    const keys = keysOf('entry 2', 's2');
    read(keys);
    answer('e', '2');
    read(keys);
    socket.replies(`-ERR no\r\n${list('e', '2')}`);
    expect([answers.length, tracking.isOn]).to.eql([2, false]);
    sent();
    for (const each of [keys, kept]) read(each);
    expect(sent()).to.eql(['mget entry 2 s2', 'mget entry s1']);
  });

  it('keeps no text of a change that was told between its being read and its being kept', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    read(keys);
    socket.replies(`${changed('s1')}+PONG\r\n+PONG\r\n`);
    expect(sent()).to.eql(['ping', 'ping', 'mget entry s1', 'client caching yes', 'mget entry s1']);
    socket.replies(`${list('e', '2')}+OK\r\n${list('e', '2')}${changed('s1')}`);
    read(keys);
    expect(sent()).to.eql(['mget entry s1']);
  });

  it('reads a long first text each time, with what is kept of the others', () => {
    start();
    const keys = keysOf('entry', 's1', 's2');
    const long = 'x'.repeat(2_001);
    keep(keys, long, '1', '2');
    read(keys);
    expect(sent()).to.eql(['mget entry']);
    socket.replies(list('another'));
    expect(answers).to.eql([['another', '1', '2']]);
    read(keys);
    socket.replies(`${changed('s2')}${list('another')}`);
    expect(sent()).to.eql(['mget entry', 'mget entry s1 s2']);
  });

  it('reads once more after a minute, and keeps the same list', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    socket.replies('+PONG\r\n');
    clock.advance(60_000);
    sent();
    read(keys);
    expect(sent()).to.eql(['client caching yes', 'mget entry s1']);
    socket.replies(`+OK\r\n${list('e', '1')}`);
    read(keys);
    expect(sent()).to.eql(['ping']);
    socket.replies('+PONG\r\n');
    expect(answers[2]).to.equal(answers[0]);
    expect(distrusted).to.eql([]);
  });

  it('does not mind a text that has just ended, of which the server tells after its answer', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    clock.advance(60_000);
    read(keys);
    socket.replies(`+OK\r\n${list('e', undefined)}${changed('s1')}`);
    expect([answers, distrusted]).to.eql([[['e', undefined]], []]);
    sent();
    read(keys);
    expect(sent()).to.eql(['mget entry s1']);
  });

  for (const [when, other] of [
    ['where it is read once more', false],
    ['where it is read with other keys', true],
  ] as const) {
    it(`tracks nothing any more once a change was not told, ${when}`, () => {
      start();
      const keys = keysOf('entry', 's1');
      keep(keys, 'e', '1');
      const next = other ? keysOf('entry 2', 's1') : keys;
      if (other) {
        read(next);
        socket.replies(list('e', '2'));
      } else {
        clock.advance(60_000);
      }
      read(next);
      socket.replies(`+OK\r\n${list('e', '2')}`);
      expect(answers.at(-1)).to.eql(['e', '2']);
      expect([distrusted, tracking.isOn]).to.eql([['s1'], false]);
      sent();
      for (let time = 0; time < 3; time += 1) {
        read(keys);
        read(next);
      }
      expect(new Set(sent())).to.eql(new Set(['mget entry s1', ...(other ? ['mget entry 2 s1'] : [])]));
    });
  }

  it('takes on no more than there is room for, and begins anew after a minute', () => {
    start();
    const first = keysOf('entry', 's1');
    keep(first, 'e', '1');
    const text = 'x'.repeat(2_000);
    const others = Array.from({ length: 6_000 }, (_, index) => keysOf(`entry ${index}`, 's1'));
    for (const keys of others) keep(keys, text, '1');
    const asks = (keys: readonly string[] = []): string | undefined => {
      read(keys);
      return answer('e', '1')[0]?.split(' ')[0];
    };
    expect([asks(first), asks(others[2_000]), asks(others[5_999])]).to.eql(['ping', 'ping', 'mget']);
    clock.advance(60_000);
    expect([asks(first), asks(others[2_000])], 'they were forgotten').to.eql(['mget', 'mget']);
    expect([asks(first), asks(first)], 'there is room again').to.eql(['client', 'ping']);
  });

  it('keeps no text under a key that the server may name otherwise', () => {
    start();
    const keys = keysOf('entry \ud83d', 's1');
    keep(keys, 'e', '1');
    read(keys);
    expect(answer('e', '1')).to.eql(['mget entry \ufffd s1']);
    const accents = keysOf('é€😀', 's1');
    keep(accents, 'e', '1');
    read(accents);
    expect(answer()).to.eql(['ping']);
    socket.replies(changed('é€😀'));
    read(accents);
    expect(sent()).to.eql(['mget é€😀 s1']);
  });

  it('leaves keys alone that are not lasting, or not asked for again and again', () => {
    start();
    for (const keys of [repeatedKeys(['a', 'b']), ['a', 'b']]) {
      for (let time = 0; time < 4; time += 1) read(keys);
    }
    expect(new Set(sent())).to.eql(new Set(['mget a b']));
  });
});

describe('the beginning and the end of ClientTracking', () => {
  beforeEach(setUp);

  for (const [what, facts] of [
    ['a server of another make', 'redis_version:7.0.0\r\nexecutable:/usr/bin/keydb-server'],
    ['a server that does not say what it is', 'redis_version:7.0.0'],
    ['an older server', 'redis_version:6.2.14\r\nexecutable:/usr/bin/redis-server'],
    ['a program with a longer name', 'redis_version:7.0.0\r\nexecutable:/usr/bin/redis-server-7.4'],
  ] as const) {
    it(`does not ask ${what} to track`, () => {
      tracking.start();
      expect(sent()).to.eql(['info server']);
      socket.replies(bulk(facts));
      expect(sent()).to.eql([]);
      expect(tracking.isOn).to.equal(false);
    });
  }

  it('asks Valkey to track as well', () => {
    tracking.start();
    sent();
    socket.replies(bulk('executable:/opt/valkey/bin/valkey-server\r\nredis_version:7.2.4'));
    expect(sent()).to.eql(['hello 3']);
  });

  for (const [refused, replies] of [
    ['INFO', ["-NOPERM this user has no permissions to run the 'info' command\r\n"]],
    ['version 3 of the protocol', [bulk(redis), '-NOPROTO unsupported protocol version\r\n']],
    ['tracking', [bulk(redis), '%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n', '-NOPERM no\r\n']],
  ] as const) {
    it(`does without where ${refused} is refused`, () => {
      tracking.start();
      for (const reply of replies) socket.replies(reply);
      sent();
      const keys = keysOf('entry', 's1');
      for (let time = 0; time < 3; time += 1) read(keys);
      expect(new Set(sent())).to.eql(new Set(['mget entry s1']));
    });
  }

  it('asks no more of a connection that is being closed', async () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    socket.end();
    sent();
    socket.replies(`${changed('s1')}+PONG\r\n`);
    expect([sent(), answers.map(String)]).to.eql([[], ['Error: Connection is closed.']]);
    const failures: unknown[] = [];
    socket.on('error', (error) => failures.push(error));
    const other = new ClientTracking(new DirectConnection(socket), clock, () => undefined);
    other.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect([sent(), failures]).to.eql([[], []]);
  });

  it('uses nothing that another connection keeps', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    tracking = new ClientTracking(new DirectConnection((socket = new HeldSocket())), clock, () => undefined);
    start();
    read(keys);
    expect(answer('e', '2')).to.eql(['client caching yes', 'mget entry s1']);
    read(keys);
    expect(answer()).to.eql(['ping']);
    expect(answers.map((texts) => [...(texts as string[])])).to.eql([
      ['e', '2'],
      ['e', '2'],
    ]);
  });

  it('rejects who waits when the connection ends', async () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    socket.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(answers.map(String)).to.eql(['Error: Connection is closed.']);
    expect(tracking.isOn).to.equal(false);
  });
});
