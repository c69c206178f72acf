/** A step from a value to one inside it: a property, an index, or what has no name: the position in a Map or Set. */
export type Step = string | number | { readonly part: 'key' | 'value' | 'item'; readonly position: number };

/** ` at .rows[0].name` for people; empty for the value itself. A key of a Map is told by its position: it may be data. */
export function at(steps: readonly Step[]): string {
  return steps.length === 0 ? '' : ` at ${pathOf(steps)}`;
}

/** The same without the preposition. */
export function pathOf(steps: readonly Step[]): string {
  return steps.map(textOf).join('');
}

function textOf(step: Step): string {
  if (typeof step === 'number') return `[${step}]`;
  if (typeof step === 'object') return `.${step.part}(${step.position})`;
  return /^[a-z_$][\w$]*$/i.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
