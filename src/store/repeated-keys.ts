const command = Symbol('command');
const areLasting = Symbol('areLasting');

/** Keys that are asked for in this order again and again, with what their client remembers of them. */
export interface RepeatedKeys extends ReadonlyArray<string> {
  /** The command for them; undefined where it was not made yet, or cannot be remembered. */
  [command]: string | undefined;
  /** Whether the texts under them may be used until they are changed or dropped, also where their time ends before. */
  readonly [areLasting]: boolean;
  /** How often they were asked for since their texts changed. */
  [timesAsked]: number;
  /** What is known of their texts. */
  [tracked]: unknown;
}

export const timesAsked = Symbol('timesAsked');
export const tracked = Symbol('tracked');

/**
 * Lets clients remember the command for these keys; and their texts, where they are lasting. By default they are not.
 * `asked` says how often they count as asked for already.
 */
export function repeatedKeys(keys: readonly string[], lasting = false, asked = 0): RepeatedKeys {
  return Object.assign([...keys], {
    [command]: undefined,
    [areLasting]: lasting,
    [timesAsked]: asked,
    [tracked]: undefined,
  });
}

/** Whether these are repeated keys with lasting texts. */
export function isLasting(words: readonly unknown[]): words is RepeatedKeys {
  return (words as Partial<RepeatedKeys>)[areLasting] === true; // other lists have none
}

/** What was remembered of a list by `rememberCommand`. */
export function commandOf(words: readonly unknown[]): string | undefined {
  return (words as Partial<RepeatedKeys>)[command]; // other lists have none
}

/** Remembers the command for a list, if it is one of repeated keys. */
export function rememberCommand(words: readonly unknown[], makeText: () => string): void {
  if (command in words) (words as RepeatedKeys)[command] = makeText(); // as just seen
}

/** Lets go of the command for a list; the next that asks for it makes it anew. */
export function forgetCommand(keys: RepeatedKeys): void {
  keys[command] = undefined;
}
