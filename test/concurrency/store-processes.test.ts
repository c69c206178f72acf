import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { freshDatabase } from '../setup/fresh.js';
import { temporaryFolder } from '../setup/temporary-folder.js';
import { Random } from '../support/random.js';
import { broughtBack, type StoreEvent } from './support/store-history.js';

const program = fileURLToPath(new URL('fixtures/store-program.ts', import.meta.url));

interface Run {
  readonly events: readonly StoreEvent[];
  readonly failed: number;
  readonly signal: NodeJS.Signals | null;
}

/** What a process did to a store; it is killed in the middle, after so many operations, where they are given. */
function runProgram(args: readonly string[], killAfter = Infinity): Promise<Run> {
  const child = spawn(process.execPath, ['--import', 'tsx', program, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    if (lines.length === killAfter) child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (_, signal) => {
      const events = lines.filter((line) => line.startsWith('{') && line.endsWith('}'));
      const failed = lines.filter((line) => line === 'failed').length;
      resolve({ events: events.map((line) => JSON.parse(line) as StoreEvent), failed, signal });
    });
  });
}

describe('several processes with one store', () => {
  const urls: Readonly<Record<string, () => Promise<string>>> = {
    'a file': async () => `file:${join(temporaryFolder('cache'), 'cache.db')}`,
    PostgreSQL: () => freshDatabase('postgres'),
  };

  for (const [what, openUrl] of Object.entries(urls)) {
    it(`never see in ${what} what was dropped or replaced, also where one is killed`, async () => {
      const url = await openUrl();
      const random = Random.fromEnvironment('STORE_SEED');
      const start = (name: string, killAfter?: number): Promise<Run> => {
        const operations = killAfter === undefined ? '250' : 'Infinity';
        return runProgram([url, name, String(random.below(2 ** 31)), operations], killAfter);
      };
      const runs = await Promise.all([
        start('one'),
        start('two'),
        start('killed', 50 + random.below(100)).then(async (killed) => [killed, await start('after it')]),
      ]);
      const all = runs.flat();
      const events = all.flatMap((run) => run.events);
      const message = `replay with STORE_SEED=${random.seed}`;
      expect(all[2]?.signal, message).to.equal('SIGKILL');
      expect(events.length, message).to.be.above(150);
      expect(
        events.filter(({ kind, texts }) => kind === 'acquire' && texts.includes(null)),
        message,
      ).to.deep.equal([]);
      expect(broughtBack(events), message).to.deep.equal([]);
    }).timeout(60_000);
  }
});
