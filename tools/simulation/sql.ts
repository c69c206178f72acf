/** The columns of the one table, in the order in which rows are kept. */
export const columns = ['id', 'part', 'value'] as const;
export type ColumnName = (typeof columns)[number];
export type StoredRow = readonly [id: number, part: number, value: number];

/** `column = $n` or `column = ANY($n)`: the column is one of the parameter's values. */
export interface Condition {
  readonly column: ColumnName;
  readonly parameter: number;
}

export interface Assignment {
  readonly column: ColumnName;
  readonly parameter: number;
}

/** What a statement asks for. */
export type Command =
  | { readonly kind: 'begin' | 'commit' | 'rollback' }
  | { readonly kind: 'select'; readonly where: readonly Condition[]; readonly locks: boolean }
  | { readonly kind: 'count'; readonly where: readonly Condition[] }
  | { readonly kind: 'insert'; readonly values: readonly Assignment[] }
  | {
      readonly kind: 'update' | 'delete';
      readonly where: readonly Condition[];
      readonly values: readonly Assignment[];
      /** Whether the rows come back as they were too, after the count of all. */
      readonly answersOld: boolean;
    };

const parsed = new Map<string, Command>();

/** Reads the SQL that the library writes for the simulation's model. Throws for any other: the simulation must not guess. */
export function parse(text: string): Command {
  const known = parsed.get(text);
  if (known) return known;
  const command = parsePlain(text.replaceAll('"', '').replaceAll('cells.', ''));
  if (!command) throw new Error(`the simulated database does not know this statement: ${text}`);
  parsed.set(text, command);
  return command;
}

function parsePlain(text: string): Command | undefined {
  if (text.startsWith('BEGIN')) return { kind: 'begin' };
  if (text === 'COMMIT') return { kind: 'commit' };
  if (text === 'ROLLBACK') return { kind: 'rollback' };
  return parseRead(text) ?? parseInsert(text) ?? parseBulk(text) ?? parseUpdate(text) ?? parseDelete(text);
}

function parseRead(text: string): Command | undefined {
  const count = /^SELECT COUNT\(\*\) FROM cells WHERE (.*)$/.exec(text);
  if (count?.[1] !== undefined) return { kind: 'count', where: conditionsIn(count[1]) };
  const select = /^SELECT id, part, value FROM cells WHERE (.*?)(?: LIMIT \$\d+)?( FOR UPDATE)?$/.exec(text);
  if (select?.[1] === undefined) return undefined;
  return { kind: 'select', where: conditionsIn(select[1]), locks: select[2] !== undefined };
}

function parseInsert(text: string): Command | undefined {
  const match = /^INSERT INTO cells \(([^)]*)\) VALUES \(([^)]*)\) RETURNING id, part, value$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const parameters = match[2].split(', ');
  const values = match[1].split(', ').map((column, index) => toAssignment(`${column} = ${parameters[index]}`));
  return { kind: 'insert', values };
}

function parseUpdate(text: string): Command | undefined {
  const match = /^UPDATE cells SET (.*) WHERE (.*) RETURNING id, part, value$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const values = match[1].split(', ').map(toAssignment);
  return { kind: 'update', where: conditionsIn(match[2]), values, answersOld: false };
}

function parseDelete(text: string): Command | undefined {
  const match = /^DELETE FROM cells WHERE (.*) RETURNING id, part, value$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  return { kind: 'delete', where: conditionsIn(match[1]), values: [], answersOld: false };
}

/** A write of many rows, which locks them and answers them as they were and are. */
function parseBulk(text: string): Command | undefined {
  const where = /^WITH moneyclip_old .*? FROM cells WHERE (.*?) FOR UPDATE\), moneyclip_new /.exec(text)?.[1];
  if (where === undefined) return undefined;
  const values = /AS \(UPDATE cells SET (.*?) FROM moneyclip_old /.exec(text)?.[1];
  if (values === undefined) return { kind: 'delete', where: conditionsIn(where), values: [], answersOld: true };
  return { kind: 'update', where: conditionsIn(where), values: values.split(', ').map(toAssignment), answersOld: true };
}

function conditionsIn(text: string): Condition[] {
  return text.split(' AND ').map(toAssignment);
}

/** `column = $n`, as a condition or an assignment. */
function toAssignment(text: string): Assignment {
  const [, column, parameter] = /^(\w+) = (?:ANY\()?\$(\d+)\)?$/.exec(text) ?? [];
  const name = columns.find((each) => each === column);
  if (name === undefined || parameter === undefined) throw new Error(`the simulated database does not know: ${text}`);
  return { column: name, parameter: Number(parameter) - 1 };
}
