import { expect } from 'chai';
import fc from 'fast-check';
import { timeType as type } from '../../../src/schema/types/time.js';
import { refusalOf, throughCell } from './through-cell.js';

const two = (value: number): string => String(value).padStart(2, '0');
const times = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999_999))
  .map(([h, m, s, micros]) => `${two(h)}:${two(m)}:${two(s)}.${String(micros).padStart(6, '0')}`);

describe('time columns', () => {
  it('keep every microsecond of a day, in one form', () => {
    fc.assert(
      fc.property(times, (time) => {
        const kept = String(throughCell(type, time));
        expect(kept).to.match(/^\d\d:\d\d:\d\d(\.\d*[1-9])?$/);
        expect(`${kept}${kept.includes('.') ? '' : '.'}`.padEnd(15, '0')).to.equal(time);
        expect(throughCell(type, kept)).to.equal(kept);
      }),
    );
    expect(type.decode).to.equal(undefined);
  });

  it('have an order as text that is their order in time', () => {
    fc.assert(
      fc.property(times, times, (left, right) => {
        expect(String(type.encode(left)) < String(type.encode(right))).to.equal(left < right);
      }),
    );
  });

  it('always write seconds, and no zeros that say nothing', () => {
    const pairs = {
      '09:30': '09:30:00',
      '09:30:00.500': '09:30:00.5',
      '23:59:59.000000': '23:59:59',
      '24:00': '24:00:00',
    };
    for (const [given, kept] of Object.entries(pairs)) expect(type.encode(given)).to.equal(kept);
  });

  it('refuse what is no time of day', () => {
    for (const text of [
      '',
      '9:30',
      '25:00',
      '24:00:01',
      '09:60',
      '09:30:60',
      '09:30:00.',
      '09:30:00.1234567',
      '09:30Z',
    ]) {
      expect(
        refusalOf(() => type.encode(text)),
        text,
      ).to.equal("expects a time of day as text 'HH:MM', 'HH:MM:SS' or 'HH:MM:SS.ffffff', got text that is none");
    }
    expect(refusalOf(() => type.encode(930))).to.equal("expects a time of day as text 'HH:MM:SS', got a number");
  });

  it('read what databases and other programs write, and say what they gave instead', () => {
    expect(type.fromDatabase('09:30', 'sqlite')).to.equal('09:30:00');
    expect(type.fromDatabase('09:30:00.120', 'postgres')).to.equal('09:30:00.12');
    for (const raw of ['09:30:00+02', 'noon']) {
      expect(refusalOf(() => type.fromDatabase(raw, 'postgres'))).to.equal(
        "cannot be read as time: expected 'HH:MM:SS' without a time zone, the database gave text; " +
          'declare the type that the column really has',
      );
    }
    expect(refusalOf(() => type.fromDatabase(930, 'sqlite'))).to.include('the database gave a number');
  });

  it('are declared as time, and carry no condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['text', 'time']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([false, 'time']);
  });
});
