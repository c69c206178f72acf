import { connect, transaction, type ConnectOptions } from '../../../src/index.js';
import { Cell } from '../../../tools/torture/workload/models.js';
import type { Peer, PeerWorld } from './peer.js';

/** The library of this repository at the same work, at the level that the variant names. */
export async function open({ database, redis: cache }: PeerWorld, level: string): Promise<Peer> {
  const guarantee = level === 'plain' ? {} : ({ guarantee: level } as Partial<ConnectOptions>); // a name of a level
  const db = await connect({ database, cache, prefix: 'torture:', queryTimeout: '10s', ...guarantee });
  return {
    row: (id) => Cell.cache.find(id),
    list: (bucket) => Cell.objects.filter({ bucket }).orderBy('id').cache().all(),
    count: (bucket) => Cell.objects.filter({ bucket }).cache().count(),
    change: (changes, beforeCommit) =>
      transaction(async () => {
        const ids = changes.map(({ id }) => id);
        await Cell.objects.filter({ id__in: ids }).orderBy('id').forUpdate().all();
        for (const { id, wid, bucket } of changes) await Cell.objects.filter({ id }).update({ wid, bucket });
        beforeCommit();
      }),
    clear: () => db.invalidateAll(),
    close: () => db.close(),
  };
}
