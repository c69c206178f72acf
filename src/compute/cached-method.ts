import { UsageError } from '../errors.js';
import type { Call } from '../cache/call.js';
import type { Computation } from '../cache/computation.js';
import { runInFrame, type DependencyFrame } from '../cache/dependency-frame.js';
import { isDirty } from '../model/dirty.js';
import { Model } from '../model/model.js';
import type { RecordState } from '../model/record-state.js';
import { stateOf } from '../model/state-of.js';
import type { Cell } from '../schema/cell.js';
import type { ModelClassLike } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { beforeModelIsKnown } from '../schema/registry.js';
import { schemaGeneration, schemaOf } from '../schema/schema-of.js';
import { keyCellOf } from '../schema/values.js';
import { noteOf } from './argument-text.js';
import { canonical } from './canonical.js';
import { computationDependency } from './computation-dependencies.js';
import { freshArguments, hasUnsavedInstance } from './fresh-arguments.js';
import { freshInstance } from './fresh-instance.js';
import { KeyTemplate } from './key-template.js';
import { Labelled } from './labelled.js';
import { declareMethodLabels } from './labels.js';
import { renewLater, type JobTarget } from './later.js';
import type { MethodDeclaration } from './method-declaration.js';
import { rowIsGone, valueCodec, withInstances } from './referring.js';
import { tracedRun } from './traced-run.js';

/** A computed method of one class: a subclass that inherits it has its own values. */
export class CachedMethod {
  readonly declaration: MethodDeclaration;
  readonly model: ModelClassLike;
  readonly schema: ModelSchema;
  readonly #generation = schemaGeneration();
  readonly label: string;
  /** The same for background jobs, whose first argument is the instance. */
  readonly target: JobTarget;
  readonly #template: KeyTemplate;
  readonly #labelled: Labelled<unknown>;

  constructor(declaration: MethodDeclaration, model: ModelClassLike) {
    this.declaration = declaration;
    this.model = model;
    this.schema = schemaOf(model);
    // NOTE: a method that is reached by super has values of its own, apart from those of the method that overrides it
    const isOverridden = declarationIn(model, declaration.name) !== declaration;
    this.label = `${this.schema.label}.${isOverridden ? declaration.where : declaration.name}`;
    this.#template = declaration.template ?? new KeyTemplate(`${this.label}::%s(%s)`, declaration.where);
    this.#labelled = this.#declare();
    this.target = this.#toTarget(!isOverridden);
  }

  /** False where the model has another schema by now. */
  get isCurrent(): boolean {
    return this.#generation === schemaGeneration();
  }

  /** The value for an instance: from the cache, else computed on the row as it is now and stored. */
  get(self: object, args: readonly unknown[]): Promise<unknown> {
    try {
      const state = self instanceof Model ? stateOf(self) : undefined;
      const reason = this.#ownReason(self, args, state);
      if (reason === undefined) return this.#get(self, args, state && this.#keyIn(state));
      const { cache } = this.#labelled;
      cache.spoilFrame(reason);
      cache.statistics.of(this.label).bypasses += 1;
      return Promise.resolve(this.declaration.run.apply(self, [...args]));
    } catch (error) {
      return Promise.reject(error); // of an asynchronous method nobody expects that it throws
    }
  }

  /** The key as people read it. */
  key(self: unknown, args: readonly unknown[]): string {
    return this.#template.format(this.parts(self, args), this.declaration.where);
  }

