/** The rules of the protocol that tests can switch off, by their names; all are false in a program. */
type Switches = Record<string, boolean>;

// NOTE: by a name that the compiler does not follow, so that a version of the library without switches can be tortured too
const place = new URL('../../src/support/weakened.js', import.meta.url).href;

async function switches(): Promise<Switches> {
  const module: unknown = await import(place).catch(() => {
    throw new Error('this version of the library has no rules that can be switched off');
  });
  return (module as { weakened: Switches }).weakened; // what the module is for
}

/** The names of all rules that can be switched off. */
export async function mutantNames(): Promise<readonly string[]> {
  return Object.keys(await switches());
}

/** Switches a rule off in this process. */
export async function applyMutant(name: string | undefined): Promise<void> {
  if (name === undefined) return;
  const all = await switches();
  if (!(name in all)) {
    throw new Error(`there is no rule '${name}' to switch off; there are ${Object.keys(all).join(', ')}`);
  }
  all[name] = true;
}
