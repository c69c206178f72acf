import { currentFrame } from '../cache/dependency-frame.js';
import { declareFunction, type CachedFunction, type Declared } from '../compute/cached.js';
import { answerOf, type Answer } from './answer.js';
import { pageKeyOf, type Asked } from './asked.js';
import type { Page } from './page.js';
import { toPageRules, withoutRules, type PageOptions, type PageRules } from './page-options.js';
import { Recording } from './recording.js';

/** What can be done by hand with the pages of a handler. */
export interface CachedPages {
  readonly label: string;
  /** Drops every page, in constant time; in a transaction, at its commit. */
  invalidateAll(): Promise<void>;
  /** Ends the declaration: the label is free again. For tests and reloads. */
  undeclare(): void;
}

/** One request on its way: how its handler is run. */
export interface Visit<Req> {
  readonly asked: Asked<Req>;
  /** Runs the handler, which answers by itself: what it gives is not kept. */
  pass(): Promise<void>;
  /** Runs the handler for a page; undefined where that must not be kept, and the handler answered by itself. */
  make(recording: Recording): Promise<Page | undefined>;
}

/** One request, as the computation knows it. */
interface Call<Req> {
  readonly visit: Visit<Req>;
  readonly key: string;
  readonly isPrivate: boolean;
  /** Whether it was answered from the cache: a run after that is behind it. */
  isServed: boolean;
}

/** The pages of one handler: a labelled function from requests to pages. */
export class PageCache<Req> implements CachedPages {
  readonly label: string;
  readonly #where: string;
  readonly #rules: PageRules<Req>;
  readonly #pages: CachedFunction<readonly [Call<Req>], Page | undefined>;

  constructor(declared: Declared, options: PageOptions<Req>) {
    this.label = declared.label;
    this.#where = declared.where;
    this.#rules = toPageRules(declared.where, options);
    const { tag, ...kept } = withoutRules(options);
    this.#pages = declareFunction(declared, (call: Call<Req>) => this.#run(call), {
      ...kept,
      key: ({ key }) => key,
      ...(tag !== undefined && {
        tag: typeof tag === 'function' ? ({ visit }: Call<Req>) => tag(visit.asked.request) : tag,
      }),
      onHit: ({ args: [call] }) => (call.isServed = true),
    });
  }

  /** The answer of a request; undefined where its handler answered by itself. */
  async answer(visit: Visit<Req>): Promise<Answer | undefined> {
    const { asked } = visit;
    const key = pageKeyOf(asked, this.#rules, this.#where);
    if (!key) {
      await visit.pass();
      return undefined;
    }
    const wanted = { isHead: asked.method === 'HEAD', known: asked.header('if-none-match') };
    const page = await this.#pages({ visit, key: key.text, isPrivate: key.isPrivate, isServed: false });
    return page && answerOf(page, wanted, this.#rules.vary);
  }

  invalidateAll(): Promise<void> {
    return this.#pages.clear();
  }

  undeclare(): void {
    this.#pages.undeclare();
  }

  async #run({ visit, isPrivate, isServed }: Call<Req>): Promise<Page | undefined> {
    if (currentFrame()?.taint === undefined) {
      return visit.make(new Recording(this.#rules, { isPrivate, isBehind: isServed }));
    }
    await visit.pass();
    return undefined;
  }
}
