const beyondLatin1 = /[\u0100-\uffff]/;

/**
 * What V8 keeps for each entry besides the characters: the heads of the strings, the object that is held, and its place
 * in the index. Measured on Node 20; rows with keys that end in a number take less, since no text is kept of these.
 */
export const entryOverheadBytes = 136;

/** The bytes of a text's characters in memory: V8 keeps one byte each, or two each as soon as one is beyond Latin-1. */
export function textBytes(text: string): number {
  return beyondLatin1.test(text) ? 2 * text.length : text.length;
}
