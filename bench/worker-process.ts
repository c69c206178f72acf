import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { ContenderSpec } from './catalogue.js';
import type { Work, World } from './contender.js';
import type { Answer, Order, Round } from './worker.js';

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

  /** Starts the process, opens the contender, fills its cache and checks what it answers. */
  static async open(spec: ContenderSpec, world: World, settings: WorkerSettings): Promise<WorkerProcess> {
    const command = [...settings.launcher, process.execPath, settings.script];
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

  async run(work: Work, lanes: number, count: number): Promise<Round> {
    return (await this.#ask({ kind: 'run', work, lanes, count }))!;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, 'exit');
    await this.#ask({ kind: 'close' }).catch(() => this.#child.kill('SIGKILL'));
    await exited;
  }

  async #ask(order: Order): Promise<Round | undefined> {
    if (this.#child.exitCode !== null) throw new Error(`${this.spec.name}: its process ended`);
    const ended = new AbortController();
    const failure = once(this.#child, 'exit', { signal: ended.signal }).then(() => ({ error: 'its process ended' }));
    failure.catch(() => undefined); // aborted below
    this.#child.send(order);
    const answer = await Promise.race([once(this.#child, 'message').then(([message]) => message as Answer), failure]);
    ended.abort();
    if ('error' in answer) throw new Error(`${this.spec.name}: ${answer.error}`);
    return answer.result;
  }
}
