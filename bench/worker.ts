import type { ContenderSpec } from './catalogue.js';
import { checkAnswers } from './check-answers.js';
import type { OpenContender, Session, Work, World } from './contender.js';
import { fill } from './fill.js';
import { measureMemory } from './measure-memory.js';
import { Profiler } from './profiler.js';
import { runRound, type Plan, type Round } from './workloads.js';

/** What the benchmark asks of the process of one contender. */
export type Order =
  | { readonly kind: 'open'; readonly spec: ContenderSpec; readonly world: World; readonly profile: string | undefined }
  | { readonly kind: 'warm'; readonly work: Work }
  | { readonly kind: 'run'; readonly plan: Plan }
  | { readonly kind: 'close' };

/** The answer to an order: what it gave, or why it failed. */
export type Answer = { readonly result: Round | undefined } | { readonly error: string };

interface Opened {
  readonly spec: ContenderSpec;
  readonly world: World;
  readonly session: Session;
  readonly profiler: Profiler | undefined;
}

/** Work whose rounds empty the cache first. */
const startsCold: ReadonlySet<Work> = new Set(['miss', 'mixed', 'stampede', 'labelStampede']);

const isWarmFor = new Set<Work>();
let opened: Opened | undefined;
let operations = 0;

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

process.on('disconnect', () => process.exit()); // whoever measures ended

function reply(answer: Answer): void {
  process.send?.(answer);
}

async function obey(order: Order): Promise<Round | undefined> {
  if (order.kind === 'open') {
    opened = await open(order.spec, order.world, order.profile);
    return undefined;
  }
  if (!opened) throw new Error('nothing is open yet');
  if (order.kind === 'warm') return warm(opened, order.work);
  if (order.kind === 'close') return close(opened);
  operations += order.plan.count;
  if (startsCold.has(order.plan.work) || order.plan.work === 'save') isWarmFor.clear();
  return runRound(opened.session, order.plan);
}

async function open(spec: ContenderSpec, world: World, folder: string | undefined): Promise<Opened> {
  const module = (await import(`./${spec.module}.js`)) as { open: OpenContender }; // what the catalogue promises
  const session = await module.open(world, spec.variant);
  return { spec, world, session, profiler: folder === undefined ? undefined : new Profiler(folder) };
}

/** Fills the cache and checks that what is answered is right; a profile begins after that. */
async function warm(ready: Opened, work: Work): Promise<Round | undefined> {
  const { session, profiler } = ready;
  if (work === 'memory') return measureMemory(session);
  if (!isWarmFor.has(work) && !startsCold.has(work)) await fill(session, work);
  isWarmFor.add(work);
  await checkAnswers(ready, work);
  await profiler?.start();
  return undefined;
}

async function close({ spec, session, profiler }: Opened): Promise<undefined> {
  if (profiler) console.log(await profiler.stop(spec.name, operations));
  await session.close();
  setImmediate(() => process.exit()); // after the answer, and whatever a library left open
}
