import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { entries, exportedNames, publicApi, snapshotPath } from './public-api.js';
import { root, sourceFiles } from './source-files.js';

describe('the public API', () => {
  it('is what public-api.txt says; npm run update:public-api writes it anew', () => {
    const agreed = readFileSync(snapshotPath, 'utf8').trimEnd().split('\n');
    expect(publicApi()).to.deep.equal(agreed);
  });

  for (const [entry, file] of Object.entries(entries)) {
    it(`of ${entry} has at run time the values that its source names`, async () => {
      const loaded = (await import(pathToFileURL(join(root, file)).href)) as Record<string, unknown>; // any module
      const values = publicApi().filter((line) => line.startsWith(`${entry} value `));
      expect(
        Object.keys(loaded)
          .sort()
          .map((name) => `${entry} value ${name}`),
      ).to.deep.equal(values);
    });
  }

  it('is read by name and kind', () => {
    const text = "import 'x';\nexport { b, type A } from './a.js';\nexport type { C, D as E } from './c.js';\n";
    expect(exportedNames(text)).to.deep.equal(['type A', 'type C', 'type E', 'value b']);
    expect(() => exportedNames("export * from './a.js';")).to.throw('An entry exports by name');
  });
});

describe('source files', () => {
  const files = sourceFiles();

  it('have names in kebab-case', () => {
    const odd = files.filter(({ path }) => !/^([a-z0-9]+(-[a-z0-9]+)*\/)*[a-z0-9]+(-[a-z0-9]+)*\.ts$/.test(path));
    expect(odd.map(({ path }) => path)).to.deep.equal([]);
  });

  it('export what they declare: only the entries pass on what is of others', () => {
    const barrels = files.filter(({ path, text }) => {
      const isEntry = Object.values(entries).some((entry) => entry === `src/${path}`);
      return !isEntry && (/\/?index\.ts$/.test(path) || /^export (type )?(\{[^}]*\}|\*)[^;]*\bfrom\b/m.test(text));
    });
    expect(barrels.map(({ path }) => path)).to.deep.equal([]);
  });

  it('have no default export', () => {
    expect(files.filter(({ text }) => /^export default\b/m.test(text)).map(({ path }) => path)).to.deep.equal([]);
  });
});
