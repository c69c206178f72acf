import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.js';

/** The entries of the package, each by the name that users import it by. */
export const entries = {
  moneyclip: 'src/index.ts',
  'moneyclip/http': 'src/http/index.ts',
  'moneyclip/testing': 'src/testing/index.ts',
} as const;

/** The file that holds the public names as they were agreed on. */
export const snapshotPath = join(root, 'test/architecture/public-api.txt');

/** A line for each public name: the entry, `value` or `type`, and the name. */
export function publicApi(): string[] {
  return Object.entries(entries).flatMap(([entry, file]) => {
    const text = readFileSync(join(root, file), 'utf8');
    return exportedNames(text).map((name) => `${entry} ${name}`);
  });
}

/** The names of the `export { … } from` statements of an entry, which holds nothing else; sorted. */
export function exportedNames(text: string): string[] {
  if (/^export (?!type \{|\{)/m.test(text)) throw new Error('An entry exports by name, and declares nothing itself.');
  const lists = text.matchAll(/^export (type )?\{([^}]*)\}/gm);
  return [...lists]
    .flatMap(([, allTypes, names]) => (names ?? '').split(',').flatMap((name) => lineFor(name, allTypes)))
    .sort();
}

function lineFor(written: string, allTypes: string | undefined): string[] {
  const name = written.trim();
  if (name === '') return [];
  const exported = name.replace(/^type /, '').replace(/^.* as /, '');
  return [`${allTypes || name.startsWith('type ') ? 'type' : 'value'} ${exported}`];
}
