import { expect } from 'chai';
import fc from 'fast-check';
import { dateType as type } from '../../../src/schema/types/date.js';
import { refusalOf, throughCell } from './through-cell.js';

const days = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));

describe('date columns', () => {
  it('keep every day of the years 1 to 9999', () => {
    fc.assert(
      fc.property(days, (day) => {
        expect(throughCell(type, day)).to.equal(day);
        expect(type.fromDatabase(day, 'sqlite')).to.equal(day);
        expect(type.fromDatabase(`"${day}"`, 'postgres')).to.equal(day);
      }),
    );
    for (const day of ['0001-01-01', '9999-12-31', '2000-02-29']) expect(throughCell(type, day)).to.equal(day);
    expect(type.decode).to.equal(undefined);
  });

  it('refuse text that is no day', () => {
    const none = ['', '2024-1-1', '2024-13-01', '2024-00-01', '2024-01-00', '2023-02-29', '1900-02-29', '2024-04-31'];
    for (const text of [
      ...none,
      '0000-01-01',
      '10000-01-01',
      '-0001-01-01',
      '2024-01-01T00:00:00Z',
      'today',
      'infinity',
    ]) {
      expect(
        refusalOf(() => type.encode(text)),
        text,
      ).to.equal("expects a date as text 'YYYY-MM-DD' from 0001-01-01 to 9999-12-31, got text that is none");
    }
  });

  it('refuse a Date, which is another day elsewhere', () => {
    expect(refusalOf(() => type.encode(new Date(0)))).to.equal(
      "expects a date as text 'YYYY-MM-DD', got a Date, whose day depends on the time zone; " +
        'write date.toISOString().slice(0, 10) for the day in UTC',
    );
    expect(refusalOf(() => type.encode(20240101))).to.equal("expects a date as text 'YYYY-MM-DD', got a number");
  });

  it('read the day of what other programs stored with a time on SQLite', () => {
    expect(type.fromDatabase('2024-05-06 07:08:09', 'sqlite')).to.equal('2024-05-06');
    expect(type.fromDatabase('2024-05-06T00:00:00.000Z', 'sqlite')).to.equal('2024-05-06');
  });

  it('say what the database gave instead of a day', () => {
    for (const raw of [
      '"infinity"',
      '"0044-03-15 BC"',
      '"10000-01-01"',
      '06/05/2024',
      '2024-02-30',
      '2024-05-06 later',
    ]) {
      expect(
        refusalOf(() => type.fromDatabase(raw, 'postgres')),
        raw,
      ).to.equal(
        "cannot be read as date: expected 'YYYY-MM-DD' from 0001-01-01 to 9999-12-31, the database gave text; " +
          'declare the type that the column really has',
      );
    }
    expect(refusalOf(() => type.fromDatabase(new Date(0), 'postgres'))).to.include('the database gave a Date');
  });

  it('are read in a form that no DateStyle changes', () => {
    expect(type.selectSql?.('"day"', 'postgres')).to.equal('to_json("day")::text');
    expect(type.selectSql?.('"day"', 'sqlite')).to.equal(undefined);
  });

  it('are declared as date, and carry condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['text', 'date']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([true, 'date']);
  });
});
