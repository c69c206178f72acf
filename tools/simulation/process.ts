import { register } from 'tsx/esm/api';
import type * as realmModule from './realm.js';

/** What one simulated process has loaded. */
export type Realm = typeof realmModule;

const realms: Promise<Realm>[] = [];

/** The modules of the process with this number: loaded once, and shared with no other process. */
export function realmOf(process: number): Promise<Realm> {
  realms[process] ??= load(process);
  return realms[process];
}

async function load(process: number): Promise<Realm> {
  const loader = register({ namespace: `process-${process}` });
  return (await loader.import('./realm.ts', import.meta.url)) as Realm; // what that module exports
}
