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

export const usage = `npm run bench -- [--quick] [--only <scenario>] [--contender <text>] [--save] [--profile <folder>]`;

export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      contender: { type: 'string', default: '' },
      save: { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const effort = values.quick ? { rounds: 7, roundMs: 60 } : { rounds: 21, roundMs: 120 };
  const { only, contender, save, profile } = values;
  return { only, contender, peers: !values.quick, effort, save, profile };
}
