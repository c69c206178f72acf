import { UsageError } from '../errors.js';
import type { Call, Codec, Held } from '../cache/call.js';
import type { Computation } from '../cache/computation.js';
import { runInFrame, type DependencyFrame } from '../cache/dependency-frame.js';
import { anyTagDependency, tagDependency } from '../invalidation/dependencies.js';
import { noteOf } from './argument-text.js';
import { assertArguments, assertCalls } from './call-arguments.js';
import { canonical } from './canonical.js';
import { computationDependency } from './computation-dependencies.js';
import { freshArguments, hasUnsavedInstance } from './fresh-arguments.js';
import type { CachedOptions, FunctionDeclaration, ValueCodec } from './function-options.js';
import { Labelled } from './labelled.js';
import { renewLater, type JobTarget } from './later.js';
import { LoadBatch } from './load-batch.js';
import { NamedArguments, type ArgumentTexts } from './named-arguments.js';
import { parametersOf } from './parameter-names.js';
import { checkedTags } from './tags.js';
import { rowIsGone, valueCodec, withInstances } from './referring.js';
import { tracedRun } from './traced-run.js';
import { decodeValue, encodeValue } from './value-codec.js';
import { checkedSource, type Source } from '../query/watched-rows.js';

/** What is computed with each miss. */
export type Computing<Args extends readonly unknown[], T> = (...args: Args) => T | Promise<T>;

type Load<Args, T> = (args: Args, frame: DependencyFrame) => T | Promise<T>;

/** A function whose results are kept under a label. */
export class ComputedFunction<Args extends readonly unknown[], T> {
  readonly label: string;
  /** How the values for some arguments are found, where anybody may ask for that. */
  readonly named: NamedArguments | undefined;
  /** True where it takes its arguments as the properties of an only one. */
  readonly inObject: boolean;
  /** The same for whoever looks at its entries: the names need not have been declared for that. */
  readonly #byName: NamedArguments;
  readonly #where: string;
  readonly #run: Computing<Args, T>;
  readonly #options: CachedOptions<Args, T>;
  readonly #ownSources: FunctionDeclaration['sourcesOf'];
  readonly #labelled: Labelled<T>;
  /** The same for background jobs, which may bring any arguments. */
  readonly target: JobTarget;

  constructor(
    label: string,
    run: Computing<Args, T>,
    { options, declaration }: { readonly options: CachedOptions<Args, T>; readonly declaration: FunctionDeclaration },
  ) {
    this.label = label;
    this.#where = declaration.where;
    this.#run = run;
    this.#ownSources = declaration.sourcesOf;
    this.#options = options;
    const parameters = parametersOf(run);
    const names = declaration.names ?? parameters?.names ?? [];
    this.#byName = new NamedArguments(label, names);
    this.named = names.length > 0 && areAskedFor(declaration) ? this.#byName : undefined;
    this.inObject = declaration.inObject ?? parameters?.inObject ?? false;
    this.#labelled = this.#declare(declaration);
    this.target = this.#toTarget();
  }

  get(args: Args): Promise<T> {
    return this.#get(args, this.#loadOne);
  }

