import type { ContenderSpec } from './catalogue.js';
import { checkAnswers } from './check-answers.js';
import type { DocumentLike, OpenContender, Session, Work, World } from './contender.js';
import { zipfIds } from './dataset.js';
import { Profiler } from './profiler.js';

/** What the benchmark asks of the process of one contender. */
export type Order =
  | { readonly kind: 'open'; readonly spec: ContenderSpec; readonly world: World; readonly profile: string | undefined }
  | { readonly kind: 'run'; readonly work: Work; readonly lanes: number; readonly count: number }
  | { readonly kind: 'close' };

/** What one round took. */
export interface Round {
  readonly count: number;
  readonly elapsedMs: number;
  /** CPU time of this process, user and system. */
  readonly cpuMs: number;
}

/** The answer to an order: what it gave, or why it failed. */
export type Answer = { readonly result: Round | undefined } | { readonly error: string };

const ids = zipfIds(65_536, 1);
let position = 0;
let session: Session | undefined;
let profiler: { readonly profiler: Profiler; readonly name: string } | undefined;
/** What was read, so that no read can be left out as unused. */
let touched = 0;

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

function reply(answer: Answer): void {
  process.send?.(answer);
}

async function obey(order: Order): Promise<Round | undefined> {
  if (order.kind === 'open') {
    session = await openSession(order.spec, order.world);
    if (order.profile !== undefined) {
      profiler = { profiler: new Profiler(order.profile), name: order.spec.name };
      await profiler.profiler.start();
    }
    return undefined;
  }
  if (!session) throw new Error('nothing is open yet');
  if (order.kind === 'run') return run(session, order.lanes, order.count);
  if (profiler) console.log(await profiler.profiler.stop(profiler.name, position));
  await session.close();
  setImmediate(() => process.exit()); // after the answer, and whatever a library left open
  return undefined;
}

async function openSession(spec: ContenderSpec, world: World): Promise<Session> {
  const { open } = (await import(`./${spec.module}.js`)) as { open: OpenContender }; // what the catalogue promises
  const opened = await open(world, spec.variant);
  await opened.warm();
  await checkAnswers(opened, spec);
  return opened;
}

async function run(opened: Session, lanes: number, count: number): Promise<Round> {
  const end = position + count;
  const lane = async (): Promise<void> => {
    while (position < end) touch(await opened.read(ids[position++ & 65_535]!));
  };
  const cpu = process.cpuUsage();
  const start = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { count, elapsedMs, cpuMs: (user + system) / 1000 };
}

function touch(document: DocumentLike): void {
  touched += document.id + document.title.length + (document.createdAt === undefined ? 1 : 0);
}
