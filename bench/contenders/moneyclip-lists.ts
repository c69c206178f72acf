import { planRead } from '../../src/query/compile/plan.js';
import { asSubquery } from '../../src/query/conditions/subquery.js';
import type { Compiled, Question, Session } from '../contender.js';
import { pageLength } from '../dataset.js';
import { Document } from './model.js';

type Page = ReturnType<typeof pageAfter>;

/** Query sets: `through` says how the authors of a list are loaded along. */
export function listsOfModels(
  through: string | undefined,
): Required<Pick<Session, 'list' | 'listAuthors' | 'count' | 'all' | 'compile'>> {
  const along = (page: Page): Page => {
    if (through === 'foreign keys') return page;
    return through === 'prefetch' ? page.prefetch('author') : page.related('author');
  };
  return {
    list: (after) => pageAfter(after).cache().all(),
    listAuthors: async (after) => {
      const documents = await along(pageAfter(after)).cache().all();
      return Promise.all(documents.map(async (document) => (await document.author).username));
    },
    count: (authorId) => Document.objects.filter({ authorId }).cache().count(),
    all: () => Document.objects.orderBy('id').all(),
    compile,
  };
}

export function pageAfter(after: number) {
  return Document.objects.filter({ id__gt: after }).orderBy('id').limit(pageLength);
}

/** As every verb of a query set does it, up to the driver. */
function compile({ authorId, statuses, rating }: Question): Compiled {
  const query = Document.objects
    .filter({ authorId, status__in: statuses, rating__gte: rating })
    .orderBy('-createdAt', 'id')
    .limit(10);
  return planRead(query[asSubquery]().query, { kind: 'rows', more: [] }, 'postgres').statement;
}
