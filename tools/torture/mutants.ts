import { setTimeout as wait } from 'node:timers/promises';

/** Steps of the protocol that are held up: how often, and for how long. */
export type HeldUp = Readonly<Partial<Record<string, HoldUp>>>;

export interface HoldUp {
  readonly ms: number;
  /** Which share of the times; always, if it is left out. */
  readonly share?: number;
}

/** What makes a process of the application worse than it is. */
export interface Weakening {
  /** Rules that it does not keep, with a plus between. */
  readonly mutant: string | undefined;
  readonly heldUp: HeldUp;
}

/** The rules of the protocol that tests can switch off, and the steps that they can hold up. */
interface Switches {
  readonly weakened: Record<string, boolean>;
  readonly pauses: Record<string, (() => Promise<void>) | undefined>;
}

// NOTE: by a name that the compiler does not follow, so that a version of the library without switches can be tortured too
const place = new URL('../../src/support/weakened.js', import.meta.url).href;

async function switches(): Promise<Switches> {
  const module: unknown = await import(place).catch(() => {
    throw new Error('this version of the library has no rules that can be switched off');
  });
  return module as Switches; // what the module is for
}

/** The names of all rules that can be switched off. */
export async function mutantNames(): Promise<readonly string[]> {
  return Object.keys((await switches()).weakened);
}

/** Switches rules off and holds steps up in this process. */
export async function weaken({ mutant, heldUp }: Weakening): Promise<void> {
  if (mutant === undefined && Object.keys(heldUp).length === 0) return;
  const { weakened, pauses } = await switches();
  for (const name of mutant?.split('+') ?? []) {
    if (!(name in weakened)) {
      throw new Error(`there is no rule '${name}' to switch off; there are ${Object.keys(weakened).join(', ')}`);
    }
    weakened[name] = true;
  }
  for (const [step, holdUp] of Object.entries(heldUp)) {
    if (holdUp) pauses[step] = () => heldUpFor(holdUp);
  }
}

async function heldUpFor({ ms, share = 1 }: HoldUp): Promise<void> {
  if (Math.random() < share) await wait(ms);
}
