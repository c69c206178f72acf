import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { help, parseOptions, type Options } from './options.js';
import { brokenPromises, report } from './report.js';
import { torture } from './run.js';

const options = parseOptions(process.argv.slice(2));
if (options) process.exitCode = await main(options);
else console.log(help);

async function main(settings: Options): Promise<number> {
  const folder = settings.out ?? mkdtempSync(join(tmpdir(), 'moneyclip-torture-'));
  mkdirSync(folder, { recursive: true });
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort()); // what it began is still judged, and everything is ended
  console.log(`level ${settings.level}, seed ${settings.seed}, ${settings.processes} processes, ${settings.seconds} s`);
  const result = await torture(settings, folder, (line) => console.log(`  ${line}`), interrupted.signal);
  console.log(`\n${report(result, settings)}`);
  const broken = brokenPromises(result, settings);
  if (broken > 0) console.log(`\n${broken} reads broke what the level promises; the history is in ${folder}`);
  else if (settings.out === undefined) rmSync(folder, { recursive: true });
  return broken > 0 ? 1 : 0;
}
