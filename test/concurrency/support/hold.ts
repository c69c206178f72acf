/** One operation that a script has stopped at a named point. */
export class Hold {
  /** Resolves when the operation has come to the point. */
  readonly reached: Promise<void>;
  readonly #released: Promise<void>;
  #arrive: () => void = () => undefined;
  #release: () => void = () => undefined;

  constructor() {
    this.reached = new Promise((resolve) => (this.#arrive = resolve));
    this.#released = new Promise((resolve) => (this.#release = resolve));
  }

  /** Called by the operation: waits until the script goes on. */
  arrive(): Promise<void> {
    this.#arrive();
    return this.#released;
  }

  /** Lets the operation go on. */
  release(): void {
    this.#release();
  }
}
