import { expect } from 'chai';
import fc from 'fast-check';
import { UsageError } from '../../../src/errors.js';
import { stringType, textType } from '../../../src/schema/types/string.js';
import { refusalOf, throughCell } from './through-cell.js';

const line = stringType({}, 'Page.title');
const short = stringType({ maxLength: 3 }, 'Page.title');
const text = textType({}, 'Page.body');

describe('string and text columns', () => {
  it('keep every text', () => {
    const texts = fc.string({ unit: 'grapheme' }).filter((value) => !value.includes('\0'));
    fc.assert(
      fc.property(texts, (value) => {
        expect(throughCell(line, value)).to.equal(value);
        expect(throughCell(text, value)).to.equal(value);
      }),
    );
    expect(throughCell(line, '')).to.equal('');
    expect(line.decode).to.equal(undefined);
  });

  it('refuse what no database keeps', () => {
    for (const type of [line, text]) {
      expect(refusalOf(() => type.encode('a\0b'))).to.equal(
        'contains a NUL character, which PostgreSQL cannot store; remove it',
      );
      for (const half of ['\ud83d', 'a\udcb8b', '\udcb8\ud83d']) {
        expect(refusalOf(() => type.encode(half))).to.equal(
          'contains half of a surrogate pair, which has no UTF-8 form; make it well formed with toWellFormed()',
        );
      }
    }
  });

  it('refuse what is no text', () => {
    const kinds: [unknown, string][] = [
      [7, 'a number'],
      [Symbol('x'), 'a symbol'],
      [() => 1, 'a function'],
      [['a'], 'an array'],
      [{}, 'an object'],
      [Object.create(null), 'an object'],
      [new Date(0), 'a Date'],
      [new Date(NaN), 'an invalid Date'],
      [Buffer.of(1), 'a Buffer'],
      [Uint8Array.of(1), 'a Uint8Array'],
      [new URL('http://localhost'), 'an instance of URL'],
      [new (class {})(), 'an instance of an unnamed class'],
    ];
    for (const [value, kind] of kinds) {
      expect(refusalOf(() => line.encode(value))).to.equal(`expects text, got ${kind}`);
    }
  });

  it('count characters as PostgreSQL does, so that an emoji is one', () => {
    expect(short.encode('💸💸💸')).to.equal('💸💸💸');
    expect(refusalOf(() => short.encode('💸💸💸💸'))).to.equal('expects at most 3 characters, got 4');
    expect(refusalOf(() => textType({ maxLength: 3 }, 'x').encode('abcd'))).to.equal(
      'expects at most 3 characters, got 4',
    );
  });

  it('say what the database gave instead of text', () => {
    expect(refusalOf(() => line.fromDatabase(7, 'sqlite'))).to.equal(
      'cannot be read as string: expected text, the database gave a number; declare the type that the column really has',
    );
  });

  it('are declared as varchar or text, and carry condition stamps', () => {
    expect([short.sqlType('sqlite'), short.sqlType('postgres')]).to.deep.equal(['text', 'varchar(3)']);
    expect([line.sqlType('postgres'), text.sqlType('postgres'), text.sqlType('sqlite')]).to.deep.equal([
      'text',
      'text',
      'text',
    ]);
    expect(textType({ maxLength: 3 }, 'x').sqlType('postgres')).to.equal('text');
    expect([line.canonicalEquality, text.canonicalEquality]).to.deep.equal([true, true]);
    expect([line.signature, short.signature, text.signature]).to.deep.equal(['string', 'string', 'text']);
  });

  it('refuse a wrong maxLength', () => {
    for (const maxLength of [0, -1, 1.5, NaN, 10_485_761]) {
      expect(() => stringType({ maxLength }, 'Page.title')).to.throw(
        UsageError,
        'Page.title: maxLength is not a whole number from 1 to 10485760. Write for example maxLength: 200, or leave it out.',
      );
    }
  });
});
