import { expect } from 'chai';
import { nearest } from '../../../src/support/nearest.js';

const names = ['string', 'integer', 'bigint', 'datetime', 'date', 'json'];

describe('nearest', () => {
  it('finds the name that a slip of the finger made another', () => {
    const slips = {
      strnig: 'string',
      Integer: 'integer',
      bigit: 'bigint',
      dateTime: 'datetime',
      dat: 'date',
      jsn: 'json',
    };
    for (const [slip, meant] of Object.entries(slips)) expect(nearest(slip, names), slip).to.equal(meant);
  });

  it('takes the closest of several, and the first of equals', () => {
    expect(nearest('cart', ['carton', 'card'])).to.equal('card');
    expect(nearest('bat', ['cat', 'rat'])).to.equal('cat');
  });

  it('finds nothing where nothing is near', () => {
    expect(nearest('varchar', names)).to.equal(undefined);
    expect(nearest('x', ['ab'])).to.equal(undefined);
    expect(nearest('', names)).to.equal(undefined);
    expect(nearest('string', [])).to.equal(undefined);
  });
});
