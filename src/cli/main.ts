#!/usr/bin/env node
import { runCommand } from './run-command.js';

const isOk = await runCommand(process.argv.slice(2), {
  environment: process.env,
  folder: process.cwd(),
  write: (text) => process.stdout.write(`${text}\n`),
  complain: (text) => process.stderr.write(`${text}\n`),
});
if (!isOk) process.exitCode = 1;