  /** The values of many calls: one command for all that are stored, one `loadMany` for all that are not. */
  async getMany(calls: readonly Args[]): Promise<T[]> {
    assertCalls(`${this.#where}.getMany()`, calls);
    const load = this.#loadTogether();
    const past = calls.map((args) => this.#ownReason(args));
    const kept = calls.flatMap((args, index) => (past[index] === undefined ? [this.#call(args, load)] : []));
    const [values, others] = await Promise.all([
      this.#labelled.computation.getMany(kept),
      Promise.all(
        past.map(async (reason, index) => reason !== undefined && this.#bypass(calls[index] as Args, load, reason)),
      ),
    ]);
    const next = values.values();
    const all = past.map((reason, index) => (reason === undefined ? next.next().value : others[index]) as T);
    if (this.#options.instances !== 'reference') return all;
    return Promise.all(
      all.map((value, index) => withInstances(value, () => this.#bypass(calls[index] as Args, load, rowIsGone))),
    );
  }

  async peek(args: Args): Promise<T | undefined> {
    return withInstances(await this.#labelled.computation.peek(this.#call(args)), () => undefined);
  }

  async refresh(args: Args): Promise<T> {
    const reason = this.#ownReason(args);
    if (reason !== undefined) return this.#bypass(args, this.#loadOne, reason);
    const value = await this.#labelled.computation.refresh(this.#call(args));
    return withInstances(value, () => this.#bypass(args, this.#loadOne, rowIsGone));
  }

  /** Stores a value that was made elsewhere; what is being computed for the same arguments does not replace it. */
  async set(args: Args, value: T): Promise<void> {
    assertArguments(`${this.#where}.set()`, args);
    const call = this.#call(args);
    await this.#labelled.drop([this.dependency(args)]);
    await this.#labelled.computation.set(call, value);
  }

  async held(args: Args): Promise<Held<T> | undefined> {
    const held = await this.#labelled.computation.held(this.#call(args));
    if (!held) return undefined;
    const value = await withInstances<T | undefined>(held.value, () => undefined);
    return value === undefined && held.value !== undefined ? undefined : { ...held, value: value as T }; // a row is gone
  }

  inspect(args: Args): ReturnType<Computation<T>['inspect']> {
    return this.#labelled.computation.inspect(this.#call(args));
  }

  now(): number {
    return this.#labelled.cache.engine.clock.now();
  }

  async invalidate(args: Args): Promise<void> {
    await this.#labelled.drop([this.dependency(args)]);
  }

  /** Drops the values of every call that agrees with these arguments. Throws UsageError for names that are none of its arguments. */
  async invalidateMatching(values: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#labelled.drop(this.dependenciesMatching(values));
  }

  dropAll(which: { readonly alsoOutdated: boolean }): Promise<void> {
    return this.#labelled.dropAll(which);
  }

  /** The key as people read it, which tells the value for these arguments from all others under the label. */
  key(args: Args): string {
    const { key } = this.#options;
    const told = key
      ? canonical(key(...args), `${this.#where}: key`)
      : withoutMissing(args)
          .map((one) => canonical(one, this.#where))
          .join();
    return `${this.label}(${told})`;
  }

  /** What the value of a call depends on by its arguments alone. */
  dependency(args: Args): string {
    return computationDependency(this.key(args));
  }

  /** What the values of all calls depend on that agree with these arguments. */
  dependenciesMatching(values: Readonly<Record<string, unknown>>): readonly string[] {
    if (!this.named) {
      throw new UsageError(
        `${this.#where}: its values can only be told apart by names if they are declared: args: ['…'], in the order of its parameters`,
      );
    }
    const { names } = this.named;
    const unknown = Object.keys(values).find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new UsageError(
        `${this.#where}: '${unknown}' is none of its arguments, which are ${names.join(', ')}; declare others by args: ['…']`,
      );
    }
    const texts = this.#texts(new Map(Object.entries(values).filter(([, value]) => value !== undefined)));
    return texts.size > 0 ? this.named.matching(texts) : this.#labelled.all();
  }

  #get(args: Args, load: Load<Args, T>): Promise<T> {
    try {
      const reason = this.#ownReason(args);
      if (reason !== undefined) return this.#bypass(args, load, reason);
      const found = this.#labelled.computation.get(this.#call(args, load));
      if (this.#options.instances !== 'reference') return found; // NOTE: no promise more where none is needed
      return found.then((value) => withInstances(value, () => this.#bypass(args, load, rowIsGone)));
    } catch (error) {
      return Promise.reject(error); // of an asynchronous function nobody expects that it throws
    }
  }

  #bypass(args: Args, load: Load<Args, T>, reason: string): Promise<T> {
    return this.#labelled.computation.bypass({ run: (frame) => this.compute(args, frame, load) }, reason);
  }

  /** Why this call's value must not be cached; undefined where it may. */
  #ownReason(args: Args): string | undefined {
    const { skip } = this.#options;
    if (typeof skip === 'function' ? skip(...args) : skip) return 'skipped';
    return hasUnsavedInstance(args) ? 'an argument has unsaved changes' : undefined;
  }

  #call(args: Args, load: Load<Args, T> = this.#loadOne): FunctionCall<Args, T> {
    return new FunctionCall(this, args, load);
  }

  #toTarget(): JobTarget {
    const labelled = this.#labelled;
    const call = (args: readonly unknown[]): Call<T> => this.#call(args as Args); // as they were given once
    return {
      label: this.label,
      connection: labelled.connection,
      isSwept: labelled.isSwept,
      isFound: true,
      get cache() {
        return labelled.cache;
      },
      entryKey: (args) => labelled.computation.entryKey(call(args)),
      renew: (args, madeAt) => labelled.computation.renew(call(args), madeAt),
      invalidate: (args) => this.invalidate(args as Args), // as above
      held: (args) => labelled.computation.held(call(args)),
      key: (args) => this.key(args as Args), // as above
      named: (args) => this.#byName.byName(args),
    };
  }

  /** What loads the values of one `getMany`. */
  #loadTogether(): Load<Args, T> {
    const { loadMany } = this.#options;
    if (!loadMany) return this.#loadOne;
    const batch = new LoadBatch<Args, T>(this.#labelled.cache.engine, this.#where, loadMany);
    return (args, frame) => batch.load(args, frame);
  }

  readonly #loadOne: Load<Args, T> = (args) => this.#run(...args);

  /** Makes the value of a call by `load`; whatever it reads is tracked by the frame. */
  compute(args: Args, frame: DependencyFrame, load: Load<Args, T>): Promise<T> {
    return tracedRun(this.label, async () => {
      if (frame.taint !== undefined) return load(args, frame); // NOTE: nothing is stored, so the caller's instances will do
      const fresh: readonly unknown[] = await runInFrame(undefined, () => freshArguments(frame, args));
      return load(fresh as Args, frame); // the same arguments with other instances
    });
  }

  /** What the value of a call depends on before it is made. */
  dependencies(identity: string, args: Args): string[] {
    const { tag } = this.#options;
    const tags = checkedTags(typeof tag === 'function' ? tag(...args) : tag, `${this.#where}: tag`);
    return [
      computationDependency(identity),
      ...this.#labelled.dependencies(this.#sourcesOf(args)),
      ...(this.named?.dependencies(this.#texts(this.named.byName(args))) ?? []),
      ...(tags.length > 0 ? [...tags.map(tagDependency), anyTagDependency()] : []),
    ];
  }

  #sourcesOf(args: Args): readonly Source[] {
    if (!this.#ownSources) return [];
    const sources: unknown = Reflect.apply(this.#ownSources, undefined, args);
    if (Array.isArray(sources)) return sources.map((source) => checkedSource(this.#where, source));
    throw new UsageError(`${this.#where}: watch must give a list of models and query sets, got ${typeof sources}`);
  }

  /** What has no text counts as not given: it agrees with everything. */
  #texts(values: ReadonlyMap<string, unknown>): ArgumentTexts {
    const texts = new Map<string, string>();
    for (const [name, value] of values) {
      try {
        texts.set(name, canonical(value, this.#where));
      } catch {
        continue;
      }
    }
    return texts;
  }

  /** Tells whoever wants to know of a hit or a miss. */
  tell(what: 'onHit' | 'onMiss', key: string, args: Args): void {
    const listener = this.#options[what];
    try {
      listener?.({ label: this.label, key, args });
    } catch (error) {
      process.emitWarning(`${this.#where}: onHit or onMiss failed: ${String(error)}`);
    }
  }

  #declare({ where, keeping, sources, followed }: FunctionDeclaration): Labelled<T> {
    const { connection = 'default', version, codec } = this.#options;
    const { label } = this;
    return new Labelled<T>({
      label,
      where,
      byHand: '.invalidate()',
      connection,
      family: 'function',
      owner: version === undefined ? label : `${label} ${version}`,
      keeping,
      codec: codec ? ownCodec(label, codec) : (valueCodec(label, keeping) as Codec<T>), // it gives back what it was given
      sources,
      followed: followed.map(({ model }) => model),
      hasOwnSources: this.#ownSources !== undefined,
      policy: (cache) => {
        const policy = cache.policy(label);
        return { ttlMs: policy.ttlMs('get'), allowed: policy.allowed };
      },
    });
  }
}

/** One call of a cached function. NOTE: a class, as {@link DecodedEntry} is: it is alive while the store is asked. */
class FunctionCall<Args extends readonly unknown[], T> implements Call<T> {
  readonly identity: string;
  readonly #function: ComputedFunction<Args, T>;
  readonly #args: Args;
  readonly #load: Load<Args, T>;

  constructor(called: ComputedFunction<Args, T>, args: Args, load: Load<Args, T>) {
    this.#function = called;
    this.#args = args;
    this.#load = load;
    this.identity = called.key(args);
  }

  dependencies(): readonly string[] {
    return this.#function.dependencies(this.identity, this.#args);
  }

  run(frame: DependencyFrame): Promise<T> {
    return this.#function.compute(this.#args, frame, this.#load);
  }

  onHit(): void {
    this.#function.tell('onHit', this.identity, this.#args);
  }

  onMiss(): void {
    this.#function.tell('onMiss', this.identity, this.#args);
  }

  note(): string | undefined {
    return noteOf(this.#args);
  }

  renewElsewhere(madeAt: number): Promise<void> {
    return renewLater(this.#function.target, this.#args, { madeAt });
  }
}

/** Whether values depend on their arguments by name: where names were declared, or a path may give some. */
function areAskedFor({ names, followed }: FunctionDeclaration): boolean {
  return names !== undefined || followed.some(({ path }) => path);
}

/** Arguments that were left out at the end are the same as undefined. */
function withoutMissing(args: readonly unknown[]): readonly unknown[] {
  const last = args.findLastIndex((argument) => argument !== undefined);
  return args.slice(0, last + 1);
}

function ownCodec<T>(label: string, own: ValueCodec<T>): Codec<T> {
  return {
    encode: (value) => encodeValue(own.encode(value), label),
    decode: (payload, shared) => {
      const decoded = decodeValue(payload, shared);
      try {
        return decoded && { value: own.decode(decoded.value) };
      } catch {
        return undefined;
      }
    },
  };
}
