import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const place = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let compiled: Promise<string> | undefined;

/** Compiles the library and the processes' part of this program, since processes begin often. Answers what to run. */
export function compiledWorker(): Promise<string> {
  compiled ??= compile();
  return compiled;
}

async function compile(): Promise<string> {
  const compiler = place('../../../node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [compiler, '-p', place('../tsconfig.json')]);
  return place('../.build/tools/torture/workload/worker.js');
}
