/** One of the facts that INFO lists. */
export function factIn(facts: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.+?)\\r?$`, 'm').exec(facts)?.[1];
}
