import { parseArgs } from 'node:util';
import { faultNamed, faults, type FaultKind } from './faults/catalogue.js';
import type { HeldUp } from './mutants.js';
import { levels, type Level } from './promises.js';

/** What a run is asked for. */
export interface Options {
  readonly level: Level;
  readonly seconds: number;
  readonly seed: number;
  readonly processes: number;
  readonly faults: readonly FaultKind[];
  readonly readers: number;
  readonly writers: number;
  readonly pauseMs: number;
  /** The longest pause between two writes of a writer. */
  readonly writePauseMs: number;
  /** How long a change may stay unseen, at the levels that say so. */
  readonly windowMs: number;
  /** The shortest pause between two faults, and how much longer it is at most. */
  readonly calmMs: number;
  readonly gapMs: number;
  readonly mutant: string | undefined;
  /** Steps of the protocol that are held up in the processes, and for how long at most. */
  readonly heldUp: HeldUp;
  /** Another library that does the work in the place of this one. */
  readonly peer: string | undefined;
  /** Where the history is left; undefined: it goes unless a promise was broken. */
  readonly out: string | undefined;
}

/** Modules in `bench/peers/torture/`, with a variant. */
export const peers = ['moneyclip+plain', 'drizzle', 'typeorm', 'mikro-orm', 'bentocache+redis', 'bentocache+memory'];

export const help = `npm run torture -- [options]

Runs processes of an application on a PostgreSQL and a Redis of their own, spoils what can be spoiled, and judges each
read by what was committed when. Ends with 1 if a promise of the level was broken.

  --level      ${levels.join(', ')}; default: plain
  --seconds    how long it works; default: 60
  --seed       what chance begins with; default: a new one, which is told
  --processes  how many processes of the application; default: 3
  --faults     all, harmless (those that plain withstands), none, or names with commas between; default: all
  --readers    at the same time in each process; default: 6
  --writers    at the same time in each process; default: 2
  --pause      the longest pause between two reads of a reader, in milliseconds; default: 10
  --write-pause  the longest pause between two writes of a writer, in milliseconds; default: 100
  --calm       the shortest pause between two faults, in milliseconds; default: 0
  --gap        how much longer that pause is at most, in milliseconds; default: 1500
  --window     how long a change may stay unseen at the guarded levels, in milliseconds; default: 3000
  --mutant     rules of the protocol, with commas between, that the processes break; all: every one that can be
               switched off. Each for so long; a table tells which were noticed, and it ends with 1 if one was not
  --peer       another library at the same work, as far as it can do it; needs npm ci --prefix bench. One of
               ${peers.join(', ')}; all: one after another
  --out        a folder for the history; default: one that goes unless a promise was broken

Faults: ${faults.map(({ kind }) => kind).join(', ')}
`;

const flags = {
  level: { type: 'string', default: 'plain' },
  seconds: { type: 'string', default: '60' },
  seed: { type: 'string' },
  processes: { type: 'string', default: '3' },
  faults: { type: 'string', default: 'all' },
  readers: { type: 'string', default: '6' },
  writers: { type: 'string', default: '2' },
  pause: { type: 'string', default: '10' },
  'write-pause': { type: 'string', default: '100' },
  calm: { type: 'string', default: '0' },
  gap: { type: 'string', default: '1500' },
  window: { type: 'string', default: '3000' },
  mutant: { type: 'string' },
  peer: { type: 'string' },
  out: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

/** Undefined where help was asked for. Throws where an option is not understood. */
export function parseOptions(args: readonly string[]): Options | undefined {
  const { values } = parseArgs({ args: [...args], options: flags });
  if (values.help) return undefined;
  return {
    level: toLevel(values.level),
    seconds: toNumber('seconds', values.seconds),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : toNumber('seed', values.seed),
    processes: toNumber('processes', values.processes),
    faults: toFaults(values.faults),
    readers: toNumber('readers', values.readers),
    writers: toNumber('writers', values.writers),
    pauseMs: toNumber('pause', values.pause),
    writePauseMs: toNumber('write-pause', values['write-pause']),
    calmMs: toNumber('calm', values.calm),
    gapMs: toNumber('gap', values.gap),
    windowMs: toNumber('window', values.window),
    mutant: values.mutant,
    heldUp: {},
    peer: values.peer,
    out: values.out,
  };
}

function toLevel(text: string): Level {
  const level = levels.find((one) => one === text);
  if (!level) throw new Error(`--level is one of ${levels.join(', ')}`);
  return level;
}

function toNumber(name: string, text: string): number {
  const number = Number(text);
  if (text === '' || !Number.isFinite(number) || number < 0) throw new Error(`--${name} is a number from 0`);
  return number;
}

function toFaults(text: string): readonly FaultKind[] {
  if (text === 'none') return [];
  if (text === 'all') return faults;
  if (text === 'harmless') return faults.filter(({ isHarmless }) => isHarmless);
  return text.split(',').map(faultNamed);
}
