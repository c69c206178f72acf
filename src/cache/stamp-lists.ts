/** The whole check of a hit: every stamp is still the one that the entry was stored under. */
export function areCurrent(stored: readonly string[], current: readonly (string | undefined)[]): boolean {
  if (stored.length !== current.length) return false;
  for (let index = 0; index < stored.length; index++) {
    if (stored[index] !== current[index]) return false;
  }
  return true;
}

export function areComplete(stamps: readonly (string | undefined)[]): stamps is readonly string[] {
  return !stamps.includes(undefined);
}

export function merge(
  length: number,
  seen: readonly (string | undefined)[],
  acquired: readonly (string | undefined)[],
): readonly string[] | undefined {
  let next = 0;
  const stamps = Array.from({ length }, (_, index) => seen[index] ?? acquired[next++]);
  return areComplete(stamps) ? stamps : undefined;
}
