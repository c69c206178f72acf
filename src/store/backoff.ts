/** How long to wait before something that failed is tried again. */
export interface BackoffLimits {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Waits that double with every failure, up to a limit. */
export class Backoff {
  readonly #limits: BackoffLimits;
  #nextMs: number;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
    this.#nextMs = limits.firstMs;
  }

  /** The wait after one more failure. */
  next(): number {
    const waitMs = this.#nextMs;
    this.#nextMs = Math.min(waitMs * 2, this.#limits.longestMs);
    return waitMs;
  }

  /** It worked: the next failure starts from the first wait again. */
  reset(): void {
    this.#nextMs = this.#limits.firstMs;
  }
}
