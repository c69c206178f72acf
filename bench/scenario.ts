import type { Work } from './contender.js';

/** A floor that this project sets itself: the ratio of `contender` to `to`. */
export interface Target {
  readonly contender: string;
  readonly to: string;
  readonly atLeast: number;
}

/** One table of the report. */
export interface Scenario {
  /** What `--only` matches from the start. */
  readonly id: string;
  readonly title: string;
  readonly work: Work;
  /** How many callers wait at the same time. */
  readonly lanes: number;
  /** Names in the catalogue; the first is what the others are compared with. */
  readonly contenders: readonly string[];
  readonly targets: readonly Target[];
  /** How many operations a round has; left out: as many as fill its time. */
  readonly count?: number;
  /** At most so many rounds. */
  readonly rounds?: number;
  /** What is counted in each round, and the most that moneyclip may have. */
  readonly counted?: { readonly what: string; readonly contender: string; readonly atMost: number };
}
