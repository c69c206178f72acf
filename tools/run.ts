import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** The top of the checkout. */
export const root = fileURLToPath(new URL('../', import.meta.url));

/** Runs a program of `node_modules/.bin` or of PATH with its output shown; throws when it fails. */
export function run(program: string, args: readonly string[], cwd = root): void {
  const { status, error } = spawnSync(program, args, { cwd, stdio: 'inherit', env: environment() });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}.`);
}

/** The same, with its standard output as the result. */
export function outputOf(program: string, args: readonly string[], cwd = root): string {
  const { status, error, stdout } = spawnSync(program, args, {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment(),
    encoding: 'utf8',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${stdout}`);
  return stdout;
}

function environment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${root}node_modules/.bin:${process.env['PATH'] ?? ''}` };
}
