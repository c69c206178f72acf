import type { FaultKind } from './fault-kind.js';
import { networkFaults } from './network-faults.js';
import { postgresFaults } from './postgres-faults.js';
import { processFaults } from './process-faults.js';
import { redisFaults } from './redis-faults.js';

export type { FaultKind } from './fault-kind.js';

/** Everything that can be made to go wrong. */
export const faults: readonly FaultKind[] = [...processFaults, ...redisFaults, ...networkFaults, ...postgresFaults];

export function faultNamed(name: string): FaultKind {
  const fault = faults.find(({ kind }) => kind === name);
  if (!fault) throw new Error(`there is no fault '${name}'; there are ${faults.map(({ kind }) => kind).join(', ')}`);
  return fault;
}
