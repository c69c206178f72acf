import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { readManifest, type Manifest } from './manifest.js';

/** What was found under a node_modules folder. */
export interface Scan {
  readonly manifests: readonly Manifest[];
  /** Folders whose package.json could not be read as one. */
  readonly broken: readonly string[];
  /** Whether the limit left packages out. */
  readonly isCut: boolean;
}

const mostBytes = 1_000_000;

/** Reads the package.json files under a project's node_modules, nested ones too, at most `limit` of them. */
export function scanPackages(project: string, limit: number): Scan {
  const manifests: Manifest[] = [];
  const broken: string[] = [];
  const seen = new Set<string>();
  const waiting = [join(project, 'node_modules')];
  for (let folder = waiting.shift(); folder !== undefined; folder = waiting.shift()) {
    for (const path of packageFolders(folder)) {
      if (manifests.length >= limit) return { manifests, broken, isCut: true };
      const real = realpathSync(path);
      if (seen.has(real)) continue; // a link to what was read already, as workspaces and pnpm have them
      seen.add(real);
      const manifest = manifestIn(real, relative(project, path));
      if (manifest === 'broken') broken.push(relative(project, path));
      else if (manifest) manifests.push(manifest);
      waiting.push(join(real, 'node_modules'));
    }
  }
  return { manifests, broken, isCut: false };
}

/** The packages that lie directly in one node_modules folder, with those in scopes and in pnpm's store. */
function packageFolders(folder: string): string[] {
  return foldersIn(folder).flatMap((path) => {
    const name = basename(path);
    if (name.startsWith('@')) return foldersIn(path);
    if (name === '.pnpm') return foldersIn(path).flatMap((store) => packageFolders(join(store, 'node_modules')));
    return name.startsWith('.') ? [] : [path];
  });
}

function foldersIn(folder: string): string[] {
  const names: readonly string[] = attempt(() => readdirSync(folder), []);
  return names
    .toSorted()
    .map((name) => join(folder, name))
    .filter((path) => attempt(() => statSync(path).isDirectory(), false));
}

function manifestIn(folder: string, path: string): Manifest | 'broken' | undefined {
  const file = join(folder, 'package.json');
  const size = attempt(() => statSync(file).size, undefined);
  if (size === undefined) return undefined; // a folder without package.json is no package
  if (size > mostBytes) return 'broken';
  return attempt(() => readManifest(readFileSync(file, 'utf8'), { path, bytes: size }), 'broken' as const);
}

/** Other people's folders: what cannot be read is left out. */
function attempt<T, F>(read: () => T, otherwise: F): T | F {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
