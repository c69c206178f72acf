const opening = '([{';
const closing = ')]}';
const quotes = `'"\``;

/** What a function's text says of its arguments. */
export interface Parameters {
  readonly names: readonly string[];
  /** True where it takes them as the properties of an only argument. */
  readonly inObject: boolean;
}

/**
 * The names of a function's arguments, by its own text: of its parameters, or of what an only parameter takes apart.
 * Undefined where the text does not tell. Whoever relies on them must be safe if they are not the names that people
 * wrote, as after a build that shortens names.
 */
export function parametersOf(run: (...args: never[]) => unknown): Parameters | undefined {
  const text = Function.prototype.toString.call(run).replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, '');
  const only = /^(?:async\s+)?([\w$]+)\s*=>/.exec(text)?.[1];
  if (only !== undefined) return { names: [only], inObject: false };
  const start = text.indexOf('(');
  const parts = start < 0 ? undefined : splitList(text, start);
  const [first] = parts ?? [];
  const inObject = parts?.length === 1 && first?.startsWith('{') === true;
  const names = namesIn(inObject ? splitList(first ?? '', 0) : parts, inObject);
  return names && { names, inObject };
}

function namesIn(parts: readonly string[] | undefined, inObject: boolean): readonly string[] | undefined {
  if (!parts) return undefined;
  const named = parts.filter((part) => !part.startsWith('...'));
  const names = named.map((part) => /^[\w$]+/.exec(part)?.[0]);
  if (!inObject && named.some((part) => !/^[\w$]+\s*(?:=|$)/.test(part))) return undefined;
  return names.every((name) => name !== undefined) ? names : undefined;
}

/** The parts of a list in brackets that opens at `start`, without those of lists inside; undefined where it never closes. */
function splitList(text: string, start: number): string[] | undefined {
  const parts: string[] = [];
  let part = '';
  let depth = 1;
  let quote: string | undefined;
  for (const letter of text.slice(start + 1)) {
    if (quote !== undefined) quote = letter === quote ? undefined : quote;
    else if (quotes.includes(letter)) quote = letter;
    else if (opening.includes(letter)) depth += 1;
    else if (closing.includes(letter)) depth -= 1;
    if (depth === 0) return [...parts, part].map((one) => one.trim()).filter((one) => one !== '');
    if (depth === 1 && letter === ',' && quote === undefined) {
      parts.push(part);
      part = '';
    } else part += letter;
  }
  return undefined;
}
