/** Where a list of keys has what its client remembers of it. */
const command = Symbol('command');

interface Repeated {
  [command]?: string | undefined;
}

/** Lets clients remember the command for these keys, which are asked for in this order again and again. */
export function repeatedKeys(keys: readonly string[]): readonly string[] {
  const repeated: Repeated = { [command]: undefined };
  return Object.assign([...keys], repeated);
}

/** What was remembered of a list by `rememberCommand`. */
export function commandOf(words: readonly unknown[]): string | undefined {
  return (words as Repeated)[command];
}

/** Remembers the command for a list, if it is one of repeated keys. */
export function rememberCommand(words: readonly unknown[], makeText: () => string): void {
  if (command in words) (words as Repeated)[command] = makeText();
}
