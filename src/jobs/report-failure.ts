const reported = new Set<string>();

/** Says once for each label that what was to be done later does not work. */
export function reportFailure(label: string, error: unknown): void {
  if (reported.has(label)) return;
  reported.add(label);
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`${label}: a background job failed, so the next reader computes the value: ${reason}`);
}
