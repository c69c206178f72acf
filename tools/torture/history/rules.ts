/** What can be wrong with a read. */
export const rules = ['R1', 'R2', 'R3', 'R4', 'R5', 'R6'] as const;

export type Rule = (typeof rules)[number];

export const meanings: Readonly<Record<Rule, string>> = {
  R1: 'a row is older than a write of it that was acknowledged before the read began',
  R2: 'a value was never committed, or its COMMIT was not sent when the read ended',
  R3: 'a value is older than one that a read showed which ended before this one began',
  R4: 'a value is older than any change, by whomever, that was committed longer ago than the limit',
  R5: 'a list, count or computed value is older than an acknowledged write, or never was so at any moment',
  R6: 'after all is mended and quiet, the cache differs from the database',
};
