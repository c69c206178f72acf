import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { QueryEvent } from '../../src/telemetry/channels.js';

/** The SQL texts that the library sends while `work` runs, in order. */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const texts: string[] = [];
  const note = (event: unknown): void => {
    texts.push((event as QueryEvent).text); // what this channel carries
  };
  subscribe('moneyclip:query', note);
  try {
    await work();
  } finally {
    unsubscribe('moneyclip:query', note);
  }
  return texts;
}

/** The columns that an UPDATE sets. */
export function columnsSetBy(text: string | undefined): string[] {
  const list = /^UPDATE "\w+" SET (.*) WHERE /.exec(text ?? '')?.[1] ?? '';
  return [...list.matchAll(/"(\w+)" = /g)].map((match) => match[1] ?? '');
}
