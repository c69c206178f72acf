import { expect } from 'chai';
import { drivers, layers } from './layers.js';
import { findCycles, folderOf, sourceFiles, type SourceFile } from './source-files.js';

const files = sourceFiles();

function forbiddenImports({ path, imports }: SourceFile): string[] {
  const layer = layers.find(({ folder }) => folder === folderOf(path));
  return imports.flatMap(({ target }) => {
    if (target === undefined) return [];
    const folder = folderOf(target);
    const allowed = layer && (folder === layer.folder || layer.mayImport.includes(folder));
    return allowed ? [] : [`${path} imports ${target}`];
  });
}

/** Types may name each other in a circle, which costs nothing at run time; values may not. */
function valueEdges(): Map<string, string[]> {
  return new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap(({ kind, target }) => (target !== undefined && kind !== 'type' ? [target] : [])),
    ]),
  );
}

describe('the layers', () => {
  it('name every folder of src', () => {
    const unknown = new Set(files.map(({ path }) => folderOf(path)));
    for (const { folder } of layers) unknown.delete(folder);
    expect([...unknown]).to.deep.equal([]);
  });

  it('allow imports of lower levels only, but for the few neighbours that are named', () => {
    const level = new Map(layers.map((layer) => [layer.folder, layer.level]));
    const upward = layers.flatMap(({ folder, mayImport }) =>
      mayImport.filter((other) => level.get(other)! > level.get(folder)!).map((other) => `${folder} -> ${other}`),
    );
    expect(upward).to.deep.equal([]);
    expect(findCycles(new Map(layers.map(({ folder, mayImport }) => [folder, mayImport])))).to.deep.equal([]);
  });

  it('hold for every import, of types too', () => {
    expect(files.flatMap(forbiddenImports)).to.deep.equal([]);
  });

  it('hold no cycle of values between files', () => {
    expect(findCycles(valueEdges()).map((cycle) => cycle.join(' -> '))).to.deep.equal([]);
  });

  it('import only files that exist', () => {
    const known = new Set(files.map(({ path }) => path));
    const missing = files.flatMap(({ path, imports }) =>
      imports.flatMap(({ target }) => (target === undefined || known.has(target) ? [] : [`${path} imports ${target}`])),
    );
    expect(missing).to.deep.equal([]);
  });
});

describe('driver packages', () => {
  it('are named only by a dynamic import in the folders that adapt them', () => {
    const named = files.flatMap(({ path, imports }) =>
      imports.flatMap(({ specifier, kind }) => {
        const adapters = drivers[specifier.split('/')[0] ?? ''];
        const allowed = adapters === undefined || (kind === 'dynamic' && adapters.includes(folderOf(path)));
        return allowed ? [] : [`${path} has a ${kind} import of ${specifier}`];
      }),
    );
    expect(named).to.deep.equal([]);
  });
});
