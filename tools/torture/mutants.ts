/** The environment variable by which a process of the application learns which rule it is to break. */
export interface Mutant {
  readonly name: string;
  /** Which rule of the protocol it breaks. */
  readonly breaks: string;
  readonly apply: () => Promise<void>;
}

export const mutants: readonly Mutant[] = [];

export async function applyMutant(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const mutant = mutants.find((one) => one.name === name);
  if (!mutant) throw new Error(`there is no mutant '${name}'`);
  await mutant.apply();
}
