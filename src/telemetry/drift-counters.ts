/** What comparing hits with the database came to. */
export interface DriftCounters {
  /** Hits that were compared, or are being compared. */
  checks: number;
  /** Of these, the entries that differed although nothing had invalidated them. */
  mismatches: number;
  /** Of these, the entries that differed because somebody changed something just then, as was seen by their stamps. */
  overtaken: number;
  /** Hits that were chosen and not compared, since as many as are allowed were being compared. */
  skipped: number;
  /** Comparisons that did not come to an end, since the database or the store failed. */
  failed: number;
}

export function noDrift(): DriftCounters {
  return { checks: 0, mismatches: 0, overtaken: 0, skipped: 0, failed: 0 };
}
