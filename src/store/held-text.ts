import { Held } from './held.js';
import { textBytes } from './text-bytes.js';

/** A text in a store in this process. */
export class HeldText extends Held {
  readonly text: string;
  /** On the store's own scale; undefined for what has no ttl. */
  readonly expiresAt: number | undefined;

  constructor(text: string, expiresAt: number | undefined) {
    super();
    this.text = text;
    this.expiresAt = expiresAt;
  }

  get bytes(): number {
    return textBytes(this.text);
  }
}
