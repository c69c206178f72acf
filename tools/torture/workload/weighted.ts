import type { Random } from '../../../test/support/random.js';

/** One of several, each as often as its weight says. */
export function weighted<Kind extends { readonly weight: number }>(kinds: readonly Kind[], random: Random): Kind {
  let place = random.fraction() * kinds.reduce((sum, { weight }) => sum + weight, 0);
  for (const kind of kinds) {
    place -= kind.weight;
    if (place < 0) return kind;
  }
  return random.oneOf(kinds);
}
