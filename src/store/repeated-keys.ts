/** Where a list of keys has what its client remembers of it. */
const command = Symbol('command');

interface Repeated extends ReadonlyArray<unknown> {
  [command]?: string | undefined;
}

/** Lets clients remember the command for these keys, which are asked for in this order again and again. */
export function repeatedKeys(keys: readonly string[]): readonly string[] {
  return Object.assign([...keys], { [command]: undefined });
}

/** What was remembered of a list by `rememberCommand`. */
export function commandOf(words: Repeated): string | undefined {
  return words[command];
}

/** Remembers the command for a list, if it is one of repeated keys. */
export function rememberCommand(words: Repeated, makeText: () => string): void {
  if (command in words) words[command] = makeText();
}
