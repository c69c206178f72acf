import type { Fault } from './fate.js';

/** What goes wrong in a run of a level above `plain`. */
export interface GuaranteedWeather {
  readonly name: string;
  readonly level: 'guarded' | 'strict';
  readonly faults: readonly Fault[];
  /** The chance that a connection to Redis is lost, of each command. */
  readonly losses: number;
  /** The chance that one to the database is, of each statement. */
  readonly lostStatements: number;
  /** Whether somebody writes past the library. */
  readonly hasPlainSql: boolean;
  /** P1 is not judged, and P2 is by twice the window: somebody sets the clock of Redis back. */
  readonly isLate?: boolean;
}

const usual = { losses: 0.002, lostStatements: 0.002, hasPlainSql: true } as const;
const restarts: readonly Fault[] = ['restart', 'restart', 'restart empty', 'flush', 'refuse writes'];
const mishaps: readonly Fault[] = ['evict', 'cut off', 'kill'];

export const guaranteedWeathers: readonly GuaranteedWeather[] = [
  { ...usual, name: 'restarts', level: 'guarded', faults: [...restarts, ...mishaps] },
  { ...usual, name: 'failover', level: 'guarded', faults: ['fail over', 'fail over', ...mishaps] },
  { ...usual, name: 'delays', level: 'guarded', faults: ['hold relays up', 'hold relays up', ...mishaps] },
  {
    ...usual,
    name: 'clocks',
    level: 'guarded',
    faults: ['set the clock back', 'hold relays up', 'kill'],
    isLate: true,
  },
  { ...usual, name: 'strict', level: 'strict', faults: [...restarts, 'fail over', ...mishaps], hasPlainSql: false },
];
