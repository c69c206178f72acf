/** Few rows: who meets on the same row finds races, not how many rows there are. */
const upTo = (count: number, first = 1): number[] => Array.from({ length: count }, (_, index) => first + index);

export const bucketCount = 4;
export const buckets = upTo(bucketCount, 0);
export const shelves = [0, 1];
export const holders = upTo(4);
/** These are always there. */
export const permanentCells = upTo(12);
/** These come and go. */
export const fleetingCells = upTo(4, 101);
export const allCells = [...permanentCells, ...fleetingCells];
export const notes = upTo(8);
/** Unique texts that move from cell to cell. */
export const nicks = ['ann', 'bob', 'cid'];

export function shelfOf(note: number): number {
  return note % shelves.length;
}

export const keyOf = {
  holder: (id: number): string => `holders#${id}`,
  cell: (id: number): string => `cells#${id}`,
  note: (id: number): string => `notes#${id}`,
};

export const setOf = {
  bucket: (bucket: number): string => `cells.bucket=${bucket}`,
  holder: (holder: number): string => `cells.holder=${holder}`,
  nick: (nick: string): string => `cells.nick=${nick}`,
  shelf: (shelf: number): string => `notes.shelf=${shelf}`,
};
