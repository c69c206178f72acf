import type { Step } from './explore.js';
import { copyOf, type World } from './world.js';

/** What may happen next in a world; `change` makes it happen in a copy and tells which promise it breaks. */
export function step(
  world: World,
  what: string | ((next: World) => string),
  change: (next: World) => string | undefined | void,
): Step<World> {
  const next = copyOf(world);
  const violation = change(next) ?? undefined;
  return { what: typeof what === 'string' ? what : what(next), state: next, violation };
}

/** The element with this number of a copy, which has as many. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError('a copy has as many as the world it was made of');
  return found;
}
