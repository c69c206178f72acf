import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { answer, changed, held, keep, keysOf, list, read, sent, setUp, start } from '../../support/held-tracking.js';

const minute = 60_000;

describe('what ClientTracking keeps for long', () => {
  beforeEach(() => {
    setUp();
    start();
  });

  const pinged = (keys: readonly string[]): boolean => {
    read(keys);
    return answer('e', '1')[0] === 'ping';
  };

  it('is read once more after a minute, beside those who ask, and stays as it is', () => {
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    expect(pinged(keys)).to.equal(true);
    for (let time = 0; time < 3; time += 1) {
      held.clock.advance(minute - 1);
      expect(sent()).to.eql([]);
      held.clock.advance(1);
      expect(sent()).to.eql(['mget entry s1']);
      read(keys);
      expect(sent()).to.eql(['ping']);
      held.socket.replies(`${list('e', '1')}+PONG\r\n`);
    }
    expect(new Set(held.answers).size, 'they are the same list').to.equal(1);
    expect(held.distrusted).to.eql([]);
  });

  it('is let go where nobody asked for it meanwhile', () => {
    const [used, unused] = [keysOf('entry', 's1'), keysOf('entry 2', 's1')];
    keep(used, 'e', '1');
    keep(unused, 'e', '1');
    held.clock.advance(minute);
    expect(sent()).to.eql(['mget entry s1 entry 2']);
    held.socket.replies(list('e', '1', 'e'));
    expect(pinged(used)).to.equal(true);
    held.clock.advance(minute);
    expect(sent()).to.eql(['mget entry s1']);
    held.socket.replies(list('e', '1'));
    expect([pinged(unused), pinged(unused), pinged(unused)]).to.eql([false, false, true]);
    expect(pinged(used)).to.equal(true);
  });

  it('is not looked at any more where nothing is left, until there is something again', () => {
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.clock.advance(minute);
    expect(answer('e', '1')).to.eql(['mget entry s1']);
    held.clock.advance(minute);
    expect([sent(), held.clock.scheduled]).to.eql([[], 0]);
    keep(keys, 'e', '1');
    held.clock.advance(minute);
    expect(sent()).to.eql(['mget entry s1']);
  });

  it('is read a hundred keys at a time, each when the one before is there', () => {
    const all = Array.from({ length: 150 }, (_, index) => keysOf(`e${index}`, 's1'));
    for (const keys of all) keep(keys, 'e', '1');
    held.clock.advance(minute);
    const [first = '', ...more] = sent();
    expect([first.split(' ').length, more]).to.eql([101, []]);
    held.socket.replies(list('e', '1', ...Array.from({ length: 98 }, () => 'e')));
    const [second = ''] = sent();
    expect(second.split(' ').length).to.equal(52);
    held.socket.replies(list(...Array.from({ length: 51 }, () => 'e')));
    expect([sent(), held.distrusted]).to.eql([[], []]);
    held.clock.advance(minute);
    expect([sent(), pinged(all[0] ?? [])], 'nobody asked').to.eql([[], false]);
  });

  it('is trusted no more once a change is found that was not told, also for who asks at that moment', () => {
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.clock.advance(minute);
    sent();
    read(keys);
    expect(sent()).to.eql(['ping']);
    held.socket.replies(`${list('e', '2')}+PONG\r\n`);
    expect([held.distrusted, held.tracking.isOn, held.answers]).to.eql([['s1'], false, []]);
    expect(answer('e', '2')).to.eql(['mget entry s1']);
    expect(held.answers).to.eql([['e', '2']]);
    held.clock.advance(2 * minute);
    expect(sent()).to.eql([]);
  });

  it('may have ended, of which the server tells after its answer', () => {
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.clock.advance(minute);
    sent();
    held.socket.replies(list('e', undefined));
    expect(pinged(keys)).to.equal(false);
    held.socket.replies(changed('s1'));
    expect([held.distrusted, held.tracking.isOn]).to.eql([[], true]);
  });

  it('may have been told to change before the answer', () => {
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.clock.advance(minute);
    sent();
    held.socket.replies(`${changed('s1')}${list('e', '2')}`);
    expect([held.distrusted, held.tracking.isOn]).to.eql([[], true]);
    expect(pinged(keys)).to.equal(false);
  });

  it('is not kept any more where it cannot be read', () => {
    const keys = keysOf('entry', 's1');
    keep(keys, 'e', '1');
    held.clock.advance(minute);
    sent();
    held.socket.replies('-NOPERM no\r\n');
    expect([held.tracking.isOn, pinged(keys)]).to.eql([false, false]);
  });

  it('is forgotten with its connection', async () => {
    keep(keysOf('entry', 's1'), 'e', '1');
    held.socket.destroy();
    held.clock.advance(2 * minute);
    await new Promise((resolve) => setImmediate(resolve));
    expect([sent(), held.tracking.isOn]).to.eql([[], false]);
  });

  it('is no more than there is room for, until something is let go', () => {
    const texts = new Map([
      ['entry', 'e'],
      ['s1', '1'],
    ]);
    const first = keysOf('entry', 's1');
    keep(first, 'e', '1');
    const others = Array.from({ length: 6_000 }, (_, index) => keysOf(`e${index}`, 's1'));
    for (const keys of others) {
      texts.set(keys[0] ?? '', 'x'.repeat(2_000));
      keep(keys, texts.get(keys[0] ?? ''), '1');
    }
    const review = (): void => {
      held.clock.advance(minute);
      for (let [command] = sent(); command !== undefined; [command] = sent()) {
        held.socket.replies(
          list(
            ...command
              .split(' ')
              .slice(1)
              .map((key) => texts.get(key)),
          ),
        );
      }
    };
    const last = others.at(-1) ?? [];
    expect([pinged(first), pinged(others[2_000] ?? []), pinged(last)]).to.eql([true, true, false]);
    review();
    expect([pinged(first), pinged(last), pinged(last)], 'all was asked for when it was kept').to.eql([
      true,
      false,
      false,
    ]);
    review();
    expect([pinged(first), pinged(others[2_000] ?? [])]).to.eql([true, false]);
    expect([pinged(last), pinged(last)], 'there is room again').to.include(true);
    expect(held.distrusted).to.eql([]);
  });
});
