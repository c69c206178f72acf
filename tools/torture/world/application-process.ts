import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { guardProcess, releaseProcess } from '../../../test/setup/watchdog.js';
import type { Weakening } from '../mutants.js';
import type { ApplicationSettings, Work } from '../workload/application.js';
import type { Answer, Order } from '../workload/worker.js';
import { compiledWorker } from './compile.js';

const longestOrderMs = 60_000;

/** A process of the application. It never outlives the one that started it. */
export class ApplicationProcess {
  readonly #child: ChildProcess;
  #log = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (text: Buffer) => (this.#log = (this.#log + text.toString()).slice(-4000)));
    const { pid } = child;
    if (pid === undefined) return;
    guardProcess(pid);
    child.once('exit', () => releaseProcess(pid));
  }

  static async open(settings: ApplicationSettings, { mutant, heldUp }: Weakening): Promise<ApplicationProcess> {
    const child = spawn(process.execPath, await argumentsFor(settings), { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    const application = new ApplicationProcess(child);
    try {
      await application.#ask({ kind: 'open', settings, weakening: { mutant, heldUp } });
    } catch (error) {
      await application.kill();
      throw error;
    }
    return application;
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it wrote to its standard error last. */
  get log(): string {
    return this.#log;
  }

  async start(): Promise<void> {
    await this.#ask({ kind: 'start' });
  }

  stop(): Promise<Work | undefined> {
    return this.#ask({ kind: 'stop' });
  }

  async heal(): Promise<void> {
    await this.#ask({ kind: 'heal' });
  }

  async readEverything(): Promise<void> {
    await this.#ask({ kind: 'readEverything' });
  }

  /** Ends it in good order; at once if it does not. */
  async close(): Promise<void> {
    if (!this.isRunning) return;
    await this.#ask({ kind: 'close' }).catch(() => undefined);
    await this.kill();
  }

  async kill(): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  /** SIGSTOP: it does nothing, and its connections stay open. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async #ask(order: Order): Promise<Work | undefined> {
    if (!this.isRunning) throw new Error(`a process of the application has ended:\n${this.#log}`);
    const signal = AbortSignal.timeout(longestOrderMs);
    const over = new AbortController();
    const either = { signal: AbortSignal.any([signal, over.signal]) };
    const answered = once(this.#child, 'message', either).then(([answer]) => answer as Answer); // as the worker sends it
    const ended = once(this.#child, 'exit', either).then((): Answer => ({ error: `it ended:\n${this.#log}` }));
    this.#child.send(order);
    try {
      const answer = await Promise.race([answered, ended]);
      if ('error' in answer) throw new Error(`'${order.kind}': ${answer.error}`);
      return answer.result;
    } catch (error) {
      throw signal.aborted ? new Error(`no answer to '${order.kind}' in time:\n${this.#log}`) : error;
    } finally {
      over.abort();
      await Promise.allSettled([answered, ended]);
    }
  }
}

const peersWorker = fileURLToPath(new URL('../../../bench/peers/torture/worker.ts', import.meta.url));

async function argumentsFor({ peer }: ApplicationSettings): Promise<string[]> {
  return peer === undefined ? [await compiledWorker()] : ['--import', 'tsx', peersWorker];
}
