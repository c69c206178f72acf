import type pg from 'pg';

/** Resolves when every cache has heard of everything that is committed: only then a change leaves the outbox. */
export async function heardByAll(client: pg.Client, schema = 'moneyclip_capture'): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ waiting: number }>(`SELECT count(*)::int AS waiting FROM ${schema}.outbox`);
    if (rows[0]?.waiting === 0) return;
  }
}
