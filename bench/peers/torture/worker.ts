import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../../../test/support/random.js';
import { finalOp } from '../../../tools/torture/history/records.js';
import { Actor, type Shown } from '../../../tools/torture/workload/actor.js';
import type { ApplicationSettings, Work } from '../../../tools/torture/workload/application.js';
import { Recorder } from '../../../tools/torture/workload/recorder.js';
import { buckets, keyOf, permanentCells, setOf } from '../../../tools/torture/workload/rows.js';
import type { Answer, Order } from '../../../tools/torture/workload/worker.js';
import type { Peer, PeerWorld } from './peer.js';

/** The same work as that of the library's own processes, as far as all peers can do it: rows, lists, counts, transactions. */
class PeerApplication {
  readonly #peer: Peer;
  readonly #actor: Actor;
  readonly #recorder: Recorder;
  readonly #settings: ApplicationSettings;
  readonly #counts = { reads: 0, failedReads: 0, writes: 0, failedWrites: 0 };
  readonly #reasons = new Set<string>();
  #loops: Promise<unknown> = Promise.resolve();
  #isOver = false;

  constructor(peer: Peer, actor: Actor, recorder: Recorder, settings: ApplicationSettings) {
    this.#peer = peer;
    this.#actor = actor;
    this.#recorder = recorder;
    this.#settings = settings;
  }

  start(): void {
    const { readers, writers, pauseMs } = this.#settings;
    const loop = async (name: 'Reads' | 'Writes', run: () => Promise<void>, longestMs: number): Promise<void> => {
      while (!this.#isOver) {
        this.#counts[name === 'Reads' ? 'reads' : 'writes'] += 1;
        await run().catch((error: unknown) => this.#noteFailure(name, error));
        await this.#actor.pause(longestMs);
      }
    };
    this.#loops = Promise.all([
      ...Array.from({ length: readers }, () => loop('Reads', () => this.#read(), pauseMs)),
      ...Array.from({ length: writers }, () => loop('Writes', () => this.#write(), pauseMs * 10)),
    ]);
  }

  async stop(): Promise<Work> {
    this.#isOver = true;
    await this.#loops;
    return { ...this.#counts, reasons: [...this.#reasons] };
  }

  heal(): Promise<unknown> {
    return this.#peer.clear().catch(() => undefined);
  }

  async readEverything(): Promise<void> {
    const looks = [
      ...permanentCells.map((id) => () => this.#row(id)),
      ...buckets.flatMap((bucket) => [() => this.#list(bucket), () => this.#count(bucket)]),
    ];
    for (let time = 1; time <= 2; time += 1) for (const look of looks) await this.#actor.observe(finalOp, look);
  }

  async close(): Promise<void> {
    this.#recorder.close();
    await this.#peer.close();
  }

  async #read(): Promise<void> {
    const { random } = this.#actor;
    const chosen = random.below(14);
    if (chosen < 8) await this.#actor.observe('row', () => this.#row(random.oneOf(permanentCells)));
    else if (chosen < 12) await this.#actor.observe('list', () => this.#list(random.oneOf(buckets)));
    else await this.#actor.observe('count', () => this.#count(random.oneOf(buckets)));
  }

  async #row(id: number): Promise<Shown> {
    const row = await this.#peer.row(id);
    return { seen: [['row', keyOf.cell(id), row?.v ?? -1, row?.wid ?? 0]], holds: 'at once' };
  }

  async #list(bucket: number): Promise<Shown> {
    const rows = await this.#peer.list(bucket);
    return {
      seen: [['set', setOf.bucket(bucket), rows.map(({ id, v, wid }) => [id, v, wid] as const)]],
      holds: 'at once',
    };
  }

  async #count(bucket: number): Promise<Shown> {
    return { seen: [['count', setOf.bucket(bucket), await this.#peer.count(bucket)]], holds: 'at once' };
  }

  /** One row, or a few; a quarter of these is rolled back. */
  async #write(): Promise<void> {
    const { random } = this.#actor;
    const wid = this.#actor.nextWrite();
    const isMany = this.#actor.chance(0.2);
    const ids = isMany ? permanentCells.filter(() => this.#actor.chance(0.25)) : [random.oneOf(permanentCells)];
    const changes = ids.map((id) => ({ id, wid, bucket: random.oneOf(buckets) }));
    const fails = isMany && this.#actor.chance(0.25);
    const write = this.#actor.write('change', [wid], (sent) =>
      this.#peer.change(changes, () => {
        if (fails) throw new Error('meant to fail');
        sent();
      }),
    );
    await write.catch((error: unknown) => {
      if (!fails) throw error;
    });
  }

  #noteFailure(name: 'Reads' | 'Writes', error: unknown): Promise<void> {
    this.#counts[`failed${name}`] += 1;
    if (this.#reasons.size < 20) this.#reasons.add(String(error).slice(0, 200));
    return wait(25);
  }
}

let application: PeerApplication | undefined;

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => process.send?.({ result } satisfies Answer),
    (error: unknown) =>
      process.send?.({ error: String(error instanceof Error ? error.stack : error) } satisfies Answer),
  );
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined);
process.on('uncaughtException', () => undefined); // what a library throws into the void when a server goes away

async function obey(order: Order): Promise<Work | undefined> {
  if (order.kind === 'open') {
    application = await open(order.settings);
    return undefined;
  }
  if (!application) throw new Error('nothing is open yet');
  if (order.kind === 'start') application.start();
  if (order.kind === 'stop') return application.stop();
  if (order.kind === 'heal') await application.heal();
  if (order.kind === 'readEverything') await application.readEverything();
  if (order.kind === 'close') await application.close();
  return undefined;
}

async function open(settings: ApplicationSettings): Promise<PeerApplication> {
  const { database, redis, peer = '' } = settings;
  const [name = '', variant = ''] = peer.split('+');
  const recorder = new Recorder(settings.history);
  const actor = new Actor(new Random(settings.seed), recorder, {
    firstWrite: settings.firstWrite,
    isHitUnlessTold: true,
  });
  const module = (await import(`./${name}.ts`)) as { open(world: PeerWorld, variant: string): Promise<Peer> };
  const opened = await module.open({ database, redis, queried: () => actor.queried() }, variant);
  return new PeerApplication(opened, actor, recorder, settings);
}
