interface Waiting<Answer> {
  readonly key: string;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Makes one request of what is asked for in one tick: the few lines one writes before taking a library. */
export function batchPerTick<Answer>(ask: (keys: string[]) => Promise<Answer[]>): (key: string) => Promise<Answer> {
  let waiting: Waiting<Answer>[] = [];
  const flush = (): void => {
    const batch = waiting;
    waiting = [];
    ask(batch.map(({ key }) => key)).then(
      (answers) => batch.forEach(({ resolve }, index) => resolve(answers[index]!)),
      (error: unknown) => batch.forEach(({ reject }) => reject(error)),
    );
  };
  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) === 1) void Promise.resolve().then(() => process.nextTick(flush));
    });
}
