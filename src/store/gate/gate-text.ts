/** What the text under the key of a gate says. */
export interface GateText {
  /** What every entry depends on that was stored while this gate was open. */
  readonly epoch: string;
  /** The process of Redis that it is good for. */
  readonly runId: string;
  /** Changes with every renewal. */
  readonly beat: string;
}

/** Reads `epoch|run_id|beat|deadline`; undefined for anything else. */
export function parseGate(text: string): GateText | undefined {
  const [epoch, runId, beat, deadline, ...more] = text.split('|');
  if (!epoch || !runId || !beat || !deadline || more.length > 0) return undefined;
  return { epoch, runId, beat };
}
