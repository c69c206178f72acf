import { expect } from 'chai';
import { UsageError } from '../../../src/errors.js';
import { columnTypes } from '../../../src/schema/column-types.js';
import { type ColumnTypeDeclaration, resolveColumnType } from '../../../src/schema/resolve-column-type.js';
import { bigintType } from '../../../src/schema/types/bigint.js';

const NAMES =
  'integer, bigint, float, decimal, boolean, string, text, date, datetime, time, uuid, json, binary, enum, array, ' +
  'or { toDatabase, fromDatabase }';
const conversion = { toDatabase: String, fromDatabase: Number };

function nameOf(declaration: ColumnTypeDeclaration, designType?: unknown): string {
  return resolveColumnType(declaration, designType, 'Document.meta').name;
}

function refusalOf(declaration: object, designType?: unknown): string {
  try {
    resolveColumnType(declaration, designType, 'Document.meta');
  } catch (error) {
    expect(error).to.be.instanceOf(UsageError);
    return (error as UsageError).message; // asserted above
  }
  return expect.fail('nothing was refused');
}

describe('the type of a column', () => {
  it('is what the decorator names', () => {
    const needed: Record<string, ColumnTypeDeclaration> = { enum: { values: ['a'] }, array: { of: 'integer' } };
    for (const name of Object.keys(columnTypes)) {
      expect(nameOf({ ...needed[name], type: name as keyof typeof columnTypes })).to.equal(name);
    }
  });

  it('is what the options mean, where no type is named', () => {
    expect(nameOf({ maxLength: 20 })).to.equal('string');
    expect(nameOf({ values: ['a', 'b'] })).to.equal('enum');
    expect(nameOf({ precision: 10, scale: 2 })).to.equal('decimal');
    expect(nameOf({ of: 'integer' })).to.equal('array');
  });

  it('is what the compiler emitted for the property, where nothing is said', () => {
    const emitted: [unknown, string][] = [
      [Number, 'integer'],
      [String, 'string'],
      [Boolean, 'boolean'],
      [Date, 'datetime'],
      [BigInt, 'bigint'],
      [Buffer, 'binary'],
      [Uint8Array, 'binary'],
    ];
    for (const [designType, name] of emitted) expect(nameOf({}, designType)).to.equal(name);
  });

  it('may be an object of its own', () => {
    expect(resolveColumnType({ type: bigintType }, Number, 'x')).to.equal(bigintType);
  });

  it('may be two functions over any other type, text by default', () => {
    expect(nameOf({ type: conversion }, Object)).to.equal('custom');
    const signature = (declaration: ColumnTypeDeclaration): string =>
      resolveColumnType(declaration, undefined, 'x').signature;
    expect(signature({ type: conversion })).to.equal('custom::text');
    expect(signature({ type: { ...conversion, storedAs: 'bigint', version: 3 } })).to.equal('custom:3:bigint');
    expect(signature({ type: { ...conversion, storedAs: bigintType } })).to.equal('custom::bigint');
    expect(signature({ type: { ...conversion, storedAs: 'decimal' }, precision: 8, scale: 3 })).to.equal(
      'custom::decimal:3',
    );
    expect(signature({ type: { ...conversion, storedAs: 'array' }, of: 'uuid' })).to.equal('custom::array:uuid');
  });

  it("gives an array's options to its elements", () => {
    const type = resolveColumnType({ type: 'array', of: 'decimal', precision: 8, scale: 2 }, Array, 'x');
    expect(type.sqlType('postgres')).to.equal('numeric(8,2)[]');
    expect(resolveColumnType({ of: bigintType }, undefined, 'x').sqlType('postgres')).to.equal('bigint[]');
  });

  it('is not known where nothing tells', () => {
    expect(refusalOf({})).to.equal(
      "Document.meta: the column's type is not known (the compiler emitted no type for it). " +
        `Write @Column({ type: 'string' }), or one of: ${NAMES}.`,
    );
    expect(refusalOf({}, Object)).to.equal(
      "Document.meta: the column's type is not known (the compiler emitted Object for it). " +
        `Write @Column({ type: 'json' }), or one of: ${NAMES}.`,
    );
    expect(refusalOf({}, Array)).to.equal(
      "Document.meta: the column's type is not known (the compiler emitted Array for it). " +
        `Write @Column({ type: 'array', of: 'string' }), or one of: ${NAMES}.`,
    );
  });

  it('is refused with the nearest name where there is none of that name', () => {
    expect(refusalOf({ type: 'strnig' })).to.equal(
      `Document.meta: there is no column type 'strnig'. Did you mean 'string'? The types are: ${NAMES}.`,
    );
    expect(refusalOf({ type: 'varchar' })).to.equal(
      `Document.meta: there is no column type 'varchar'. The types are: ${NAMES}.`,
    );
    expect(refusalOf({ type: 'toString' })).to.include("there is no column type 'toString'");
    expect(refusalOf({ of: 'interger' })).to.include("there is no column type 'interger'. Did you mean 'integer'?");
    expect(refusalOf({ type: { ...conversion, storedAs: 'txt' } })).to.include("'txt'. Did you mean 'text'?");
  });

  it('is refused where it is nothing of all that', () => {
    expect(refusalOf({ type: Date })).to.equal(`Document.meta: type is a function. Write one of: ${NAMES}.`);
    expect(refusalOf({ type: null })).to.include('Document.meta: type is null.');
    expect(refusalOf({ type: { toDatabase: String } })).to.include('Document.meta: type is an object.');
    expect(refusalOf({ of: 7 })).to.equal(`Document.meta: a number is no column type. Write one of: ${NAMES}.`);
  });

  it('is refused where the property is declared as what its values are not', () => {
    expect(refusalOf({ precision: 10, scale: 2 }, Number)).to.equal(
      "Document.meta: the values of a column of type 'decimal' are string, but the property is declared number. " +
        "Declare it string, or write type: 'integer'.",
    );
    expect(refusalOf({ type: 'date' }, Date)).to.equal(
      "Document.meta: the values of a column of type 'date' are string, but the property is declared Date. " +
        "Declare it string, or write type: 'datetime'.",
    );
    expect(refusalOf({ type: 'bigint' }, Number)).to.include('are bigint, but the property is declared number.');
    expect(refusalOf({ maxLength: 5 }, Number)).to.include(
      "of type 'string' are string, but the property is declared number.",
    );
    expect(nameOf({ type: 'float' }, Number)).to.equal('float');
    expect(nameOf({ type: 'json' }, String)).to.equal('json');
    expect(nameOf({ type: 'uuid' }, Object)).to.equal('uuid');
  });

  it('is refused with options that are for other types', () => {
    expect(refusalOf({ type: 'integer', maxLength: 5 })).to.equal(
      "Document.meta: a column of type 'integer' takes no maxLength; that is for string, text. Leave it out.",
    );
    expect(refusalOf({ type: 'string', values: ['a'] })).to.equal(
      "Document.meta: a column of type 'string' takes no values; that is for enum. Leave it out.",
    );
    expect(refusalOf({ type: 'integer', of: 'integer' })).to.include(
      "of type 'integer' takes no of; that is for array.",
    );
    expect(refusalOf({ type: bigintType, scale: 2 })).to.include(
      "of type 'bigint' takes no scale; that is for decimal.",
    );
    expect(refusalOf({ type: 'array', of: 'integer', scale: 2 })).to.include("of type 'integer' takes no scale");
  });

  it('is refused with options that it cannot take', () => {
    expect(refusalOf({ type: 'enum' })).to.include('Document.meta: values is not a list of different texts.');
    expect(refusalOf({ type: 'array' })).to.include('Document.meta: an array needs the type of its elements.');
    expect(refusalOf({ scale: 2 })).to.include('Document.meta: scale is given without precision.');
  });
});
