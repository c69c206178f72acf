import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { DirectConnection } from '../../../src/store/direct-connection.js';
import { commandOf, repeatedKeys } from '../../../src/store/repeated-keys.js';
import { HeldSocket } from '../../support/held-socket.js';

describe('DirectConnection', () => {
  let socket: HeldSocket;
  let connection: DirectConnection;
  let outcomes: unknown[];

  beforeEach(() => {
    socket = new HeldSocket();
    socket.on('error', () => undefined);
    connection = new DirectConnection(socket);
    outcomes = [];
  });

  function ask(name: string, ...words: (string | number)[]): void {
    connection.ask(
      name,
      words,
      (reply) => outcomes.push([name, reply]),
      (error) => outcomes.push([name, String(error)]),
    );
  }

  it('writes each word with its length in bytes', () => {
    ask('mget', 'a', 'é€', '');
    ask('set', 'k', 12);
    expect(socket.writes).to.eql([
      '*4\r\n$4\r\nmget\r\n$1\r\na\r\n$5\r\né€\r\n$0\r\n\r\n',
      '*3\r\n$3\r\nset\r\n$1\r\nk\r\n$2\r\n12\r\n',
    ]);
  });

  it('writes a list of repeated keys each time as it did the first time, beyond ASCII too', () => {
    const plain = repeatedKeys(['a', 'b'.repeat(30)]);
    const others = repeatedKeys(['é', 'b']);
    for (let turn = 0; turn < 3; turn += 1) for (const keys of [plain, others]) ask('mget', ...keys);
    const expected = [...socket.writes.splice(0)];
    const ignore = (): void => undefined;
    for (let turn = 0; turn < 3; turn += 1) {
      for (const keys of [plain, others]) connection.ask('mget', keys, ignore, ignore);
    }
    expect(socket.writes).to.eql(expected);
    expect([commandOf(plain), commandOf(others)]).to.eql([expected[0], undefined]);
  });

  it('gives each command its reply, in their order, and errors to those whom they concern', () => {
    for (const name of ['one', 'two', 'three']) ask(name);
    socket.replies('+1\r\n-ERR no\r\n$3\r\nth');
    expect(outcomes).to.eql([
      ['one', '1'],
      ['two', 'ReplyError: ERR no'],
    ]);
    socket.replies('r\r\n');
    ask('four');
    socket.replies('*1\r\n:4\r\n');
    expect(outcomes.slice(2)).to.eql([
      ['three', 'thr'],
      ['four', [4]],
    ]);
  });

  it('lets a reply ask the next thing', () => {
    connection.ask(
      'one',
      [],
      () => ask('two'),
      () => undefined,
    );
    socket.replies('+1\r\n');
    socket.replies('+2\r\n');
    expect(outcomes).to.eql([['two', '2']]);
  });

  it('sends together what is asked together, also where one of them cannot be asked', () => {
    connection.together(() => {
      ask('one');
      ask('two');
    });
    expect(socket.writes).to.eql(['*1\r\n$3\r\none\r\n*1\r\n$3\r\ntwo\r\n']);
    const failing = (): void =>
      connection.together(() => {
        ask('three');
        throw new Error('meant to');
      });
    expect(failing).to.throw('meant to');
    expect(socket.writes.slice(1)).to.eql(['*1\r\n$5\r\nthree\r\n']);
    ask('four');
    expect(socket.writes.slice(2)).to.eql(['*1\r\n$4\r\nfour\r\n']);
  });

  it('rejects what is open when the socket is closed, and says that it ended', async () => {
    ask('one');
    ask('two');
    socket.replies('+1\r\n');
    expect(connection.isOpen).to.equal(true);
    socket.destroy();
    await connection.ended;
    expect(connection.isOpen).to.equal(false);
    expect(outcomes).to.eql([
      ['one', '1'],
      ['two', 'Error: Connection is closed.'],
    ]);
  });

  for (const [name, text] of [
    ['is not the protocol', 'HTTP/1.1 400\r\n'],
    ['nobody asked for', '+1\r\n+2\r\n'],
  ] as const) {
    it(`closes the socket when something comes that ${name}`, async () => {
      ask('one');
      socket.replies(text);
      await connection.ended;
      expect(socket.destroyed).to.equal(true);
      expect(outcomes).to.have.lengthOf(1);
    });
  }

  it('is the only one that reads the socket', () => {
    const other = new HeldSocket();
    other.on('error', () => undefined);
    let heard = 0;
    other.on('data', () => (heard += 1));
    expect(new DirectConnection(other).isOpen).to.equal(true);
    other.replies('+1\r\n');
    expect(heard).to.equal(0);
  });
});
