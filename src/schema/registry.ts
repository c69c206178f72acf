import { UsageError } from '../errors.js';
import { nearest } from '../support/nearest.js';
import { declarationOf, type ModelClassLike, type ModelReference } from './declaration.js';

/** Told of a model and its label. */
type ModelListener = (model: ModelClassLike, label: string) => void;

const byLabel = new Map<string, ModelClassLike[]>();
const listeners: ModelListener[] = [];
let version = 0;

/** Calls a listener for each model that is declared from now on, before it is known: what it throws refuses the model. */
export function beforeModelIsKnown(listener: ModelListener): void {
  listeners.push(listener);
}

/** Makes a model known by its label. A class declared again for the same table takes the place of the earlier one. */
export function registerModel(model: ModelClassLike, label: string): void {
  for (const listener of listeners) listener(model, label);
  const others = (byLabel.get(label) ?? []).filter((other) => tableOf(other) !== tableOf(model));
  byLabel.set(label, [...others, model]);
  version += 1;
}

/** Grows with every model that is declared: what was derived from all models is outdated then. */
export function registryVersion(): number {
  return version;
}

/** The model behind a class, a thunk or a label. Throws UsageError, naming `where`, if there is none or more than one. */
export function resolveModel(reference: ModelReference, where: string): ModelClassLike {
  if (typeof reference === 'string') return byUniqueLabel(reference, where);
  if (typeof reference === 'function' && tableOf(reference) !== undefined) return reference as ModelClassLike; // it has a @Table
  const target: unknown =
    typeof reference === 'function' && !isClass(reference) ? (reference as () => unknown)() : reference;
  if (typeof target === 'function' && tableOf(target) !== undefined) return target as ModelClassLike; // it has a @Table
  throw new UsageError(
    `${where} names no model: expected a class with @Table, a function that returns one, or a label; got ${describe(target)}. ` +
      `If two modules import each other, write a function or a label.`,
  );
}

/** The model with this label, or undefined where none has been declared yet. */
export function findModel(label: string): ModelClassLike | undefined {
  return byLabel.get(label)?.at(-1);
}

/** Every model with this label: modules that do not know of each other may use the same for tables of their own. */
export function modelsLabelled(label: string): readonly ModelClassLike[] {
  return byLabel.get(label) ?? [];
}

/** Every model that has a table, in the order of declaration. */
export function allModels(): ModelClassLike[] {
  return [...byLabel.values()].flat();
}

function byUniqueLabel(label: string, where: string): ModelClassLike {
  const models = byLabel.get(label) ?? [];
  const [model] = models;
  if (model && models.length === 1) return model;
  if (model) {
    const tables = models.map((each) => `${each.name} (table ${tableOf(each)})`).join(' and ');
    throw new UsageError(
      `${where} names '${label}', which ${tables} both have as their label. Give each its own: @Table(name, { label }).`,
    );
  }
  const hint = nearest(label, [...byLabel.keys()]);
  throw new UsageError(
    `${where} names '${label}', but no model with that label is declared${hint ? `; did you mean '${hint}'?` : '.'} ` +
      `Import the module that declares it before the first use.`,
  );
}

function tableOf(model: object): string | undefined {
  return declarationOf(model).table?.name;
}

const classes = new WeakMap<object, boolean>();

/** NOTE: remembered, since each read of a foreign key comes here and the text of a function takes a microsecond. */
function isClass(value: object): boolean {
  let known = classes.get(value);
  if (known === undefined) {
    known = Function.prototype.toString.call(value).startsWith('class');
    classes.set(value, known);
  }
  return known;
}

function describe(value: unknown): string {
  return typeof value === 'function' ? `${value.name || 'a function'} without @Table` : String(value);
}
