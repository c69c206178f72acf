import { mkdirSync, writeFileSync } from 'node:fs';
import { Session, type Profiler as Protocol } from 'node:inspector/promises';
import { join } from 'node:path';

const shown = 30;
/** Nothing runs, or the profiler itself was asked something last. */
const waits = new Set(['(idle)', 'dispatch']);

/** Records where this process spends its time while it is measured: opening and filling are left out. */
export class Profiler {
  readonly #session = new Session();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.setSamplingInterval', { interval: 200 });
    await this.#session.post('Profiler.start');
  }

  /** Writes `<name>.cpuprofile` into the folder, and answers the functions that took longest themselves as a table. */
  async stop(name: string, operations: number): Promise<string> {
    const { profile } = await this.#session.post('Profiler.stop');
    this.#session.disconnect();
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, `${name.replaceAll(/[^\w.-]+/g, '-')}.cpuprofile`), JSON.stringify(profile));
    return table(name, selfTimes(profile), operations);
  }
}

function table(name: string, times: ReadonlyMap<string, number>, operations: number): string {
  const all = [...times.values()].reduce((sum, time) => sum + time, 0);
  const top = [...times].toSorted(([, a], [, b]) => b - a).slice(0, shown);
  return [
    `#### ${name}: ${(all / operations).toFixed(2)} us of CPU each, ${operations.toLocaleString('en')} times`,
    '',
    '| function | share | us each |',
    '|---|--:|--:|',
    ...top.map(
      ([place, time]) => `| ${place} | ${((100 * time) / all).toFixed(1)} % | ${(time / operations).toFixed(3)} |`,
    ),
    '',
  ].join('\n');
}

/** Microseconds spent in each function itself, what it calls left out. */
function selfTimes({ nodes, samples = [], timeDeltas = [] }: Protocol.Profile): Map<string, number> {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const place = places.get(id) ?? '';
    if (!waits.has(place)) times.set(place, (times.get(place) ?? 0) + (timeDeltas[index] ?? 0));
  });
  return times;
}

function placeOf({ functionName, url, lineNumber }: Protocol.ProfileNode['callFrame']): string {
  if (url === '') return functionName || '(anonymous)';
  const file = url.replace(/^.*\/(?=(?:src|node_modules|bench)\/)/, '');
  return `\`${functionName || '(anonymous)'}\` ${file}:${lineNumber + 1}`;
}
