import { expect } from 'chai';
import { UsageError } from '../../../src/errors.js';
import { enumType } from '../../../src/schema/types/enum.js';
import { refusalOf, throughCell } from './through-cell.js';

const type = enumType({ values: ['draft', 'published'] }, 'Page.state');

describe('enum columns', () => {
  it('keep each of their values', () => {
    for (const value of ['draft', 'published']) expect(throughCell(type, value)).to.equal(value);
    expect(type.decode).to.equal(undefined);
  });

  it('refuse other values and list the allowed ones', () => {
    expect(refusalOf(() => type.encode('gone'))).to.equal("expects one of 'draft', 'published', got another text");
    expect(refusalOf(() => type.encode('Draft'))).to.equal("expects one of 'draft', 'published', got another text");
    expect(refusalOf(() => type.encode(1))).to.equal("expects one of 'draft', 'published', got a number");
  });

  it('read a value that only a newer release knows', () => {
    expect(type.fromDatabase('archived', 'postgres')).to.equal('archived');
    expect(refusalOf(() => type.fromDatabase(1, 'sqlite'))).to.equal(
      'cannot be read as enum: expected text, the database gave a number; declare the type that the column really has',
    );
  });

  it('are declared as text, carry condition stamps, and keep their signature when a value is added', () => {
    expect([type.sqlType('sqlite'), type.sqlType('postgres')]).to.deep.equal(['text', 'text']);
    expect(type.canonicalEquality).to.equal(true);
    expect(enumType({ values: ['draft'] }, 'x').signature).to.equal(type.signature);
  });

  it('refuse a list of values that is none', () => {
    const wrong: unknown[] = [undefined, [], ['a', 'a'], ['a', 1], 'ab', ['a\0']];
    for (const values of wrong) {
      expect(() => enumType({ values: values as string[] }, 'Page.state')).to.throw(
        UsageError,
        "Page.state: values is not a list of different texts. Write for example values: ['draft', 'published'].",
      );
    }
  });
});
