import { pauses } from '../../src/support/weakened.js';

/** A step of a writer that waits to be let go on. */
export interface Hold {
  readonly reached: Promise<void>;
  release(): void;
}

type Place = 'beforeCommit' | 'afterCommit';

let waiting: (() => void)[] = [];

/** Holds the next writer up that comes to a step. */
export function hold(place: Place): Hold {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => {
    pauses[place] = () => {
      delete pauses[place];
      resolve();
      return released;
    };
  });
  waiting.push(() => release());
  return { reached, release: () => release() };
}

/** Holds every relay up before it renews the gate; `reached` when the first one is there. */
export function holdRelays(): Pick<Hold, 'reached'> {
  const reached = new Promise<void>((resolve) => {
    pauses.beforeRenewal = () => {
      resolve();
      return new Promise((release) => waiting.push(release));
    };
  });
  return { reached };
}

/** Lets everybody go on who is held up, and who would be. */
export function releaseAll(): void {
  delete pauses.beforeCommit;
  delete pauses.afterCommit;
  delete pauses.beforeRenewal;
  for (const release of waiting) release();
  waiting = [];
}
