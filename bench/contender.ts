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
  /** The fifty documents that come after this number, in its order, through the cache if there is one. */
  list?(after: number): Awaitable<readonly DocumentLike[]>;
  /** The names of the authors of the same documents, which are loaded along with them. */
  listAuthors?(after: number): Awaitable<readonly string[]>;
  /** How many documents an author has, through the cache if there is one. */
  count?(authorId: number): Awaitable<number>;
  /** Every document in the order of the numbers, from the database. */
  all?(): Awaitable<readonly DocumentLike[]>;
  /** Builds the query and its text, and asks nobody. */
  compile?(question: Question): Compiled;
  /** A cached function: `<title> by <author>`. */
  label?(id: number): Awaitable<string>;
  /** The same for many, by as few calls as there can be. */
  labels?(ids: readonly number[]): Promise<readonly string[]>;
  /** A cached function that calls the one above for three documents. */
  nested?(id: number): Awaitable<string>;
  /** A cached function that reads ten documents, which are cached. */
  digest?(number: number): Awaitable<string>;
  /** How often a function's body ran so far. */
  runs?(): number;
  /** An HTTP handler that lists the fifty documents after a number. */
  page?(request: Request): Promise<Response>;
  /** Changes one column and corrects the cache. */
  save?(id: number, views: number): Promise<void>;
  /** Empties the cache. */
  forget?(): Promise<void>;
  /** How many statements were sent to the database so far. */
  statements?(): number;
  /** The bytes of what is stored of these documents, as text. */
  storedBytes?(ids: readonly number[]): Promise<number>;
  close(): Promise<void>;
}

/** What a query asks for: documents of an author with one of these statuses and this rating at least, newest first, ten. */
export interface Question {
  readonly authorId: number;
  readonly statuses: readonly string[];
  readonly rating: number;
}

/** A query as a driver of PostgreSQL takes it. */
export interface Compiled {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

/** What a scenario times. */
export type Work =
  | ('read' | 'miss' | 'authors' | 'authorsInBulk' | 'badge' | 'save' | 'mixed' | 'stampede' | 'memory')
  | ('list' | 'listAuthors' | 'count' | 'all' | 'compile')
  | ('label' | 'labels' | 'nested' | 'digest' | 'labelStampede' | 'page' | 'notModified');

/** Opens a contender; the variant tells the ways of one library apart. */
export type OpenContender = (world: World, variant: string) => Promise<Session>;
