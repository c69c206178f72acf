import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Shorter texts, lists of fifty rows among them, are read faster as they are; see docs/performance.md. */
const packAbove = 32_768;
/** What gains less than a quarter, such as what is packed already, is left as it is. */
const worthwhile = 0.75;
/** No text of an entry begins so. */
const mark = 'z';

/** A long text in fewer characters, where that is worth it. Base64, since a store keeps texts. */
export function packText(text: string): string {
  if (text.length <= packAbove) return text;
  const short = mark + deflateRawSync(text, { level: 1 }).toString('base64');
  return short.length <= text.length * worthwhile ? short : text;
}

/** The text that was packed; any other one as it is. */
export function unpackText(text: string): string {
  if (!text.startsWith(mark)) return text;
  try {
    return inflateRawSync(Buffer.from(text.slice(mark.length), 'base64')).toString();
  } catch {
    return text; // nobody takes it for an entry
  }
}
