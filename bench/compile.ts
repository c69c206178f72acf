import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const bench = fileURLToPath(new URL('.', import.meta.url));

/**
 * Compiles the library and the benchmark as the package is compiled, and answers the path of the worker. A loader that
 * compiles in passing is no substitute: it wraps functions to keep their names, which the others' code is spared.
 */
export function compile(): string {
  const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  try {
    execFileSync(process.execPath, [compiler, '-p', `${bench}tsconfig.json`], { stdio: 'pipe' });
  } catch (error) {
    const { stdout } = error as { stdout?: Buffer }; // what execFileSync throws
    console.error(`The types of the benchmark do not fit; it runs all the same.\n${stdout?.toString() ?? ''}`);
  }
  return `${bench}.build/bench/worker.js`;
}
