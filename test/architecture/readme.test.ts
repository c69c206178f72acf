import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './source-files.js';

function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, block]) => (block ?? '').trim());
}

describe('the README', () => {
  const blocks = shellBlocks(readFileSync(join(root, 'README.md'), 'utf8'));

  it('begins with a command that installs and runs the example, and one that installs and passes the tests', () => {
    expect(blocks.slice(0, 2)).to.deep.equal(['npm ci && npm run example', 'npm install && npm test']);
  });

  it('has both run by CI, as they stand', () => {
    const ci = readFileSync(join(root, '.ci/run'), 'utf8');
    expect(ci)
      .to.match(/readme_block 1/)
      .and.to.match(/readme_block 2/);
  });
});
