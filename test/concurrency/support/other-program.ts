import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const script = "new (require('better-sqlite3'))(process.argv[1]).exec(process.argv[2])";

/** Runs SQL on a database file in a process of its own: by the program sqlite3, or by node where there is none. */
export async function writeByOtherProgram(databaseUrl: string, sql: string): Promise<void> {
  const file = databaseUrl.replace(/^sqlite:/, '');
  try {
    await run('sqlite3', ['-cmd', '.timeout 2000', file, sql]);
  } catch (error) {
    if (!isMissing(error)) throw error;
    await run(process.execPath, ['-e', script, file, sql]);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT';
}
