/** Where the servers and files of one run are. */
export interface World {
  readonly postgresUrl: string;
  readonly sqliteFile: string;
  /** With a database number that this contender has for itself. */
  readonly redisUrl: string;
}

/** What a contender answers for a document. Dates are texts where it only parses JSON. */
export interface DocumentLike {
  readonly id: number;
  readonly title: string;
  readonly createdAt: Date | string;
}

/** One library, or one piece of code written by hand, at work. Left out is what it cannot do. */
export interface Session {
  /** Stores every document and user, so that each read that follows is a hit. */
  warm(): Promise<void>;
  /** The document with this number, through the cache if there is one. */
  read(id: number): DocumentLike | Promise<DocumentLike>;
  close(): Promise<void>;
}

/** The methods of a session that a scenario can time. */
export type Work = 'read';

/** Opens a contender; the variant tells the ways of one library apart. */
export type OpenContender = (world: World, variant: string) => Promise<Session>;
