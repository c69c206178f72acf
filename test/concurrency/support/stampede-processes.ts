import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('stampede-lists.ts', import.meta.url));

/** What a process answers: the values that it got, and the SQL that it sent. */
export interface Answer {
  readonly values: readonly string[];
  readonly statements: readonly string[];
}

/** Processes that ask for the same at the same time. */
export class StampedeProcesses {
  readonly all: readonly ChildProcess[];

  private constructor(all: readonly ChildProcess[]) {
    this.all = all;
  }

  /** Resolves when all of them are connected. */
  static async start(count: number, address: readonly string[], mode: string): Promise<StampedeProcesses> {
    const all = Array.from({ length: count }, () =>
      fork(program, [...address, mode], { execArgv: ['--import', 'tsx'] }),
    );
    await Promise.all(all.map((child) => heard(child, 'ready')));
    return new StampedeProcesses(all);
  }

  async end(): Promise<void> {
    await Promise.all(this.all.map(end));
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.send('end');
  await once(child, 'exit');
}

/** Resolves when a process says so. */
export function heard(child: ChildProcess, what: 'ready' | 'waiting'): Promise<unknown> {
  return first(child, (message) => message === what);
}

/** What a process answers, once it does. */
export async function answerOf(child: ChildProcess): Promise<Answer> {
  return (await first(child, (message) => typeof message === 'object')) as Answer; // what the program sends
}

/** NOTE: by one listener, since two messages may come in one turn. */
function first(child: ChildProcess, isMeant: (message: unknown) => boolean): Promise<unknown> {
  return new Promise((resolve) => {
    const hear = (message: unknown): void => {
      if (!isMeant(message)) return;
      child.off('message', hear);
      resolve(message);
    };
    child.on('message', hear);
  });
}
