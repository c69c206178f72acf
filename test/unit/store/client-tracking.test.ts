import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { ClientTracking } from '../../../src/store/client-tracking.js';
import { DirectConnection } from '../../../src/store/direct-connection.js';
import { repeatedKeys } from '../../../src/store/repeated-keys.js';
import {
  held,
  setUp,
  connectAgain,
  bulk,
  list,
  changed,
  sent,
  read,
  start,
  answer,
  keep,
  keysOf,
  redis,
} from '../../support/held-tracking.js';

describe('ClientTracking', () => {
  beforeEach(setUp);

  it('has the server track what is asked for a second time, and asks for no more than an answer from then on', () => {
    start();
    const keys = keysOf('entry', 's1', 's2');
    read(keys);
    expect(sent()).to.eql(['mget entry s1 s2']);
    held.socket.replies(list('e', '1', '2'));
    read(keys);
    expect(sent()).to.eql(['client caching yes', 'mget entry s1 s2']);
    held.socket.replies(`+OK\r\n${list('e', '1', '2')}`);
    for (let time = 0; time < 2; time += 1) {
      read(keys);
      expect(sent()).to.eql(['ping']);
      expect(held.answers, 'nobody is answered before the server has').to.have.lengthOf(2 + time);
      held.socket.replies('+PONG\r\n');
    }
    for (const texts of held.answers) expect([...(texts as string[])]).to.eql(['e', '1', '2']);
    const [, kept, ...later] = held.answers;
    expect(later, 'the same list, of which readers may remember what they made').to.have.members([kept, kept]);
  });

  it('answers by what a change that was told before the answer has left, whoever made it', () => {
    start();
    const keys = keysOf('entry', 's1', 's2');
    keep(keys, 'e', '1', '2');
    read(keys);
    held.socket.replies(`${changed('s1')}+PONG\r\n`);
    expect(held.answers).to.eql([]);
    expect(sent()).to.eql(['ping', 'mget entry s1 s2']);
    held.socket.replies(list('e', undefined, '2'));
    expect(held.answers).to.eql([['e', undefined, '2']]);
  });

  it('answers by what was there when the server answered, where a change comes after that', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    held.socket.replies(`+PONG\r\n${changed('s1')}`);
    expect(held.answers.map((texts) => [...(texts as string[])])).to.eql([['e', '1']]);
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
    held.socket.replies(changed('stamp of a'));
    expect(asked()).to.eql(['mget', 'ping', 'ping', 'ping']);
    keep(a, 'e', '1', '2', '3');
    held.socket.replies(changed('stamp of b', 'a'));
    expect(asked()).to.eql(['mget', 'mget', 'ping', 'ping']);
    keep(a, 'e', '1', '2', '3');
    keep(b, 'e', '1', '2', '3');
    held.socket.replies(changed('shared by two', 'of nobody'));
    expect(asked()).to.eql(['mget', 'mget', 'mget', 'ping']);
    for (const keys of lists) keep(keys, 'e', '1', '2', '3');
    held.socket.replies(changed('shared by all'));
    expect(asked()).to.eql(['mget', 'mget', 'mget', 'mget']);
  });

  it('hears of a change although another list that had the key twice is forgotten', () => {
    start();
    const twice = keysOf('a', 'tag', 'tag');
    const once = keysOf('b', 'tag');
    keep(once, 'e', '1');
    keep(twice, 'e', '1', '1');
    held.socket.replies(changed('a'));
    read(once);
    expect(answer()).to.eql(['ping']);
    held.socket.replies(changed('tag'));
    read(once);
    expect(sent()).to.eql(['mget b tag']);
  });

  it('reads, and tracks nothing any more, where PING is refused', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    held.socket.replies('-MISCONF Redis is configured to save, but cannot\r\n');
    expect(sent()).to.eql(['ping', 'mget entry s1']);
    held.socket.replies(list('e', '1'));
    expect(held.answers).to.eql([['e', '1']]);
    for (let time = 0; time < 3; time += 1) read(keys);
    expect(new Set(sent())).to.eql(new Set(['mget entry s1']));
  });

  it('forgets everything when the server says that all was dropped', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.socket.replies('>2\r\n$10\r\ninvalidate\r\n_\r\n');
    read(keys);
    expect(sent()).to.eql(['mget entry s1']);
  });

  it('takes messages of other kinds for nothing', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.socket.replies(`>2\r\n$7\r\nmessage\r\n${list('s1')}`);
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
    held.socket.replies(`-ERR no\r\n${list('e', '2')}`);
    expect([held.answers.length, held.tracking.isOn]).to.eql([2, false]);
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
    held.socket.replies(`${changed('s1')}+PONG\r\n+PONG\r\n`);
    expect(sent()).to.eql(['ping', 'ping', 'mget entry s1', 'client caching yes', 'mget entry s1']);
    held.socket.replies(`${list('e', '2')}+OK\r\n${list('e', '2')}${changed('s1')}`);
    read(keys);
    expect(sent()).to.eql(['mget entry s1']);
  });

  it('takes keys for asked for as often as they say', () => {
    start();
    const keys = repeatedKeys(['entry', 's1'], true, 1);
    read(keys);
    expect(answer('e', '1')).to.eql(['client caching yes', 'mget entry s1']);
    read(keys);
    expect(answer()).to.eql(['ping']);
  });

  it('keeps for two who ask for the second time at once what was read for the first one', () => {
    start();
    const keys = keysOf('entry', 's1');
    read(keys);
    answer('e', '1');
    for (let time = 0; time < 2; time += 1) read(keys);
    expect(answer('e', '1')).to.eql(['client caching yes', 'mget entry s1', 'client caching yes', 'mget entry s1']);
    read(keys);
    expect(answer()).to.eql(['ping']);
    const [, first, , last] = held.answers;
    expect(last).to.equal(first);
    expect(held.distrusted).to.eql([]);
  });

  it('answers who asks for the second time what was read for him, though others had it kept just before', () => {
    start();
    const keys = keysOf('entry', 's1');
    read(keys);
    answer('e', '1');
    for (let time = 0; time < 2; time += 1) read(keys);
    held.socket.replies(`+OK\r\n${list('e', '1')}+OK\r\n${list('e', undefined)}${changed('s1')}`);
    expect(held.answers.slice(1)).to.eql([
      ['e', '1'],
      ['e', undefined],
    ]);
    expect(held.distrusted).to.eql([]);
  });

  it('reads a long first text each time, with what is kept of the others', () => {
    start();
    const keys = keysOf('entry', 's1', 's2');
    const long = 'x'.repeat(32_769);
    for (let time = 0; time < 2; time += 1) {
      read(keys);
      answer(long, '1', '2');
    }
    expect(held.answers.splice(0)).to.eql(Array.from({ length: 2 }, () => [long, '1', '2']));
    read(keys);
    expect(sent()).to.eql(['mget entry']);
    held.socket.replies(list('another'));
    expect(held.answers).to.eql([['another', '1', '2']]);
    read(keys);
    held.socket.replies(`${changed('s2')}${list('another')}`);
    expect(sent()).to.eql(['mget entry', 'mget entry s1 s2']);
  });

  it('tracks nothing any more once a change was not told, where that is read with other keys', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    const next = keysOf('entry 2', 's1');
    read(next);
    held.socket.replies(list('e', '2'));
    read(next);
    held.socket.replies(`+OK\r\n${list('e', '2')}`);
    expect(held.answers.at(-1)).to.eql(['e', '2']);
    expect([held.distrusted, held.tracking.isOn]).to.eql([['s1'], false]);
    sent();
    for (let time = 0; time < 3; time += 1) {
      read(keys);
      read(next);
    }
    expect(new Set(sent())).to.eql(new Set(['mget entry s1', 'mget entry 2 s1']));
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
    held.socket.replies(changed('é€😀'));
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
      held.tracking.start();
      expect(sent()).to.eql(['info server']);
      held.socket.replies(bulk(facts));
      expect(sent()).to.eql([]);
      expect(held.tracking.isOn).to.equal(false);
    });
  }

  it('asks Valkey to track as well', () => {
    held.tracking.start();
    sent();
    held.socket.replies(bulk('executable:/opt/valkey/bin/valkey-server\r\nredis_version:7.2.4'));
    expect(sent()).to.eql(['hello 3']);
  });

  for (const [refused, replies] of [
    ['INFO', ["-NOPERM this user has no permissions to run the 'info' command\r\n"]],
    ['version 3 of the protocol', [bulk(redis), '-NOPROTO unsupported protocol version\r\n']],
    ['tracking', [bulk(redis), '%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n', '-NOPERM no\r\n']],
  ] as const) {
    it(`does without where ${refused} is refused`, () => {
      held.tracking.start();
      for (const reply of replies) held.socket.replies(reply);
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
    held.socket.end();
    sent();
    held.socket.replies(`${changed('s1')}+PONG\r\n`);
    expect([sent(), held.answers.map(String)]).to.eql([[], ['Error: Connection is closed.']]);
    const failures: unknown[] = [];
    held.socket.on('error', (error) => failures.push(error));
    const other = new ClientTracking(new DirectConnection(held.socket), held.clock, () => undefined);
    other.start();
    await new Promise((resolve) => setImmediate(resolve));
    expect([sent(), failures]).to.eql([[], []]);
  });

  it('uses nothing that another connection keeps', () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    connectAgain();
    start();
    read(keys);
    expect(answer('e', '2')).to.eql(['client caching yes', 'mget entry s1']);
    read(keys);
    expect(answer()).to.eql(['ping']);
    expect(held.answers.map((texts) => [...(texts as string[])])).to.eql([
      ['e', '2'],
      ['e', '2'],
    ]);
  });

  it('rejects who waits when the connection ends', async () => {
    start();
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    read(keys);
    held.socket.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(held.answers.map(String)).to.eql(['Error: Connection is closed.']);
    expect(held.tracking.isOn).to.equal(false);
  });
});
