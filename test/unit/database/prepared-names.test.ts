import { expect } from 'chai';
import { PreparedNames } from '../../../src/database/postgres/prepared-names.js';

describe('the names of prepared statements', () => {
  it('are the same for the same text, also for others who share the connection', () => {
    const names = new PreparedNames();
    expect(names.nameOf('SELECT 1')).to.equal(names.nameOf('SELECT 1'));
    expect(names.nameOf('SELECT 1')).to.equal(new PreparedNames().nameOf('SELECT 1'));
    expect(names.nameOf('SELECT 1')).to.not.equal(names.nameOf('SELECT 2'));
  });

  it('fit into what PostgreSQL takes', () => {
    const names = new PreparedNames();
    const text = `SELECT ${'1, '.repeat(1000)} 1`;
    expect(names.nameOf(text)).to.match(/^\w[\w-]{1,62}$/);
    names.renew(text);
    expect(names.nameOf(text)).to.match(/^\w[\w-]{1,62}$/);
  });

  it('change when the table of a statement does', () => {
    const names = new PreparedNames();
    const seen = new Set([names.nameOf('SELECT 1')]);
    names.renew('SELECT 1');
    seen.add(names.nameOf('SELECT 1'));
    names.renew('SELECT 1');
    seen.add(names.nameOf('SELECT 1'));
    expect(seen.size).to.equal(3);
  });

  it('come to an end, since a server keeps each for the life of a connection', () => {
    const names = new PreparedNames();
    const given = Array.from({ length: 1100 }, (_, i) => names.nameOf(`SELECT ${i}`));
    expect(given.filter((name) => name !== undefined)).to.have.length(1000);
    expect(names.nameOf('SELECT 0')).to.equal(given[0]);
  });
});
