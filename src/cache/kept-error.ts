/** The payload of an error. Codecs write lists, so an object tells it from every value. */
export interface KeptError {
  readonly error: { readonly name: string; readonly message: string; readonly code?: string | number };
}

/** What is kept of an error: its name, its message and its code. */
export function keptError(error: unknown): KeptError {
  if (!(error instanceof Error)) return { error: { name: 'Error', message: String(error) } };
  const code: unknown = Reflect.get(error, 'code');
  const isCode = typeof code === 'string' || typeof code === 'number';
  return { error: { name: error.name, message: error.message, ...(isCode ? { code } : {}) } };
}

/** An error that looks like the one in a payload; undefined where the payload is a value. `instanceof` does not know it. */
export function errorIn(payload: unknown): Error | undefined {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload) || !('error' in payload)) {
    return undefined;
  }
  const { name, message, code } = (payload as KeptError).error; // only `keptError` writes objects
  const error = new Error(message);
  error.name = name;
  return code === undefined ? error : Object.assign(error, { code });
}
