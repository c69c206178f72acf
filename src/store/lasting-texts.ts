const made = Symbol('made');

/** Texts that a store answers again, as this very list, as long as nothing under their keys changes. */
interface LastingTexts extends ReadonlyArray<string | undefined> {
  /** What a reader made of them. */
  [made]?: unknown;
}

export function lastingTexts(texts: readonly (string | undefined)[]): readonly (string | undefined)[] {
  return Object.assign([...texts], { [made]: undefined });
}

export function areLasting(texts: readonly (string | undefined)[]): boolean {
  return made in texts;
}

/** What was remembered of these very texts. */
export function madeOf(texts: LastingTexts): unknown {
  return texts[made];
}

/** Remembers what was made of lasting texts. It goes when they do. */
export function rememberMade(texts: LastingTexts, thing: unknown): void {
  texts[made] = thing;
}
