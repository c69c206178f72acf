import { chownSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardFolder } from './watchdog.js';

/** A user that a server runs as. */
export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** A new empty folder, deleted when this process ends; it belongs to `owner` where one is given. */
export function temporaryFolder(purpose: string, owner?: UnprivilegedUser): string {
  const path = mkdtempSync(join(tmpdir(), `moneyclip-${purpose}-`));
  if (owner) chownSync(path, owner.uid, owner.gid);
  guardFolder(path);
  return path;
}
