import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { markdownFences } from '../../tools/doc-fences.js';
import { root } from '../architecture/source-files.js';
import { temporaryFolder } from '../setup/temporary-folder.js';

const pages = join(root, 'docs/coming-from');
const names = readdirSync(pages).map((name) => basename(name, '.md'));

/** A statement with what it gives, in JSON; one that prints with what it prints. */
const told = /^await (.+); \/\/ (\d+|true|false|null|".*"|[[{].*)$/;
const printed = /^console\.log\(.+\); \/\/ (.+)$/;

interface Program {
  readonly text: string;
  /** What it is to print, line by line. */
  readonly output: readonly string[];
}

/** A piece of a page as a program, which prints what its comments say of it. */
function programOf(code: string): Program {
  const output: string[] = [];
  const lines = code.split('\n').map((line) => {
    const [, expression = '', value] = told.exec(line) ?? [];
    const [, text] = printed.exec(line) ?? [];
    if (value !== undefined) output.push(JSON.stringify(JSON.parse(value)));
    if (text !== undefined) output.push(text);
    return value === undefined ? line : `console.log(JSON.stringify(await ${expression}));`;
  });
  return { text: lines.join('\n'), output };
}

describe('what pages for those who come from elsewhere show', function () {
  this.timeout(120_000);
  const folder = temporaryFolder('coming-from');
  const paths = { moneyclip: [join(root, 'src/index.ts')], 'moneyclip/http': [join(root, 'src/http/index.ts')] };
  const settings = { extends: join(root, 'tsconfig.json'), compilerOptions: { paths }, include: ['*.mts'] };
  const tsconfig = join(folder, 'tsconfig.json');

  const run = async (name: string, text: string): Promise<string[]> => {
    const file = join(folder, `${name}.mts`);
    writeFileSync(file, text);
    const env = { ...process.env, TSX_TSCONFIG_PATH: tsconfig };
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', file], { cwd: root, env });
    return stdout.split('\n').slice(0, -1);
  };

  it('runs, and gives what it says', async () => {
    writeFileSync(tsconfig, JSON.stringify(settings));
    expect(names).to.have.members(['moneyclip', 'cacheops', 'cacheme', 'django-cache', 'mongoengine-rediscache']);
    const outputs = await Promise.all(
      names.map(async (name) => {
        const { fences } = markdownFences(readFileSync(join(pages, `${name}.md`), 'utf8'));
        expect(fences, name).to.have.length(1);
        const { text, output } = programOf(fences[0]?.code ?? '');
        expect(output, `${name} says nothing of what it gives`).to.not.have.length(0);
        return [name, await run(name, text), output] as const;
      }),
    );
    for (const [name, output, expected] of outputs) expect(output, name).to.deep.equal(expected);
  });
});
