import { anyTagDependency, tagDependency } from '../invalidation/dependencies.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';
import type { RowFollower } from './row-followers.js';
import { checkedTags } from './tags.js';

/** Follows the rows of a model that says which tags a write to one of them invalidates: `static tags = (row) => […]`. */
export function followerOfTags(model: ModelClassLike): RowFollower[] {
  const tagsOf: unknown = Reflect.get(model, 'tags');
  if (typeof tagsOf !== 'function') return [];
  const where = `${schemaOf(model).label}.tags`;
  return [
    {
      watched: model,
      where,
      follow: async (row) => {
        const tags = await (tagsOf.call(model, row) as unknown);
        return checkedTags(tags, where).map((tag) => ({ dependency: tagDependency(tag) }));
      },
      everything: () => [anyTagDependency()],
    },
  ];
}
