import type { Lookup, TextLookup } from '../../schema/condition.js';

/** Every lookup, in the order in which messages name them. */
export const lookups: readonly Lookup[] = [
  'exact',
  'iexact',
  'contains',
  'icontains',
  'startswith',
  'istartswith',
  'endswith',
  'iendswith',
  'in',
  'gt',
  'gte',
  'lt',
  'lte',
  'range',
  'isnull',
  'regex',
];

const ofText: ReadonlySet<string> = new Set([
  'iexact',
  'contains',
  'icontains',
  'startswith',
  'istartswith',
  'endswith',
  'iendswith',
  'regex',
] satisfies TextLookup[]);

export function isLookup(name: string | undefined): name is Lookup {
  return lookups.some((lookup) => lookup === name);
}

export function isTextLookup(lookup: Lookup): lookup is TextLookup {
  return ofText.has(lookup);
}

/** True where letters are compared as small ones. */
export function ignoresCase(lookup: TextLookup): boolean {
  return lookup.startsWith('i');
}
