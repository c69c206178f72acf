import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.js';

/** Compiles src to an empty dist, and copies the Lua scripts, which the compiler passes over. */
const src = join(root, 'src');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
run('tsc', ['-p', 'tsconfig.build.json']);
for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
  if (name.endsWith('.lua')) cpSync(join(src, name), join(dist, name));
}
