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
      child.kill('SIGKILL');
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

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    await this.#ask({ kind: 'close' }).catch(() => this.#child.kill('SIGKILL'));
    await exited;
  }

  async #ask(order: Order): Promise<Round | undefined> {
    if (this.#child.exitCode !== null) throw new Error('its process ended');
    const ended = new AbortController();
    const failure = once(this.#child, 'exit', { signal: ended.signal }).then(() => ({ error: 'its process ended' }));
    failure.catch(() => undefined); // aborted below
    this.#child.send(order);
    const answer = await Promise.race([once(this.#child, 'message').then(([message]) => message as Answer), failure]);
    ended.abort();
    if ('error' in answer) throw new Error(answer.error);
    return answer.result;
  }
}
