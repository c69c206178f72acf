import { UsageError } from '../errors.js';

/** Throws UsageError unless these can be declared by `verb(label, function)`. */
export function assertDeclared(verb: string, label: unknown, run: unknown): void {
  if (typeof label !== 'string' || label === '') {
    throw new UsageError(
      `${verb}(label, function): the label must be a text that is not empty, got ${label === '' ? 'an empty text' : typeof label}`,
    );
  }
  if (typeof run === 'function') return;
  throw new UsageError(`${verb}('${label}', …): expected a function, got ${typeof run}`);
}
