/** Where the servers and files of one run are. */
export interface World {
  readonly postgresUrl: string;
  readonly sqliteFile: string;
  /** With a database number that this contender has for itself. */
  readonly redisUrl: string;
}

type Awaitable<T> = T | Promise<T>;

/** What a contender answers for a document. Dates are texts where it only parses JSON. */
export interface DocumentLike {
  readonly id: number;
  readonly title: string;
  readonly views: number;
  readonly createdAt: Date | string;
}

/** One library, or one piece of code written by hand, at work. Left out is what it has no means for. */
export interface Session {
  /** Stores whatever the work needs, so that each read that follows is a hit. */
  warm(work: Work): Promise<void>;
  /** The document with this number, through the cache if there is one. */
  read(id: number): Awaitable<DocumentLike>;
  /** The names of the documents' authors: each document and its author read apart, all of them at the same time. */
  authors?(ids: readonly number[]): Promise<readonly string[]>;
  /** The same by as few calls as there can be. */
  authorsInBulk?(ids: readonly number[]): Promise<readonly string[]>;
  /** A computed value that is kept: `<title> by <author>`. */
  badge?(id: number): Awaitable<string>;
  /** Changes one column and corrects the cache. */
  save?(id: number, views: number): Promise<void>;
  /** Empties the cache. */
  forget?(): Promise<void>;
  /** How many statements were sent to the database so far. */
  statements?(): number;
  /** The bytes of what is stored, as text. */
  storedBytes?(): Promise<number>;
  close(): Promise<void>;
}

/** What a scenario times. */
export type Work = 'read' | 'miss' | 'authors' | 'authorsInBulk' | 'badge' | 'save' | 'mixed' | 'stampede' | 'memory';

/** Opens a contender; the variant tells the ways of one library apart. */
export type OpenContender = (world: World, variant: string) => Promise<Session>;
