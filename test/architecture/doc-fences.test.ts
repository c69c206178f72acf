import { expect } from 'chai';
import { exampleFences, markdownFences } from '../../tools/doc-fences.js';

const document = (...lines: string[]): string => lines.join('\n');

describe('the fences of a document', () => {
  it('are those of TypeScript, with the lines they have there', () => {
    const text = document(
      '# A',
      '```sh',
      'npm ci',
      '```',
      '',
      '```ts',
      'const a = 1;',
      '```',
      '```typescript',
      'b();',
      '```',
    );
    expect(markdownFences(text)).to.deep.equal({
      fences: [
        { line: 7, code: '\n\n\n\n\n\nconst a = 1;' },
        { line: 10, code: '\n\n\n\n\n\n\n\n\nb();' },
      ],
      problems: [],
    });
  });

  it('go on where the one before ended if they say so', () => {
    const text = document('```ts', 'const a = 1;', '```', 'then', '```ts continue', 'a.toFixed();', '```');
    expect(markdownFences(text).fences).to.deep.equal([{ line: 2, code: '\nconst a = 1;\n\n\n\na.toFixed();' }]);
  });

  it('are left out for a reason only', () => {
    expect(markdownFences(document('```ts no-check: pseudo code', 'a b', '```'))).to.deep.equal({
      fences: [],
      problems: [],
    });
    const { problems } = markdownFences(document('```ts no-check', 'a b', '```'));
    expect(problems).to.deep.equal(['line 1: say why, as in ```ts no-check: the peer is not installed here']);
  });

  it('that cannot be understood are problems', () => {
    expect(markdownFences(document('```ts twoslash', '```')).problems[0]).to.match(
      /^line 1: expected .* got ```ts twoslash$/,
    );
    expect(markdownFences(document('', '```ts', 'a')).problems).to.deep.equal(['line 2: this fence is never closed']);
    expect(markdownFences(document('```ts continue', '```')).problems).to.deep.equal([
      'line 1: there is no fence before this one to continue',
    ]);
  });
});

describe('the fences of doc comments', () => {
  it('are those under @example, without the stars', () => {
    const source = document(
      '/** Not an example: ```ts``` */',
      'class A {',
      '  /**',
      '   * Says.',
      '   * ```ts',
      '   * not.checked',
      '   * ```',
      '   * @example',
      '   * ```ts',
      '   * a();',
      '   * ```',
      '   */',
      '  b() {}',
      '}',
    );
    expect(exampleFences(source)).to.deep.equal({
      fences: [{ line: 10, code: `${'\n'.repeat(9)}a();` }],
      problems: [],
    });
  });
});
