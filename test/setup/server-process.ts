import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { guardProcess, releaseProcess } from './watchdog.js';
import type { UnprivilegedUser } from './temporary-folder.js';

const LOG_LENGTH = 8_000;
const START_TIMEOUT_MS = 15_000;

/** How a server program is run, and how it says that it is up. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly user?: UnprivilegedUser | undefined;
  readonly ready: RegExp;
  /** Asks the program to end in good order. */
  readonly stopSignal: NodeJS.Signals;
}

/** A server program under the control of a test. It never outlives the test process. */
export class ServerProcess {
  readonly #command: ServerCommand;
  #child: ChildProcess | undefined;
  #log = '';

  constructor(command: ServerCommand) {
    this.#command = command;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    if (!this.isRunning) throw new Error(`${this.#command.program} is not running; call restart() first.`);
    return this.#child?.pid as number; // a running child has one
  }

  get folder(): string {
    return this.#command.folder;
  }

  /** What the program wrote last. */
  get log(): string {
    return this.#log;
  }

  /** Resolves when the program says that it is ready; rejects with its output when it ends or says nothing. */
  async start(): Promise<void> {
    if (this.isRunning) throw new Error(`${this.#command.program} is running already.`);
    this.#log = '';
    const child = this.#spawn();
    this.#child = child;
    if (child.pid !== undefined) this.#guard(child, child.pid);
    await this.#untilReady(child);
  }

  /** Ends in good order. Does nothing when it is not running. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    await this.resume();
    await this.#end(this.#command.stopSignal);
  }

  /** Ends at once, with everything it started, as in a power cut. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    process.kill(this.pid, 'SIGSTOP'); // so that it starts no more children
    const children = await childrenOf(this.pid);
    for (const child of children) signal(child, 'SIGKILL');
    await this.#end('SIGKILL');
  }

  /** Freezes it: connections stay open and are accepted by the kernel, and nothing is ever answered. */
  async pause(): Promise<void> {
    process.kill(this.pid, 'SIGSTOP');
    for (const child of await childrenOf(this.pid)) signal(child, 'SIGSTOP');
  }

  /** Lets it go on after `pause`. */
  async resume(): Promise<void> {
    for (const child of await childrenOf(this.pid)) signal(child, 'SIGCONT');
    process.kill(this.pid, 'SIGCONT');
  }

  /** Stops it if it runs, and starts it again on the same port and the same data. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  #spawn(): ChildProcess {
    const { program, args, folder, user } = this.#command;
    return spawn(program, args, {
      cwd: folder,
      detached: true, // a Ctrl-C at the terminal reaches the tests, which then end it
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
      ...(user && { uid: user.uid, gid: user.gid }),
    });
  }

  #guard(child: ChildProcess, pid: number): void {
    guardProcess(pid);
    child.once('exit', () => releaseProcess(pid));
    child.unref();
    for (const stream of [child.stdout, child.stderr]) {
      (stream as typeof stream & { unref(): void }).unref(); // a pipe is a socket, which the types do not say
      stream?.on('data', (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-LOG_LENGTH);
      });
    }
  }

  #untilReady(child: ChildProcess): Promise<void> {
    const { program, ready } = this.#command;
    return new Promise((resolve, reject) => {
      const fail = (why: string) => settle(() => reject(new Error(`${program} ${why}\n${this.#log}`)));
      const look = () => ready.test(this.#log) && settle(resolve);
      const onExit = () => fail('ended instead of starting:');
      const onError = (error: Error) => fail(`cannot be run: ${error.message}`);
      const timer = setTimeout(() => fail(`was not ready after ${START_TIMEOUT_MS} ms:`), START_TIMEOUT_MS);
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        child.off('close', onExit).off('error', onError);
        for (const stream of [child.stdout, child.stderr]) stream?.off('data', look);
        finish();
      };
      child.once('close', onExit).on('error', onError);
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', look);
    });
  }

  async #end(how: NodeJS.Signals): Promise<void> {
    const child = this.#child as ChildProcess; // only called while it runs
    child.ref();
    const ended = once(child, 'exit');
    child.kill(how);
    await ended;
  }
}

async function childrenOf(parent: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([pid, ppid]) => (ppid === parent && pid !== undefined ? [pid] : []));
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // it ended by itself meanwhile
  }
}