  async peek(self: object, args: readonly unknown[]): Promise<unknown> {
    return withInstances(await this.#labelled.computation.peek(this.#call(self, args)), () => undefined);
  }

  async refresh(self: object, args: readonly unknown[]): Promise<unknown> {
    const call = this.#call(self, args);
    return withInstances(await this.#labelled.computation.refresh(call), () => this.#runPast(call));
  }

  inspect(self: object, args: readonly unknown[]): ReturnType<Computation<unknown>['inspect']> {
    return this.#labelled.computation.inspect(this.#call(self, args));
  }

  /** Drops the value for these arguments of the key function; in a transaction, at its commit. */
  async invalidate(self: unknown, args: readonly unknown[]): Promise<void> {
    await this.#labelled.drop([this.dependency(self, args)]);
  }

  /** What the value for these arguments of the key function depends on by its key alone. */
  dependency(self: unknown, args: readonly unknown[]): string {
    return computationDependency(this.identity(self, args));
  }

  /** What a value depends on before it is made. */
  dependencies(identity: string): readonly string[] {
    return [computationDependency(identity), ...this.#labelled.dependencies()];
  }

  /** What the key is made of. */
  parts(self: unknown, args: readonly unknown[]): readonly unknown[] {
    const { keyFunction, template, where } = this.declaration;
    if (keyFunction) return keyFunction(self, ...args);
    const key = keyCellOf(this.schema, self);
    if (args.length === 0) return this.partsOfRow(key);
    if (!template) return [key, args.map((argument) => canonical(argument, where)).join()];
    throw new UsageError(
      `${where}: the key template '${template.text}' tells the instance but not the call's arguments, so calls that differ ` +
        `would share a value. Give args: (self, …) => […], one for each %s, or leave out key.`,
    );
  }

  /** The key of the instance's row, where it alone tells the value from all others of the method: so it is for most. */
  rowKey(self: unknown, args: readonly unknown[], known?: Cell): string | number | undefined {
    if (this.declaration.keyFunction || args.length > 0) return undefined;
    const key = known ?? keyCellOf(this.schema, self);
    return typeof key === 'string' || typeof key === 'number' ? key : undefined;
  }

  /** What the key of a call without arguments is made of. */
  partsOfRow(key: Cell | undefined): readonly unknown[] {
    return this.declaration.template ? [key] : [key, ''];
  }

  /** The only part of a key of one part, which tells the value from all others of the method. */
  shortId(parts: readonly unknown[]): string | number | undefined {
    if (!Array.isArray(parts) || parts.length !== 1 || this.#template.size !== 1) return undefined;
    const part: unknown = parts[0];
    return typeof part === 'string' || (typeof part === 'number' && Number.isFinite(part)) ? part : undefined;
  }

  /** What tells the value for these arguments from all others of the method. */
  identity(self: unknown, args: readonly unknown[]): string {
    return this.identityOf(this.parts(self, args));
  }

  identityOf(parts: readonly unknown[]): string {
    return this.#template.identity(parts, this.declaration.where);
  }

  /** Makes the value of a call, on the row as it is now; whatever it reads is tracked by the frame. */
  run({ self, args }: MethodCall, frame: DependencyFrame): Promise<unknown> {
    return tracedRun(this.label, () => this.#run(self, args, frame));
  }

  #get(self: object, args: readonly unknown[], key: Cell | undefined): Promise<unknown> {
    const call = new MethodCall(this, self, args, key);
    const found = this.#labelled.computation.get(call);
    if (this.declaration.keeping.instances !== 'reference') return found; // NOTE: no promise more where none is needed
    return found.then((value) => withInstances(value, () => this.#runPast(call)));
  }

  #runPast(call: Call<unknown>): Promise<unknown> {
    return this.#labelled.computation.bypass(call, rowIsGone);
  }

  #call(self: object, args: readonly unknown[]): Call<unknown> {
    return new MethodCall(this, self, args);
  }

  #toTarget(isFound: boolean): JobTarget {
    const labelled = this.#labelled;
    const call = ([self, ...args]: readonly unknown[]): Call<unknown> => this.#call(self as object, args); // an instance
    return {
      label: this.label,
      connection: labelled.connection,
      isSwept: labelled.isSwept,
      isFound,
      get cache() {
        return labelled.cache;
      },
      entryKey: (args) => labelled.computation.entryKey(call(args)),
      renew: (args, madeAt) => labelled.computation.renew(call(args), madeAt),
      invalidate: ([self, ...args]) => this.invalidate(self, args),
      held: (args) => labelled.computation.held(call(args)),
      key: ([self, ...args]) => this.key(self, args),
      named: () => new Map(),
    };
  }

  async #run(self: object, args: readonly unknown[], frame: DependencyFrame): Promise<unknown> {
    const { cache } = this.#labelled;
    const key = keyCellOf(this.schema, self);
    const fresh = await runInFrame(undefined, () => freshInstance(cache, this.schema, { key, frame }));
    if (!fresh) frame.spoil('its own row does not exist');
    const freshArgs = await runInFrame(undefined, () => freshArguments(frame, args));
    return this.declaration.run.apply(fresh ?? self, freshArgs);
  }

  /** Why this instance's value must not be cached; undefined where it may. */
  #ownReason(self: object, args: readonly unknown[], state: RecordState | undefined): string | undefined {
    if (!state?.row || state.deleted) return 'the instance is not stored';
    if (this.#labelled.cache.connection.currentTransaction()) return 'inside a transaction';
    // NOTE: looking whether a fresh instance has changes would look at its columns, and the value would depend on the row
    if (!state.untouched && isDirty(self, this.schema, state)) return 'the instance has unsaved changes';
    return args.length > 0 && hasUnsavedInstance(args) ? 'an argument has unsaved changes' : undefined;
  }

  /** The key of an instance that has no unsaved changes, where that is certain. */
  #keyIn({ row, untouched }: RecordState): Cell | undefined {
    return untouched ? undefined : row?.[this.schema.primaryKey.position];
  }

  #declare(): Labelled<unknown> {
    const { label, schema } = this;
    const { where, watched, paths, keeping } = this.declaration;
    return new Labelled({
      label,
      where,
      byHand: 'moneyclip.of(…).invalidate()',
      connection: schema.connection,
      family: 'value',
      owner: `${label} ${schema.fingerprint}`,
      keeping,
      codec: valueCodec(label, keeping),
      sources: watched,
      followed: paths.map(([model]) => model),
      policy: (cache) => ({ ttlMs: cache.policy(schema.label).ttlMs('get'), allowed: true }),
    });
  }
}

