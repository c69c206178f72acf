import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { outputOf, root, run } from './run.js';

/** Packs the package, checks the tarball, and uses it in an empty folder in every way that users do. */
const folder = mkdtempSync(join(tmpdir(), 'moneyclip-package-'));
try {
  const tarball = pack();
  run('publint', ['run', '--strict', tarball]);
  run('attw', [tarball, '--profile', 'esm-only']);
  const trial = install(tarball);
  run('tsc', ['-p', 'tsconfig.json'], trial);
  expectOk('import', outputOf('node', ['build/main.mjs'], trial));
  expectOk('require()', outputOf('node', ['main.cjs'], trial));
  const tsx = pathToFileURL(join(root, 'node_modules/tsx/dist/loader.mjs')).href;
  expectOk('tsx', outputOf('node', ['--import', tsx, 'main.mts'], trial));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function pack(): string {
  run('npm', ['pack', '--silent', '--pack-destination', folder]);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'));
  if (!tarball) throw new Error('npm pack wrote no tarball.');
  return join(folder, tarball);
}

/**
 * The package comes from the tarball and its dependencies from the registry. The driver and the types of Node are those
 * of the checkout, by links: what is on trial is the package, and compiling the driver again takes minutes.
 */
function install(tarball: string): string {
  const trial = join(folder, 'trial');
  cpSync(join(root, 'test/package'), trial, { recursive: true });
  writeFileSync(join(trial, 'package.json'), '{ "private": true }\n');
  const links = ['better-sqlite3', '@types/node'].map((name) => join(root, 'node_modules', name));
  run('npm', ['install', '--silent', '--ignore-scripts', '--no-audit', '--no-fund', tarball, ...links], trial);
  return trial;
}

function expectOk(way: string, output: string): void {
  if (output.trim() !== 'ok') throw new Error(`By ${way} the trial was to print ok, and printed:\n${output}`);
  process.stdout.write(`The package works by ${way}.\n`);
}
