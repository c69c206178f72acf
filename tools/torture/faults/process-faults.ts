import type { SpoilableProxy } from '../world/spoilable-proxy.js';
import type { Place } from '../world/world.js';
import { between, onePlace, type FaultKind, type Scene } from './fault-kind.js';

/** The commands that tell Redis of a write. */
const invalidation = /\bunlink\b/i;
const commit = /\bcommit\b/i;
const longestWatchMs = 3000;

/**
 * Waits until a process sends something, and holds it back until `then` has answered whether it may pass. Waits no longer
 * than `mostMs` for that, and then for `then` however long it takes: who goes on before what was held back has passed
 * is a process that runs and is not answered.
 */
export function whenItSends(
  proxy: Pick<SpoilableProxy, 'watch'>,
  what: RegExp,
  then: () => Promise<boolean>,
  mostMs = longestWatchMs,
): Promise<void> {
  return new Promise<void>((resolve) => {
    let isOver = false;
    const nobodyWrote = setTimeout(() => {
      isOver = true;
      resolve();
    }, mostMs);
    proxy.watch((text) => {
      if (isOver || !what.test(text)) return undefined;
      isOver = true;
      clearTimeout(nobodyWrote);
      return then().finally(resolve);
    });
  });
}

async function killedWhenItSends(place: Place, proxy: SpoilableProxy, what: RegExp, passes: boolean): Promise<void> {
  await whenItSends(proxy, what, async () => {
    await place.application?.kill();
    return passes;
  });
}

async function stoppedWhenItSends(scene: Scene, place: Place, proxy: SpoilableProxy, what: RegExp): Promise<void> {
  await whenItSends(proxy, what, async () => {
    place.application?.pause();
    await between(scene.random, 100, 3000);
    place.application?.resume();
    return true;
  });
}

export const processFaults: readonly FaultKind[] = [
  {
    kind: 'app-kill',
    means: 'kill -9 of a process at any time',
    isHarmless: false,
    inject: async (scene) => onePlace(scene).application?.kill(),
  },
  {
    kind: 'app-kill-before-invalidation',
    means: 'kill -9 of a writer between COMMIT and the invalidation',
    isHarmless: false,
    inject: async (scene) => {
      const place = onePlace(scene);
      await killedWhenItSends(place, place.toRedis, invalidation, false);
    },
  },
  {
    kind: 'app-kill-in-commit',
    means: 'kill -9 of a writer that has sent COMMIT',
    isHarmless: false,
    inject: async (scene) => {
      const place = onePlace(scene);
      await killedWhenItSends(place, place.toPostgres, commit, scene.random.fraction() < 0.8);
    },
  },
  {
    kind: 'app-stop',
    means: 'SIGSTOP of a process, its relay with it, for 0.3 to 4 seconds',
    isHarmless: true,
    inject: async (scene) => {
      const { application } = onePlace(scene);
      application?.pause();
      await between(scene.random, 300, 4000);
      application?.resume();
    },
  },
  {
    kind: 'app-stop-before-invalidation',
    means: 'SIGSTOP of a writer between COMMIT and the invalidation, for 0.1 to 3 seconds',
    isHarmless: true,
    inject: async (scene) => {
      const place = onePlace(scene);
      await stoppedWhenItSends(scene, place, place.toRedis, invalidation);
    },
  },
  {
    kind: 'app-stop-in-commit',
    means: 'SIGSTOP of a writer that sends COMMIT, for 0.1 to 3 seconds',
    isHarmless: true,
    inject: async (scene) => {
      const place = onePlace(scene);
      await stoppedWhenItSends(scene, place, place.toPostgres, commit);
    },
  },
  {
    kind: 'relays-stop',
    means: 'SIGSTOP of all processes but one, so that one relay is left',
    isHarmless: true,
    inject: async ({ world, random }) => {
      const left = random.oneOf(world.places);
      const stopped = world.places.filter((place) => place !== left);
      for (const { application } of stopped) application?.pause();
      await between(random, 300, 2000);
      for (const { application } of stopped) application?.resume();
    },
  },
];
