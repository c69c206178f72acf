/** A piece of TypeScript in a document or a doc comment. */
export interface Fence {
  /** The line of the document where the code begins, from 1. */
  readonly line: number;
  /** Lines before the code are blank, so that the compiler's line numbers are those of the document. */
  readonly code: string;
}

/** The fences of a document that are to be compiled, and what is wrong with those that are not. */
export interface Fences {
  readonly fences: readonly Fence[];
  readonly problems: readonly string[];
}

const OPENING = /^```(?:ts|typescript)(?: +(.*))?$/;

/**
 * The TypeScript fences of a Markdown text. Each stands alone, but one marked `ts continue` goes on where the fence
 * before it ended. `ts no-check: <reason>` is left out, and says why.
 */
export function markdownFences(markdown: string): Fences {
  const fences: Fence[] = [];
  const problems: string[] = [];
  const lines = markdown.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const opening = OPENING.exec(lines[index]?.trim() ?? '');
    if (!opening) continue;
    const end = lines.findIndex((text, at) => at > index && text.trim() === '```');
    const mark = (opening[1] ?? '').trim();
    const problem = problemOf(mark, end, fences.length);
    if (problem) problems.push(`line ${index + 1}: ${problem}`);
    const before = mark === 'continue' ? fences.at(-1) : undefined;
    if (!problem && !mark.startsWith('no-check')) fences.push(fenceAt(lines, index + 1, end, before));
    if (end < 0) break;
    index = end;
  }
  return { fences: withoutContinued(fences), problems };
}

/** The fences inside `@example` of the doc comments of a TypeScript text. */
export function exampleFences(source: string): Fences {
  const markdown = source.split('\n').map(() => '');
  for (const comment of source.matchAll(/^[ \t]*\/\*\*[^]*?\*\//gm)) {
    const first = source.slice(0, comment.index).split('\n').length - 1;
    const start = comment[0].indexOf('@example');
    if (start < 0) continue;
    const skipped = comment[0].slice(0, start).split('\n').length;
    comment[0].split('\n').forEach((text, offset) => {
      if (offset >= skipped) markdown[first + offset] = text.replace(/^[ \t]*\*\/?[ \t]?/, '');
    });
  }
  return markdownFences(markdown.join('\n'));
}

function problemOf(mark: string, end: number, fencesBefore: number): string | undefined {
  if (end < 0) return 'this fence is never closed';
  if (mark === '' || /^no-check: \S/.test(mark)) return undefined;
  if (mark === 'continue') return fencesBefore === 0 ? 'there is no fence before this one to continue' : undefined;
  if (mark.startsWith('no-check')) return 'say why, as in ```ts no-check: the peer is not installed here';
  return `expected \`\`\`ts, \`\`\`ts continue or \`\`\`ts no-check: <reason>, got \`\`\`ts ${mark}`;
}

function fenceAt(lines: readonly string[], start: number, end: number, before?: Fence): Fence {
  const padded = before ? before.code.split('\n') : [];
  while (padded.length < start) padded.push('');
  return { line: before?.line ?? start + 1, code: [...padded, ...lines.slice(start, end)].join('\n') };
}

/** A continued fence holds the one before it, which need not be compiled twice. */
function withoutContinued(fences: readonly Fence[]): Fence[] {
  return fences.filter((fence, index) => fences[index + 1]?.line !== fence.line);
}