/**
 * One call of a computed method. NOTE: a class, as {@link DecodedEntry} is, since a call is alive while the store is asked;
 * and what it is called with stands in it, not in a literal of its own.
 */
class MethodCall implements Call<unknown> {
  readonly shortId: string | number | undefined;
  readonly self: object;
  readonly args: readonly unknown[];
  readonly #method: CachedMethod;
  /** Undefined where they are the key of the row. */
  #parts: readonly unknown[] | undefined;
  #identity: string | undefined;

  constructor(method: CachedMethod, self: object, args: readonly unknown[], key?: Cell) {
    this.#method = method;
    this.self = self;
    this.args = args;
    this.shortId = method.rowKey(self, args, key);
    if (this.shortId !== undefined) return;
    this.#parts = method.parts(self, args);
    this.shortId = method.shortId(this.#parts);
    // NOTE: at once where it may throw, also where the cache is not asked
    if (this.shortId === undefined) this.#identity = method.identityOf(this.#parts);
  }

  get identity(): string {
    this.#identity ??= this.#method.identityOf(this.#parts ?? this.#method.partsOfRow(this.shortId));
    return this.#identity;
  }

  dependencies(): readonly string[] {
    return this.#method.dependencies(this.identity);
  }

  run(frame: DependencyFrame): Promise<unknown> {
    return this.#method.run(this, frame);
  }

  note(): string | undefined {
    return noteOf([this.self, ...this.args]);
  }

  renewElsewhere(madeAt: number): Promise<void> {
    return renewLater(this.#method.target, [this.self, ...this.args], { madeAt });
  }
}

const methods = new WeakMap<object, Map<MethodDeclaration, CachedMethod>>();
const declarations = new WeakMap<object, MethodDeclaration>();

beforeModelIsKnown((model, label) => {
  const found = methodNames(model).map(
    (name) => [`${label}.${name}`, declarationIn(model, name)?.where ?? name] as const,
  );
  declareMethodLabels(new Map(found));
});

/** Notes that `wrapper` stands for a computed method. */
export function registerMethod(wrapper: object, declaration: MethodDeclaration): void {
  declarations.set(wrapper, declaration);
}

/** The computed method of this name of a class. Throws UsageError if there is none. */
export function methodOf(model: ModelClassLike, name: string): CachedMethod {
  const declaration = declarationIn(model, name);
  if (!declaration) {
    throw new UsageError(`moneyclip.of(${model.name}, '${name}'): ${model.name}.${name} is no method under @moneyclip`);
  }
  return methodIn(model, declaration);
}

/** The same; undefined if there is none. */
export function findMethod(model: ModelClassLike, name: string): CachedMethod | undefined {
  const declaration = declarationIn(model, name);
  return declaration && methodIn(model, declaration);
}

/** The computed method of a class that has it, also where a subclass overrides it. */
export function methodIn(model: ModelClassLike, declaration: MethodDeclaration): CachedMethod {
  let known = methods.get(model);
  const method = known?.get(declaration);
  if (method?.isCurrent) return method;
  if (!known) methods.set(model, (known = new Map<MethodDeclaration, CachedMethod>()));
  const made = new CachedMethod(declaration, model);
  known.set(declaration, made);
  return made;
}

/** The names of the computed methods that a class has, its own and those it inherits. */
export function methodNames(model: ModelClassLike): readonly string[] {
  const names = new Set<string>();
  for (let from: unknown = model.prototype; from instanceof Model; from = Object.getPrototypeOf(from)) {
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(from))) {
      const value: unknown = property.value; // NOTE: not by reading it, since getters want an instance
      if (typeof value === 'function' && declarations.has(value)) names.add(name);
    }
  }
  return [...names];
}

function declarationIn(model: ModelClassLike, name: string): MethodDeclaration | undefined {
  const wrapper: unknown = Reflect.get(model.prototype as object, name);
  return typeof wrapper === 'function' ? declarations.get(wrapper) : undefined;
}
