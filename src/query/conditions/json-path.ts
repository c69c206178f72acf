import { UsageError } from '../../errors.js';
import { textFlaw } from '../../schema/types/stored-text.js';

/** What one of the databases would take for more than a name, or for a place in a list. */
const special = /["\\]|^\s*[+-]?\d+\s*$/;

/** Refuses names that the databases would not all look for as keys of objects. */
export function assertJsonPath(name: string, path: readonly string[]): void {
  for (const key of path) {
    if (key === '' || special.test(key) || textFlaw(key) !== undefined) {
      throw new UsageError(
        `'${shown(name)}' looks into JSON by a name that cannot be asked for: names have letters, and no quotes or backslashes; elements of lists cannot be asked for`,
      );
    }
  }
}

/** A name of the caller's own code, with what a terminal or log would stumble over taken out. */
function shown(name: string): string {
  return name.replace(/\p{C}/gu, '�');
}
