import { UsageError } from '../errors.js';
import type { ModelClassLike } from '../schema/declaration.js';
import { schemaOf } from '../schema/schema-of.js';

const checked = new WeakSet<ModelClassLike>();

/**
 * Finds class fields that would take a column's place: `title: string;` makes a property of its own, set to undefined
 * after the row's values were. Checked once per class, on an instance that `construct` makes. Throws UsageError.
 */
export function rejectHiddenColumns(model: ModelClassLike, construct: () => object): void {
  if (checked.has(model)) return;
  const { byProperty, byRelation, links, lists, label } = schemaOf(model);
  const hidden = Object.keys(construct()).filter(
    (name) => byProperty.has(name) || byRelation.has(name) || links.has(name) || lists.has(name),
  );
  const [first] = hidden;
  if (first !== undefined) {
    throw new UsageError(
      `${label}.${first} is a class field that hides the column of this name. Write 'declare ${first}: …', ` +
        `and a default as @Column({ default: … }). The same for: ${hidden.join(', ')}.`,
    );
  }
  checked.add(model);
}
