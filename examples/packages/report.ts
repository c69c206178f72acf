import type { Effect } from './effects.js';
import type { Measurement } from './meter.js';

const headings = ['phase', 'reads', 'from cache', 'from database', 'SQL statements', 'Redis commands', 'ms'];

/** The measurements as a table, and how to read it. */
export function measurementTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => [
    one.phase,
    String(one.reads),
    String(one.fromCache),
    String(one.fromDatabase),
    String(one.statements),
    one.commands === undefined ? '-' : String(one.commands),
    one.ms.toFixed(one.ms < 10 ? 1 : 0),
  ]);
  return `${table([headings, ...rows])}

reads: rows and computed values that were asked for, also by computed values while they are computed
SQL statements: all of them, with those that begin and end transactions`;
}

/** One line for each change: what was computed again, and how much was not. */
export function effectList(effects: readonly Effect[]): string {
  const width = Math.max(0, ...effects.map(({ change }) => change.length));
  const lines = effects.map(({ change, outdated, values }) => {
    const count = [...outdated.values()].reduce((sum, one) => sum + one, 0);
    const names = [...outdated].map(([name, one]) => `${name} ${one}`).join(', ');
    return `  ${change.padEnd(width)} -> ${names || 'nothing'} / ${values - count} of ${values} values`;
  });
  return ['changed -> computed again / untouched', ...lines].join('\n');
}

function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [line(head), widths.map((width) => '-'.repeat(width)).join('  '), ...rows.map(line)].join('\n');
}
