import type { CacheNote } from './cache-store.js';
import { HeldText } from './held-text.js';

/** A text that stands in a list. */
export class NotedText extends HeldText {
  readonly #note: CacheNote;

  constructor(text: string, expiresAt: number | undefined, note: CacheNote) {
    super(text, expiresAt);
    this.#note = note;
  }

  override get note(): CacheNote {
    return this.#note;
  }
}
