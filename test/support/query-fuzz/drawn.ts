import type { Conditions } from './conditions.js';

/** How conditions are put together. */
export type Shape = 'all' | 'filter' | 'exclude' | 'or' | 'not' | 'nested' | 'two filters';

/** What makes a question go through the cache, and how its lists are kept. */
export type Caching = 'by hand' | 'with a lock' | 'whole' | 'by reference' | 'by policy';

/** What was drawn for one question, but for its verb. Numbers choose from lists of any length. */
export interface Drawn {
  readonly shape: Shape;
  readonly first: Conditions;
  readonly second: Conditions;
  readonly third: Conditions;
  readonly keyed: Conditions;
  readonly order: number;
  readonly number: number;
  readonly limit: number;
  readonly caching: Caching;
}
