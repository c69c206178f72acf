/** What came of a run. */
export interface RunResult {
  readonly steps: number;
  readonly reads: number;
  readonly writes: number;
  readonly hits: number;
  /** Tells one way of a run from every other. */
  readonly hash: number;
  readonly violations: readonly string[];
  /** The number of the step after which the first of them was there. */
  readonly noticedAfter: number | undefined;
  /** What happened before the first violation. */
  readonly trail: readonly string[];
}
