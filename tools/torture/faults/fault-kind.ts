import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../../test/support/random.js';
import type { Place, World } from '../world/world.js';

/** What an injection works with. */
export interface Scene {
  readonly world: World;
  readonly random: Random;
}

/** Something that goes wrong in production. */
export interface FaultKind {
  readonly kind: string;
  readonly means: string;
  /**
   * Redis keeps and takes what it is told meanwhile, nobody writes past the library, and no writer dies: the plain level
   * shows nothing outdated.
   */
  readonly isHarmless: boolean;
  /** Somebody writes who marks nothing before COMMIT: one reader may see that, and a later one not yet. */
  readonly writesPastLibrary?: boolean;
  /** Lets it happen and, unless the mending that follows every fault does so, ends it. */
  readonly inject: (scene: Scene) => Promise<void>;
}

export function onePlace({ world, random }: Scene): Place {
  return random.oneOf(world.places);
}

export async function between(random: Random, leastMs: number, mostMs: number): Promise<void> {
  await wait(leastMs + random.fraction() * (mostMs - leastMs));
}
