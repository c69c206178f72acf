import { UsageError } from '../errors.js';
import { announce } from '../changes/change-log.js';
import { connectionNamed } from '../database/connections.js';
import { tagDependency } from '../invalidation/dependencies.js';

/** Tags as somebody gave them, as a list. Throws UsageError for anything but texts that are not empty. */
export function checkedTags(tags: unknown, where: string): readonly string[] {
  if (tags === undefined || tags === null) return [];
  const list: readonly unknown[] = Array.isArray(tags) ? tags : [tags];
  return list.map((tag) => {
    if (typeof tag === 'string' && tag !== '') return tag;
    throw new UsageError(
      `${where}: a tag must be a text that is not empty, got ${tag === '' ? 'an empty text' : typeof tag}`,
    );
  });
}

/**
 * Makes everything invalid that carries one of these tags, in constant time however much that is; in a transaction, at
 * its commit. A tag that nothing carries is no error.
 */
export async function invalidateTag(
  tags: string | readonly string[],
  { connection = 'default' }: { readonly connection?: string } = {},
): Promise<void> {
  const dependencies = checkedTags(tags, 'invalidateTag()').map(tagDependency);
  await announce(connectionNamed(connection, 'invalidateTag()'), [{ kind: 'dependencies', dependencies }]);
}
