import { parseArgs } from 'node:util';
import type { Effort } from './measure.js';

/** What the command line asks for. */
export interface Options {
  /** Only scenarios whose id starts so. */
  readonly only: string;
  /** Only contenders whose name holds this text, and what they are compared with. */
  readonly contender: string;
  /** Also the libraries that are compared with; a quick run does without. */
  readonly peers: boolean;
  readonly effort: Effort;
  /** Write bench/results/latest.md too. */
  readonly save: boolean;
  /** Write a CPU profile of each contender into this folder. */
  readonly profile: string | undefined;
}

const usage = `npm run bench -- [--quick] [--only <scenario>] [--contender <text>] [--save] [--profile <folder>]
  --quick      rounds of 60 ms, and none of the libraries that are compared with
  --only       scenarios whose id starts so; the ids are in bench/scenarios.ts
  --contender  contenders whose name holds this, and what they are compared with
  --save       write bench/results/latest.md too
  --profile    write a CPU profile of each contender into this folder, and print where its time goes
  --help       print this`;

const settings = {
  quick: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
  contender: { type: 'string', default: '' },
  save: { type: 'boolean', default: false },
  profile: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Where they are wrong, or that is asked for, the process ends with a list of the options. */
export function readOptions(args: readonly string[]): Options {
  const { quick, only, contender, save, profile, help } = parse(args);
  if (help) end(0, usage);
  const effort = quick ? { rounds: 5, roundMs: 60, warmUpMs: 250 } : { rounds: 21, roundMs: 120, warmUpMs: 4_000 };
  return { only, contender, peers: !quick, effort, save, profile };
}

function parse(args: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof settings }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: settings }).values;
  } catch (error) {
    return end(2, `${error instanceof Error ? error.message : String(error)}\n${usage}`);
  }
}

function end(code: number, text: string): never {
  console.log(text);
  process.exit(code);
}
