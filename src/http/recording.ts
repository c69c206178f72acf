import { currentFrame } from '../cache/dependency-frame.js';
import { mayBeKept, type Head } from './may-be-kept.js';
import { toPage, type Page } from './page.js';
import type { PageRules } from './page-options.js';

/** What a handler's answer becomes while it is made. */
export class Recording {
  readonly maxBytes: number;
  /** True where nobody waits for the answer: the request has been answered with the page as it was. */
  readonly isBehind: boolean;
  readonly #isKept: (head: Head) => boolean;
  readonly #frame = currentFrame();

  constructor(rules: PageRules<never>, { isPrivate, isBehind }: { isPrivate: boolean; isBehind: boolean }) {
    this.maxBytes = rules.maxBytes;
    this.isBehind = isBehind;
    this.#isKept = (head) => mayBeKept(head, rules, isPrivate);
  }

  mayKeep(head: Head): boolean {
    return this.#isKept(head);
  }

  /** NOTE: what is spoiled is not shared either: others that wait for this run make answers of their own. */
  giveUp(): undefined {
    this.#frame?.spoil('the answer must not be kept');
  }

  /** The page, tagged by the stamps of all that the handler read, which are those that its entry is going to carry. */
  page(head: Head, body: Buffer): Page {
    const isKept = this.#frame !== undefined && this.#frame.taint === undefined;
    return toPage(head, body, isKept ? [...this.#frame.stamps.values()] : undefined);
  }
}
