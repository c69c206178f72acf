import { expect } from 'chai';
import { findCycles, folderOf, parseImports } from './source-files.js';

function importsOf(text: string): string[] {
  return parseImports('model/save.ts', text).map(({ kind, specifier, target }) => `${kind} ${target ?? specifier}`);
}

describe('the reader of imports', () => {
  it('tells values from types', () => {
    expect(importsOf("import { a } from './a.js';")).to.deep.equal(['value model/a.ts']);
    expect(importsOf("import type { A } from '../errors.js';")).to.deep.equal(['type errors.ts']);
    expect(importsOf("import { type A, type B } from './a.js';")).to.deep.equal(['type model/a.ts']);
    expect(importsOf("import { type A, b } from './a.js';")).to.deep.equal(['value model/a.ts']);
    expect(importsOf("import a, { type B } from './a.js';")).to.deep.equal(['value model/a.ts']);
    expect(importsOf("import * as a from 'knex';")).to.deep.equal(['value knex']);
  });

  it('reads statements over many lines, re-exports and imports for effect', () => {
    expect(importsOf("import {\n  a,\n  b,\n} from '../schema/a.js';")).to.deep.equal(['value schema/a.ts']);
    expect(importsOf("export { a } from './a.js';\nexport * from './b.js';")).to.deep.equal([
      'value model/a.ts',
      'value model/b.ts',
    ]);
    expect(importsOf("export type { A } from './a.js';")).to.deep.equal(['type model/a.ts']);
    expect(importsOf("import 'reflect-metadata';")).to.deep.equal(['value reflect-metadata']);
  });

  it('reads imports as expressions and in types', () => {
    expect(importsOf("const { Redis } = await import('ioredis');")).to.deep.equal(['dynamic ioredis']);
    expect(importsOf("const load = () => import('pg');")).to.deep.equal(['dynamic pg']);
    expect(importsOf("type Client = import('pg').Client;")).to.deep.equal(['type pg']);
  });

  it('passes over comments and declarations', () => {
    expect(
      importsOf("/**\n * @example\n * import { a } from 'a';\n */\n// import 'b';\nexport const c = 1;"),
    ).to.deep.equal([]);
    expect(importsOf("export const a = 1;\nexport function b() {}\nimport { c } from './c.js';")).to.deep.equal([
      'value model/c.ts',
    ]);
  });
});

describe('folderOf', () => {
  it('is the first part of a path, or the name of a file at the top', () => {
    expect(['model/save.ts', 'database/sqlite/a.ts', 'errors.ts'].map(folderOf)).to.deep.equal([
      'model',
      'database',
      'errors',
    ]);
  });
});

describe('findCycles', () => {
  it('finds a cycle and says the way round', () => {
    const edges = new Map([
      ['a', ['b']],
      ['b', ['c']],
      ['c', ['b', 'd']],
    ]);
    expect(findCycles(edges)).to.deep.equal([['b', 'c', 'b']]);
  });

  it('finds none where two ways lead to one file', () => {
    const edges = new Map([
      ['a', ['b', 'c']],
      ['b', ['d']],
      ['c', ['d']],
    ]);
    expect(findCycles(edges)).to.deep.equal([]);
  });
});
