import { weaken, type Weakening } from '../mutants.js';
import { Application, type ApplicationSettings, type Work } from './application.js';

/** What the process of an application is asked. */
export type Order =
  | { readonly kind: 'open'; readonly settings: ApplicationSettings; readonly weakening: Weakening }
  | { readonly kind: 'start' | 'stop' | 'heal' | 'readEverything' | 'close' };

export type Answer = { readonly result: Work | undefined } | { readonly error: string };

let application: Application | undefined;

process.on('message', (order: Order) => {
  obey(order).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});

process.on('disconnect', () => process.exit()); // whoever started it ended
process.on('SIGINT', () => undefined); // of a terminal: whoever started it ends it in good order

function reply(answer: Answer): void {
  process.send?.(answer);
}

async function obey(order: Order): Promise<Work | undefined> {
  if (order.kind === 'open') {
    await weaken(order.weakening);
    application = await Application.open(order.settings);
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
