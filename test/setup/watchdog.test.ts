import { expect } from 'chai';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const START_SERVERS = fileURLToPath(new URL('./fixtures/start-servers.ts', import.meta.url));
const GONE_WITHIN_MS = 5_000;

interface Started {
  readonly child: ChildProcess;
  readonly pids: readonly number[];
  readonly folders: readonly string[];
}

async function startServers(...args: string[]): Promise<Started> {
  const child = spawn(process.execPath, ['--import', 'tsx', START_SERVERS, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true, // a process group of its own, to end as a whole
  });
  let output = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    output += chunk.toString();
    if (output.endsWith('\n')) break;
  }
  const { pids, folders } = JSON.parse(output) as { pids: number[]; folders: string[] }; // what the fixture prints
  return { child, pids, folders };
}

/** As a terminal does with Ctrl-C, and a supervisor with what takes too long. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid !== undefined) process.kill(-child.pid, signal);
}

/** Those that run. One that ended counts no more, also where nobody asked yet how it ended. */
function alive(pids: readonly number[]): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=,stat=', '-p', pids.join(',')], { encoding: 'utf8' });
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return lines.flatMap(([pid, state]) => (pid && !state?.startsWith('Z') ? [Number(pid)] : []));
}

async function untilGone({ pids, folders }: Started): Promise<string[]> {
  const deadline = Date.now() + GONE_WITHIN_MS;
  for (;;) {
    const left = [...alive(pids).map(String), ...folders.filter((folder) => existsSync(folder))];
    if (left.length === 0 || Date.now() > deadline) return left;
    await pause(20);
  }
}

describe('servers for tests', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    it(`end with the test process, and leave no files, when its process group ends by ${signal}`, async () => {
      const started = await startServers('redis');
      expect(alive(started.pids)).to.deep.equal(started.pids);
      const exited = once(started.child, 'exit');
      endGroup(started.child, signal);
      await exited;
      expect(await untilGone(started)).to.deep.equal([]);
    });
  }

  it('do not keep a process from ending that forgets to stop them', async () => {
    const started = await startServers('redis', 'forget');
    await once(started.child, 'exit');
    expect(await untilGone(started)).to.deep.equal([]);
  });

  it('end also while they are paused', async () => {
    const started = await startServers('postgres', 'paused');
    const exited = once(started.child, 'exit');
    endGroup(started.child, 'SIGKILL');
    await exited;
    expect(await untilGone(started)).to.deep.equal([]);
  });
});
