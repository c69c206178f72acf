import { hashText } from '../support/hash.js';

/** The value of one call, whatever it was computed from: `invalidate` and watched rows drop it. */
export function computationDependency(identity: string): string {
  return `k:${identity.length > 64 ? `~${hashText(identity)}` : identity}`;
}

/** All values under a label. */
export function labelDependency(label: string): string {
  return `l:${label}`;
}

/** All values under a label, also those that are served while they are made again. */
export function clearedDependency(label: string): string {
  return `l:${label}:cleared`;
}
