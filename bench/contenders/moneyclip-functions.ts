import { cached } from '../../src/index.js';
import { cachedHandler } from '../../src/http/index.js';
import type { Session } from '../contender.js';
import { digestIds, digestText, nearbyIds } from '../dataset.js';
import { bodyOf } from '../page.js';
import { Document } from './model.js';
import { pageAfter } from './moneyclip-lists.js';

/** Cached functions of rows, which are read through the cache, and a page. */
export function functionsOfModels(): Required<
  Pick<Session, 'label' | 'labels' | 'nested' | 'digest' | 'runs' | 'page'>
> {
  let runs = 0;
  const label = cached('bench-label', async (id: number) => {
    runs += 1;
    const document = await Document.cache.get(id);
    return `${document.title} by ${(await document.author).username}`;
  });
  const nested = cached('bench-nested', async (id: number) =>
    (await Promise.all(nearbyIds(id).map(label.get))).join('; '),
  );
  const digest = cached('bench-digest', async (number: number) =>
    digestText(await Promise.all(digestIds(number).map((id) => Document.cache.get(id)))),
  );
  const page = cachedHandler('bench-page', async (request: Request) => {
    const after = Number(new URL(request.url).searchParams.get('after'));
    const body = bodyOf(await pageAfter(after).all());
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  });
  return {
    label,
    labels: (ids) => label.getMany(ids.map((id) => [id])),
    nested,
    digest,
    runs: () => runs,
    page,
  };
}
