import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { partedKeys, partTexts } from '../../../src/store/parted-keys.js';
import { repeatedKeys, type RepeatedKeys } from '../../../src/store/repeated-keys.js';
import { held, setUp, list, changed, sent, read, start, keep, keysOf } from '../../support/held-tracking.js';

describe('ClientTracking of several lists at once', () => {
  let a: RepeatedKeys;
  let b: RepeatedKeys;
  let both: readonly string[];

  beforeEach(() => {
    setUp();
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
      if (command === 'ping') held.socket.replies('+PONG\r\n');
      else held.socket.replies(command.startsWith('client') ? '+OK\r\n' : textsOfKeys(command));
    }
    return commands;
  }

  /** What the parts were answered, each as it would have been alone. */
  function parts(): (string | undefined)[][] {
    const texts = held.answers.at(-1) as readonly (string | undefined)[];
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
    expect(held.answers.at(-1), 'the same list').to.equal(partTexts(held.answers.at(-2) as readonly string[], 0));
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
    held.socket.replies('-NOPERM no\r\n');
    sent();
    expect(held.tracking.isOn).to.equal(false);
  });

  it('reads those again that were kept and have changed before the answer, and no others', () => {
    keep(a, 'of a', 'of sa', 'of shared');
    read(both);
    expect(sent()).to.eql(['mget shared b sb row']);
    held.socket.replies(`${changed('sa')}${list('of shared', 'of b', 'of sb', 'of row')}`);
    expect(held.answers).to.eql([]);
    expect(sent()).to.eql(['mget a sa shared']);
    held.socket.replies(list('of a', 'new', 'of shared'));
    expect(parts()).to.eql([['of a', 'new', 'of shared'], ...right.slice(1)]);
  });

  it('answers with nothing that was found not to be told of by the same answer', () => {
    keep(a, 'of a', 'of sa', 'of shared');
    keep(b, 'of b', 'of sb', 'of shared');
    held.socket.replies(changed('b'));
    for (let time = 0; time < 2; time += 1) {
      read(both);
      if (time === 0) answerByKeys();
    }
    expect(sent()).to.eql(['client caching yes', 'mget shared b sb row']);
    held.socket.replies(`+OK\r\n${list('new', 'of b', 'of sb', 'of row')}`);
    expect([held.distrusted, held.tracking.isOn]).to.eql([['shared'], false]);
    expect(sent()).to.eql(['mget a sa shared']);
    held.socket.replies(list('of a', 'of sa', 'new'));
    expect(parts()).to.eql([['of a', 'of sa', 'new'], ['of b', 'of sb', 'new'], ['of row']]);
  });

  it('takes a list that many ask for in one tick as asked for once', () => {
    const many = partedKeys(
      ['a', 'sa', 'shared'],
      [a, a, a],
      [
        [0, 1, 2],
        [0, 1, 2],
        [0, 1, 2],
      ],
    );
    const asked = [1, 2, 3].map(() => {
      read(many);
      return answerByKeys();
    });
    const all = 'mget a sa shared';
    expect(asked).to.eql([[all], ['client caching yes', all], ['ping']]);
  });

  it('reads lists of which the first text is long as a whole, without tracking them each time', () => {
    keep(a, 'x'.repeat(32_769), 'of sa', 'of shared');
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
    held.socket.end();
    sent();
    held.socket.replies(`${changed('sa')}${list('of shared', 'of b', 'of sb', 'of row')}`);
    expect([sent(), held.answers.map(String)]).to.eql([[], ['Error: Connection is closed.']]);
  });

  it('takes lists that are not lasting for what they are', () => {
    const plain = partedKeys(['a', 'b'], [repeatedKeys(['a']), undefined], [[0], [1]]);
    for (let time = 0; time < 3; time += 1) {
      read(plain);
      expect(answerByKeys()).to.eql(['mget a b']);
    }
  });
});
