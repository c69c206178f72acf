/** What a folder of `src/` (or a file at its top) may import, beside itself. */
export interface Layer {
  readonly level: number;
  readonly folder: string;
  readonly mayImport: readonly string[];
}

const ground = ['errors', 'support', 'telemetry'] as const;

/** The layers from the ground up. A folder that is not here fails the test: give it a place first. */
export const layers: readonly Layer[] = [
  { level: 0, folder: 'errors', mayImport: [] },
  { level: 0, folder: 'support', mayImport: ['errors'] },
  { level: 0, folder: 'telemetry', mayImport: ['errors', 'support'] },

  { level: 1, folder: 'store', mayImport: [...ground] },
  { level: 1, folder: 'schema', mayImport: [...ground] },
  { level: 1, folder: 'database', mayImport: [...ground, 'schema'] },

  { level: 2, folder: 'changes', mayImport: [...ground, 'schema', 'database'] },
  { level: 2, folder: 'cache', mayImport: [...ground, 'store'] },

  { level: 2, folder: 'jobs', mayImport: [...ground, 'store'] },

  { level: 3, folder: 'query', mayImport: [...ground, 'schema', 'database', 'changes'] },
  { level: 3, folder: 'invalidation', mayImport: [...ground, 'store', 'schema', 'cache', 'changes'] },

  { level: 4, folder: 'model', mayImport: [...ground, 'schema', 'database', 'changes', 'query'] },

  { level: 5, folder: 'model-cache', mayImport: below(5) },
  { level: 6, folder: 'compute', mayImport: below(6) },
  { level: 6, folder: 'capture', mayImport: below(6) },
  { level: 6, folder: 'connection', mayImport: [...below(6), 'compute', 'capture'] },

  { level: 7, folder: 'http', mayImport: [...ground, 'cache', 'compute'] },
  { level: 7, folder: 'testing', mayImport: ['errors', 'support', 'store'] },
  { level: 8, folder: 'index', mayImport: [...below(6), 'compute', 'capture', 'connection'] },
  { level: 8, folder: 'cli', mayImport: ['errors', 'support', 'index'] },
];

/** Packages that only some users install. Each is loaded when a connection asks for it, by the folders named here. */
export const drivers: Readonly<Record<string, readonly string[]>> = {
  'better-sqlite3': ['database', 'store'],
  pg: ['database'],
  ioredis: ['store'],
  bullmq: ['jobs'],
};

/** Every folder under a level. */
function below(level: 5 | 6): string[] {
  const middle = ['store', 'schema', 'database', 'changes', 'cache', 'jobs', 'query', 'invalidation', 'model'];
  return [...ground, ...middle, ...(level === 6 ? ['model-cache'] : [])];
}
