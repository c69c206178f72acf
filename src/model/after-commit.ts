import type { DatabaseConnection } from '../database/database-connection.js';
import { hooksOf, runHooks } from './hooks.js';
import { listenersOf, type Signal } from './signals.js';

/**
 * Runs the AfterCommit hooks and the listeners of a write once it is committed; never for what was rolled back. What
 * they throw cannot undo the write: it becomes a process warning. A promise only where somebody has to be waited for.
 */
export function runAfterCommit(
  connection: DatabaseConnection,
  instance: object,
  { signal, created }: { signal: Signal; created: boolean },
): Promise<void> | undefined {
  if (hooksOf(instance, 'afterCommit').length === 0 && listenersOf(instance, signal).length === 0) return undefined;
  const run = async (): Promise<void> => {
    await guarded(() => runHooks(instance, 'afterCommit'));
    for (const listener of listenersOf(instance, signal)) await guarded(() => listener({ instance, created }));
  };
  const transaction = connection.currentTransaction();
  if (!transaction) return run();
  transaction.onSettled((outcome) => (outcome === 'committed' ? run() : undefined));
  return undefined;
}

async function guarded(task: () => unknown): Promise<void> {
  try {
    await task();
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : String(error));
  }
}
