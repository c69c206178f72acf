import type { Fault } from './fate.js';

/** What goes wrong in a run of a level above `plain`. */
export interface GuaranteedWeather {
  readonly name: string;
  readonly level: 'guarded' | 'strict';
  readonly processes: number;
  readonly faults: readonly Fault[];
  /** The chance that a connection to Redis is lost, of each command. */
  readonly losses: number;
  /** The chance that one to the database is, of each statement. */
  readonly lostStatements: number;
  /** Whether somebody writes past the library. */
  readonly hasPlainSql: boolean;
  /** Whether the processes write, in turns much and little. */
  readonly writes: boolean;
  /**
   * P1 is not judged, and P2 by so many windows: somebody sets the clock of Redis back. Who looks at the gate all the time
   * knows by its beat that it is over; what a process reads that did not, for a window, is not judged for as long.
   */
  readonly lateWindows?: number;
}

const usual = { processes: 3, losses: 0.002, lostStatements: 0.002, hasPlainSql: true, writes: true } as const;
const restarts: readonly Fault[] = ['restart', 'restart', 'restart empty', 'flush', 'refuse writes'];
const mishaps: readonly Fault[] = ['evict', 'cut off', 'kill'];
const relaysOnly = { ...usual, processes: 2, writes: false } as const;
const strict = { ...usual, level: 'strict', hasPlainSql: false } as const;

export const guaranteedWeathers: readonly GuaranteedWeather[] = [
  { ...usual, name: 'restarts', level: 'guarded', faults: [...restarts, ...mishaps] },
  { ...usual, name: 'failover', level: 'guarded', faults: ['fail over', 'fail over', ...mishaps] },
  { ...relaysOnly, name: 'delays', level: 'guarded', faults: ['slow relays', 'slow relays', ...mishaps] },
  { ...relaysOnly, name: 'divided', level: 'guarded', processes: 3, faults: ['fail over'] },
  { ...relaysOnly, name: 'clocks', level: 'guarded', faults: ['set the clock back', 'evict'], lateWindows: 2 },
  { ...strict, name: 'strict', faults: ['flush', 'flush', 'flush', 'restart', 'refuse writes', ...mishaps] },
  { ...strict, name: 'strict failover', faults: ['fail over', 'fail over', 'restart', ...mishaps] },
];
