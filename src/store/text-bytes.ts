const beyondLatin1 = /[\u0100-\uffff]/;

/**
 * What V8 keeps for each entry besides the characters: the heads of two strings, the record with its time of expiry,
 * and the places in the index and in the order of use. Measured on Node 20 with texts of 8 to 650 characters.
 */
export const entryOverheadBytes = 136;

/** The bytes of a text's characters in memory: V8 keeps one byte each, or two each as soon as one is beyond Latin-1. */
export function textBytes(text: string): number {
  return beyondLatin1.test(text) ? 2 * text.length : text.length;
}
