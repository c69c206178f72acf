import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

const program = `
  const Database = require('better-sqlite3');
  const database = new Database(process.argv[1]);
  require('node:readline').createInterface({ input: process.stdin }).on('line', (text) => {
    try { database.exec(text); console.log('ok'); } catch (error) { console.log(error.message); }
  });
`;

/** Another process with the same database file open. */
export class ForeignWriter {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: Interface;

  constructor(file: string) {
    this.#process = spawn(process.execPath, ['-e', program, file]);
    this.#answers = createInterface({ input: this.#process.stdout });
  }

  /** Runs SQL there; resolves when it is done. */
  async exec(text: string): Promise<void> {
    this.#process.stdin.write(`${text}\n`);
    const [answer] = (await once(this.#answers, 'line')) as [string];
    if (answer !== 'ok') throw new Error(answer);
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    this.#process.stdin.end();
    await once(this.#process, 'exit');
  }
}
