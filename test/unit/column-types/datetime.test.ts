import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { datetimeType as type } from '../../../src/schema/types/datetime.js';
import { refusalOf, throughCell } from './through-cell.js';

const MIN = new Date('0001-01-01T00:00:00.000Z');
const MAX = new Date('9999-12-31T23:59:59.999Z');
const moments = fc.date({ min: MIN, max: MAX, noInvalidDate: true });

describe('datetime columns', () => {
  it('keep every millisecond of the years 1 to 9999', () => {
    fc.assert(
      fc.property(moments, (moment) => {
        expect(throughCell(type, moment)).to.deep.equal(moment);
        const cell = type.encode(moment);
        for (const dialect of ['sqlite', 'postgres'] as const) {
          expect(type.fromDatabase(type.toDatabase(cell, dialect), dialect)).to.equal(cell);
        }
        expect(type.fromDatabase(String(cell), 'postgres')).to.equal(cell);
      }),
    );
    for (const moment of [MIN, MAX, new Date(0), new Date(-1)]) expect(throughCell(type, moment)).to.deep.equal(moment);
  });

  it('give a Date of its own each time', () => {
    expect(type.decode?.(0)).not.to.equal(type.decode?.(0));
  });

  it('are in time order as text on SQLite', () => {
    fc.assert(
      fc.property(moments, moments, (left, right) => {
        const [first, second] = [left, right].map((moment) => String(type.toDatabase(type.encode(moment), 'sqlite')));
        expect(first! < second!).to.equal(left < right);
      }),
    );
  });

  it('refuse what is no Date of those years', () => {
    const outside = 'expects a Date in the years 1 to 9999, got one outside';
    expect(refusalOf(() => type.encode(new Date(MIN.getTime() - 1)))).to.equal(outside);
    expect(refusalOf(() => type.encode(new Date(MAX.getTime() + 1)))).to.equal(outside);
    expect(refusalOf(() => type.encode(new Date(NaN)))).to.equal('expects a Date, got an invalid Date');
    expect(refusalOf(() => type.encode('2024-01-01T00:00:00Z'))).to.equal('expects a Date, got text');
    expect(refusalOf(() => type.encode(0))).to.equal('expects a Date, got a number');
  });

  it('take a Date of another realm', () => {
    expect(type.encode(runInNewContext('new Date(7)'))).to.equal(7);
  });

  it('read text as databases and other programs write it', () => {
    const texts: [string, string][] = [
      ['2024-05-06T07:08:09.120Z', '2024-05-06T07:08:09.120Z'],
      ['2024-05-06 07:08:09', '2024-05-06T07:08:09.000Z'],
      ['2024-05-06 07:08:09.1', '2024-05-06T07:08:09.100Z'],
      ['2024-05-06T07:08:09.123999', '2024-05-06T07:08:09.123Z'],
      ['2024-05-06 07:08', '2024-05-06T07:08:00.000Z'],
      ['2024-05-06', '2024-05-06T00:00:00.000Z'],
      ['2024-05-06 07:08:09+02', '2024-05-06T05:08:09.000Z'],
      ['2024-05-06 07:08:09-05:30', '2024-05-06T12:38:09.000Z'],
      ['1890-05-06T07:08:09+00:19:32', '1890-05-06T06:48:37.000Z'],
      ['0099-05-06 07:08:09', '0099-05-06T07:08:09.000Z'],
      ['1969-12-31 23:59:59.9999', '1969-12-31T23:59:59.999Z'],
    ];
    for (const [raw, iso] of texts) {
      expect(type.fromDatabase(raw, 'sqlite'), raw).to.equal(Date.parse(iso));
      expect(type.fromDatabase(raw, 'postgres'), raw).to.equal(Date.parse(iso));
    }
  });

  it('read milliseconds of other programs, and Dates of drivers', () => {
    for (const raw of [7, 7n, new Date(7)]) {
      expect(type.fromDatabase(raw, 'sqlite')).to.equal(7);
      expect(type.fromDatabase(raw, 'postgres')).to.equal(7);
    }
  });

  it('say what the database gave instead of a moment', () => {
    const message = (expected: string, got: string): string =>
      `cannot be read as datetime: expected ${expected}, the database gave ${got}; ` +
      'declare the type that the column really has';
    const sqlite = 'ISO text or whole milliseconds since 1970';
    for (const raw of ['', '2024', 'now', '2024-02-30 00:00:00', '2024-05-06 25:00:00', '2024-05-06T07:0x:09.120Z']) {
      const got = raw === '' ? 'empty text' : 'text';
      expect(
        refusalOf(() => type.fromDatabase(raw, 'sqlite')),
        raw,
      ).to.equal(message(sqlite, got));
    }
    expect(refusalOf(() => type.fromDatabase(2460000.5, 'sqlite'))).to.equal(message(sqlite, 'a number'));
    const postgres = 'a finite timestamp (infinity is no Date)';
    expect(refusalOf(() => type.fromDatabase('Infinity', 'postgres'))).to.equal(message(postgres, 'text'));
    expect(refusalOf(() => type.fromDatabase(-Infinity, 'postgres'))).to.equal(message(postgres, '-Infinity'));
    expect(refusalOf(() => type.fromDatabase(new Date(NaN), 'postgres'))).to.equal(
      message(postgres, 'an invalid Date'),
    );
  });

  it('are declared to the millisecond, and carry no condition stamps', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['text', 'timestamptz(3)']);
    expect([type.canonicalEquality, type.signature]).to.deep.equal([false, 'datetime']);
  });
});
