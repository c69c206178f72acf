/** The ids that transactions take when they first write, as PostgreSQL gives them, and what became of them. */
export class TransactionIds {
  #next = 700;
  readonly #open = new Set<number>();
  readonly #rolledBack = new Set<number>();

  assign(): number {
    const id = this.#next;
    this.#next += 1;
    this.#open.add(id);
    return id;
  }

  end(id: number, isCommitted: boolean): void {
    if (!this.#open.delete(id) || isCommitted) return;
    this.#rolledBack.add(id);
  }

  /** What `pg_xact_status` says. */
  statusOf(id: number): 'in progress' | 'committed' | 'aborted' {
    if (this.#open.has(id)) return 'in progress';
    return this.#rolledBack.has(id) ? 'aborted' : 'committed';
  }

  /** What `pg_current_snapshot` says: the oldest id that is open, the next one, and all that are open. */
  get snapshot(): string {
    const open = [...this.#open].toSorted((left, right) => left - right);
    return `${open[0] ?? this.#next}:${this.#next}:${open.join(',')}`;
  }
}

/** What `pg_visible_in_snapshot` says. */
export function isVisibleIn(snapshot: string, id: number): boolean {
  const [oldest = '', next = '', open = ''] = snapshot.split(':');
  if (id < Number(oldest)) return true;
  return id < Number(next) && !open.split(',').includes(String(id));
}
