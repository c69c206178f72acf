import { expect } from 'chai';
import { Silence } from '../../../src/store/silence.js';
import { FakeClock } from '../../../src/testing/fake-clock.js';

describe('Silence', () => {
  let clock: FakeClock;
  let noticed: number;
  let silence: Silence;

  beforeEach(() => {
    clock = new FakeClock();
    noticed = 0;
    silence = new Silence(clock, 2_000, () => (noticed += 1));
  });

  it('is noticed where nothing is answered, again and again', () => {
    silence.asked();
    clock.advance(1_999);
    expect(noticed).to.equal(0);
    clock.advance(1);
    expect(noticed).to.equal(1);
    clock.advance(2_000);
    expect(noticed).to.equal(2);
  });

  it('is none where nobody asks, or all was answered', () => {
    silence.asked();
    silence.answered();
    clock.advance(60_000);
    expect(noticed).to.equal(0);
  });

  it('is none where answers come, however many are owed', () => {
    for (let round = 0; round < 20; round++) {
      silence.asked();
      silence.asked();
      clock.advance(1_500);
      silence.answered();
    }
    expect(noticed).to.equal(0);
  });

  it('is noticed within its time and a quarter of that from the last answer', () => {
    silence.asked();
    silence.asked();
    clock.advance(999);
    silence.answered();
    clock.advance(2_000);
    expect(noticed).to.equal(0);
    clock.advance(501);
    expect(noticed).to.equal(1);
  });
});
