import { computeChannel } from '../telemetry/channels.js';

/** Runs a computed value's function and tells `moneyclip:compute` how long it took. */
export async function tracedRun<T>(label: string, run: () => Promise<T>): Promise<T> {
  if (!computeChannel.hasSubscribers) return run();
  const startedAt = performance.now();
  let failure: Error | undefined;
  try {
    return await run();
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    const event = { label, durationMs: performance.now() - startedAt };
    computeChannel.publish(failure ? { ...event, error: failure } : event);
  }
}
