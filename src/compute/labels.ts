import { UsageError } from '../errors.js';
import { nearest } from '../support/nearest.js';
import type { JobTarget } from './later.js';

/** What is declared under a label. */
interface Declared {
  readonly label: string;
  readonly place: string;
  readonly handle: object;
  /** The same for background jobs. */
  readonly target: JobTarget;
  /** Takes back what the declaration set going. */
  readonly end: () => void;
}

const byLabel = new Map<string, Declared>();
/** The labels that the methods of models have, and the methods. */
const methodsByLabel = new Map<string, string>();

/**
 * Makes a handle known by its label. A declaration from the same place, as when a module is loaded again, takes the
 * place of the earlier one. Throws UsageError, naming both places, if the label is taken.
 */
export function declareLabel(declared: Declared): void {
  const { label, place } = declared;
  const known = byLabel.get(label);
  if (known && known.place !== place) throw clash(label, known.place, place);
  const method = methodsByLabel.get(label);
  if (method !== undefined) throw clash(label, method, place);
  known?.end();
  byLabel.set(label, declared);
}

/**
 * Notes which labels the values of a model's methods have, and where each is declared. Throws UsageError, naming both
 * places, if a function or node has one of them; then none is noted.
 */
export function declareMethodLabels(places: ReadonlyMap<string, string>): void {
  for (const [label, place] of places) {
    const known = byLabel.get(label);
    if (known) throw clash(label, known.place, methodAt(place));
  }
  for (const [label, place] of places) methodsByLabel.set(label, methodAt(place));
}

/** Ends a declaration: its label is free, and writes are not followed for it any more. Does nothing if it has ended. */
export function endDeclaration(label: string, handle: object): void {
  const known = byLabel.get(label);
  if (known?.handle !== handle) return;
  known.end();
  byLabel.delete(label);
}

/** What is declared under a label. Throws UsageError if nothing is. */
export function handleLabelled(label: string): object {
  const known = byLabel.get(label);
  if (known) return known.handle;
  const meant = nearest(label, byLabel.keys());
  throw new UsageError(
    `cacheOf('${label}'): nothing is declared under this label${meant === undefined ? '' : `; did you mean '${meant}'?`} ` +
      `Import the module that declares it first, or name it in connect({ workers: […] }).`,
  );
}

/** What background jobs find under a label. */
export function targetLabelled(label: string): JobTarget | undefined {
  return byLabel.get(label)?.target;
}

/** The labels that are declared. */
export function declaredLabels(): readonly string[] {
  return [...byLabel.keys()];
}

/** Whether anything is declared in a module, which is named as in places. */
export function declaresLabels(module: string): boolean {
  return [...byLabel.values()].some(({ place }) => place.startsWith(`${module}:`) || place.startsWith(`${module},`));
}

function methodAt(place: string): string {
  return `the method ${place}`;
}

function clash(label: string, one: string, other: string): UsageError {
  return new UsageError(
    `the label '${label}' is declared twice, at ${one} and at ${other}: values are told apart by their label, so give one of them another`,
  );
}
