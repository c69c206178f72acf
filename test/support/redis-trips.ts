import type { Redis } from 'ioredis';
import { dropUnmarkedScript, markScript, unmarkScript } from '../../src/store/gate/mark-scripts.js';
import { until } from './until.js';

/** The round trips of a client of Redis: commands that were sent before any of them was answered are one. */
export interface RedisTrips {
  /** The commands of each trip, such as `drop+mget`; what follows on itself is told once, scripts by what they do. */
  readonly trips: readonly string[];
  /** The keys of each MGET. */
  readonly asked: readonly (readonly string[])[];
  /** Resolves when everything was answered, then starts from nothing. */
  reset(): Promise<void>;
  /** Resolves when everything was answered. */
  settled(): Promise<void>;
}

const scripts: Readonly<Record<string, string>> = {
  [dropUnmarkedScript]: 'drop',
  [markScript]: 'mark',
  [unmarkScript]: 'unmark',
};

/** Notes what a client sends from now on. */
export function redisTrips(client: Redis): RedisTrips {
  let flights: string[][] = [];
  let asked: string[][] = [];
  let unanswered = 0;
  const send = client.sendCommand.bind(client);
  client.sendCommand = (command, stream) => {
    const words = command.args.flat().map(String);
    const name = command.name === 'eval' ? (scripts[words[0] ?? ''] ?? 'eval') : command.name;
    if (unanswered === 0) flights.push([]);
    const flight = flights.at(-1);
    if (flight?.at(-1) !== name) flight?.push(name);
    if (name === 'mget') asked.push(words);
    unanswered += 1;
    const answered = (): void => void (unanswered -= 1);
    command.promise.then(answered, answered);
    return send(command, stream);
  };
  const settled = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve)); // what nobody waits for is sent by now
    await until(() => unanswered === 0);
  };
  return {
    get trips() {
      return flights.map((flight) => flight.join('+'));
    },
    get asked() {
      return asked;
    },
    settled,
    reset: async () => {
      await settled();
      flights = [];
      asked = [];
    },
  };
}
