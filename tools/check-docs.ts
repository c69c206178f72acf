import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { exampleFences, markdownFences } from './doc-fences.js';
import { root, run } from './run.js';

/** Compiles every TypeScript fence of the documents and of the doc comments, with the settings of the product. */
const folder = join(root, '.docs-check');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);

const problems: string[] = [];
const pieces: string[] = [];
for (const file of [...documents(), ...filesUnder('src', '.ts')]) {
  const read = file.endsWith('.md') ? markdownFences : exampleFences;
  const found = read(readFileSync(join(root, file), 'utf8'));
  problems.push(...found.problems.map((problem) => `${file}, ${problem}`));
  for (const { line, code } of found.fences) pieces.push(writePiece(`${file}.${line}`, code));
}
if (problems.length > 0) throw new Error(problems.join('\n'));
if (pieces.length > 0) compile();
process.stdout.write(`${pieces.length} pieces of documentation compile.\n`);

function documents(): string[] {
  const top = readdirSync(root).filter((name) => name.endsWith('.md'));
  return [...top, ...filesUnder('docs', '.md')];
}

function filesUnder(name: string, ending: string): string[] {
  if (!existsSync(join(root, name))) return [];
  const files = readdirSync(join(root, name), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith(ending)).map((file) => join(name, file));
}

/** The name says where the piece is, and its lines are those of the document. */
function writePiece(place: string, code: string): string {
  const name = `${place.split(sep).join('__')}.ts`;
  writeFileSync(join(folder, name), `${code}\nexport {};\n`);
  return name;
}

function compile(): void {
  const settings = {
    extends: '../tsconfig.json',
    compilerOptions: {
      types: ['node'],
      paths: {
        moneyclip: ['../src/index.ts'],
        'moneyclip/http': ['../src/http/index.ts'],
        'moneyclip/testing': ['../src/testing/index.ts'],
      },
    },
    files: pieces,
    include: [],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(settings));
  run('tsc', ['-p', join(folder, 'tsconfig.json')]);
}
