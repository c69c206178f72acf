import { expect } from 'chai';
import { describe, it } from 'mocha';
import { RecentByNumber } from '../../../src/support/recent-by-number.js';

interface Thing {
  readonly number: number;
  readonly name: string;
}

const most = 1_000;

function filled(numbers: Iterable<number>, things = new RecentByNumber<Thing>(most)): RecentByNumber<Thing> {
  for (const number of numbers) things.set(number, { number, name: `the ${number}` });
  return things;
}

const upTo = (count: number, step = 1): number[] => Array.from({ length: count }, (_, index) => index * step);
const found = (things: RecentByNumber<Thing>, numbers: readonly number[]): number[] =>
  numbers.filter((number) => things.get(number)?.name === `the ${number}`);

describe('RecentByNumber', () => {
  it('gives back what was set last under a number, and nothing under others', () => {
    const things = filled([1, 2]);
    things.set(1, { number: 1, name: 'another' });
    expect([things.get(1)?.name, things.get(2)?.name, things.get(3)]).to.eql(['another', 'the 2', undefined]);
  });

  it('takes any number for what it is: negative ones, fractions, and beyond 32 bits', () => {
    const numbers = [-1, 0.5, 1.5, 2 ** 32, 2 ** 32 + 1, -(2 ** 40), Number.MAX_SAFE_INTEGER];
    const things = filled(numbers);
    expect(found(things, numbers)).to.eql(numbers);
    expect([0, 1, -2].map((number) => things.get(number))).to.eql([undefined, undefined, undefined]);
  });

  for (const step of [1, 10, 16_384]) {
    it(`remembers as many as it was told, ${step} apart, and at most twice as many`, () => {
      const things = filled(upTo(most - 1, step));
      expect(found(things, upTo(most - 1, step))).to.have.length(most - 1);
      const many = upTo(50 * most, step);
      expect(found(filled(many), many).length).to.be.within(most, 2 * most);
    });
  }

  it('forgets what is not asked for, also where nothing else takes its place', () => {
    const things = filled([5]);
    for (const number of upTo(2 * most, 16_384)) filled([6 + number], things);
    expect(things.get(5)).to.equal(undefined);
  });

  it('keeps what is asked for again and again, whatever is set meanwhile', () => {
    const things = filled([-1]);
    for (const number of upTo(5 * most)) {
      filled([number], things);
      expect(found(things, [-1])).to.eql([-1]);
    }
  });

  it('gives back the one that was set last, wherever the one before was found', () => {
    const things = filled(upTo(200));
    for (const number of upTo(200)) things.set(number, { number, name: 'new' });
    expect(upTo(200).every((number) => things.get(number)?.name === 'new')).to.equal(true);
  });
});
