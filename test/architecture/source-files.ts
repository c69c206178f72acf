import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The top of the checkout. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** One module that another names. */
export interface Import {
  /** As written: `./clock.js`, `node:fs`, `knex`. */
  readonly specifier: string;
  /** The file under `src/` that it means, or undefined for a package. */
  readonly target: string | undefined;
  /** `value` and `type` are static; `dynamic` is `await import(…)`. */
  readonly kind: 'value' | 'type' | 'dynamic';
}

/** A TypeScript file of the product. */
export interface SourceFile {
  /** Relative to `src/`, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** Every TypeScript file under `src/`. */
export function sourceFiles(): SourceFile[] {
  const src = join(root, 'src');
  const names = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names.sort().map((name) => {
    const path = name.split(sep).join('/');
    const text = readFileSync(join(src, name), 'utf8');
    return { path, text, imports: parseImports(path, text) };
  });
}

/** The imports and re-exports of a file, and its `import('…')` as expressions and in types. */
export function parseImports(path: string, text: string): Import[] {
  const code = withoutComments(text);
  const statements = code.matchAll(/^\s*(?:import|export)\s+(type\s+)?([^;'"]*?)\bfrom\s*(['"])(.+?)\3/gms);
  const bare = code.matchAll(/^\s*import\s*(['"])(.+?)\1/gm);
  const calls = code.matchAll(/(\bawait\s+|\breturn\s+|=>\s*)?\bimport\(\s*(['"])(.+?)\2\s*\)(\s*\.\s*[A-Z]\w*)?/g);
  return [
    ...[...statements].map(([, type, names, , specifier]) => {
      const kind = type || onlyTypes(names ?? '') ? ('type' as const) : ('value' as const);
      return toImport(path, specifier ?? '', kind);
    }),
    ...[...bare].map(([, , specifier]) => toImport(path, specifier ?? '', 'value')),
    ...[...calls].map(([, before, , specifier, member]) =>
      toImport(path, specifier ?? '', member && !before ? 'type' : 'dynamic'),
    ),
  ];
}

/** The folder of a file under `src/`, which is its layer's name; the bare name for a file at the top. */
export function folderOf(path: string): string {
  const [first = ''] = path.split('/');
  return first.replace(/\.ts$/, '');
}

/** The cycles among the given edges, each as the way round. */
export function findCycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const visit = (node: string, way: readonly string[]): void => {
    const start = way.indexOf(node);
    if (start >= 0) cycles.push([...way.slice(start), node]);
    if (start >= 0 || done.has(node)) return;
    for (const next of edges.get(node) ?? []) visit(next, [...way, node]);
    done.add(node);
  };
  for (const node of edges.keys()) visit(node, []);
  return cycles;
}

function toImport(path: string, specifier: string, kind: Import['kind']): Import {
  return { specifier, target: targetOf(path, specifier), kind };
}

function targetOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const absolute = resolve('/', path, '..', specifier);
  return relative('/', absolute).split(sep).join('/').replace(/\.js$/, '.ts');
}

/** `{ type A, type B }` imports nothing at run time under verbatimModuleSyntax but the module itself; it counts as types. */
function onlyTypes(names: string): boolean {
  const inBraces = /^\{([^]*)\}\s*$/.exec(names.trim())?.[1];
  if (inBraces === undefined) return false;
  const single = inBraces.split(',').map((name) => name.trim());
  return single.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

/** Comments hold examples, whose imports are not ours. Strings that hold comment signs do not occur before imports. */
function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[^]*?\*\//gm, '').replace(/^\s*\/\/.*$/gm, '');
}
