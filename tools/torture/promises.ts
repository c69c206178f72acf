import type { FaultKind } from './faults/fault-kind.js';
import type { Rule } from './history/rules.js';

/** How much is asked of the library. `capture` is plain with changes of others heard of. */
export const levels = ['plain', 'capture', 'guarded', 'strict', 'verify'] as const;

export type Level = (typeof levels)[number];

/** What the harness's clocks and looks may add to a limit. */
const slackMs = 250;

/** The longest that a change by anybody may stay unseen, at the levels that say so. */
export function latestMs(level: Level, windowMs: number): number | undefined {
  if (excusesLateness(level)) return undefined;
  return level === 'verify' ? 0 : windowMs + slackMs; // each hit at verify is as fresh as the database
}

/** Whether a write may be acknowledged whose invalidation Redis has not confirmed in time. */
export function excusesLateness(level: Level): boolean {
  return level === 'plain' || level === 'capture';
}

const always: readonly Rule[] = ['R2'];
const whileRedisTakesWrites: readonly Rule[] = ['R1', 'R2', 'R5'];
const whateverFails: readonly Rule[] = ['R1', 'R2', 'R4', 'R5', 'R6'];

/** What a promise depends on of what happens. */
type Happening = Pick<FaultKind, 'isHarmless' | 'writesPastLibrary'>;

/** The rules that a level holds while, and after, faults of a kind are injected. */
export function promised(level: Level, { isHarmless, writesPastLibrary = false }: Happening): readonly Rule[] {
  switch (level) {
    case 'plain':
      return isHarmless ? [...whileRedisTakesWrites, 'R6'] : always;
    case 'capture':
      return isHarmless ? [...whileRedisTakesWrites, 'R6'] : always;
    case 'guarded':
    case 'verify':
      return whateverFails;
    case 'strict':
      return writesPastLibrary ? whateverFails : [...whateverFails, 'R3'];
    default:
      return level satisfies never;
  }
}
