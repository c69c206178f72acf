/** Where an entry lies and by what it is judged, where the key alone tells both. */
export interface Address {
  readonly key: string;
  readonly stampKeys: readonly string[];
  /** What the key begins with, up to and with a `:`, if the rest of it is `id`. */
  readonly prefix: string;
  /** The whole number from 0 to 999,999,999 that the key ends in; undefined where it ends otherwise. */
  readonly id: number | undefined;
  /** What tells these very stamp keys from all other lists, where that is known. */
  readonly listId?: number | undefined;
  /** Those that have all stamp keys but one in common with it, and that one; undefined where that is not known. */
  readonly siblings?: Siblings | undefined;
  readonly ownStampKey?: string | undefined;
}

/** The stamp keys that addresses have in common whose stamp keys differ in one: those before that one, and those after it. */
export interface Siblings {
  readonly before: readonly string[];
  readonly after: readonly string[];
}
