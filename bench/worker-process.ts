import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ContenderSpec } from './catalogue.js';
import type { Work, World } from './contender.js';
import type { Answer, Order } from './worker.js';
import type { Plan, Round } from './workloads.js';

/** How the processes of the contenders are run. */
export interface WorkerSettings {
  /** The compiled worker. */
  readonly script: string;
  /** What precedes the command, such as `taskset -c 1`. */
  readonly launcher: readonly string[];
  /** Where each writes a CPU profile, if anywhere. */
  readonly profile: string | undefined;
}

/** Whoever takes longer is left out. */
const longestOrderMs = 60_000;

/** A contender in a process of its own, so that none slows down another by the code it loads. */
export class WorkerProcess {
  readonly spec: ContenderSpec;
  readonly #child: ChildProcess;

  private constructor(spec: ContenderSpec, child: ChildProcess) {
    this.spec = spec;
    this.#child = child;
  }

  /** Starts the process and opens the contender in it. */
  static async open(spec: ContenderSpec, world: World, settings: WorkerSettings): Promise<WorkerProcess> {
    const command = [...settings.launcher, process.execPath, '--expose-gc', settings.script];
    const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const worker = new WorkerProcess(spec, child);
    try {
      await worker.#ask({ kind: 'open', spec, world, profile: settings.profile });
      return worker;
    } catch (error) {
      worker.kill();
      throw error;
    }
  }

  /** Fills its cache and checks what it answers; only the measuring of memory gives a round. */
  warm(work: Work): Promise<Round | undefined> {
    return this.#ask({ kind: 'warm', work });
  }

  async run(plan: Plan): Promise<Round> {
    return (await this.#ask({ kind: 'run', plan }))!;
  }

  /** Ends at once a process that does not answer. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async close(): Promise<void> {
    if (this.#hasEnded()) return;
    const exited = once(this.#child, 'exit');
    await this.#ask({ kind: 'close' }).catch(() => this.kill());
    await exited;
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  #ending(): string {
    return `its process ended (${this.#child.signalCode ?? `exit code ${this.#child.exitCode}`})`;
  }

  async #ask(order: Order): Promise<Round | undefined> {
    if (this.#hasEnded()) throw new Error(this.#ending());
    const signal = AbortSignal.timeout(longestOrderMs);
    const ended = new AbortController();
    const either = { signal: AbortSignal.any([signal, ended.signal]) };
    this.#child.send(order);
    const message = once(this.#child, 'message', either).then(([answer]) => answer as Answer);
    const exit = once(this.#child, 'exit', either).then((): Answer => ({ error: this.#ending() }));
    try {
      const answer = await Promise.race([message, exit]);
      if ('error' in answer) throw new Error(answer.error);
      return answer.result;
    } catch (error) {
      throw signal.aborted ? new Error(`no answer to '${order.kind}' within ${longestOrderMs / 1000} s`) : error;
    } finally {
      ended.abort();
      await Promise.allSettled([message, exit]);
    }
  }
}
