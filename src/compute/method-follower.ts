import { Model } from '../model/model.js';
import type { ModelClassLike, ModelReference } from '../schema/declaration.js';
import { allModels, findModel } from '../schema/registry.js';
import { methodIn, type CachedMethod } from './cached-method.js';
import { labelDependency } from './computation-dependencies.js';
import { renewLater } from './later.js';
import type { MethodDeclaration, Path } from './method-declaration.js';
import { registerFollower, type Lead } from './row-followers.js';

/** Makes a computed method follow the rows of the models that its declaration watches by a path. */
export function followForMethod(owner: ModelClassLike, declaration: MethodDeclaration): void {
  for (const [watched, path] of declaration.paths) followPath(owner, declaration, { watched, path });
}

function followPath(
  owner: ModelClassLike,
  declaration: MethodDeclaration,
  { watched, path }: { readonly watched: ModelReference; readonly path: Path },
): void {
  registerFollower({
    watched,
    where: `@moneyclip ${declaration.where}`,
    follow: async (row) => {
      const args = await argumentsOf(path, row);
      if (!args) return [];
      const all = withSymmetrical(declaration, args);
      return methodsOf(owner, declaration).flatMap((method) => all.map((one) => leadOf(method, one)));
    },
    everything: () => methodsOf(owner, declaration).map(({ label }) => labelDependency(label)),
  });
}

/** The method in each class that has it: its own and those that extend it. */
function methodsOf(owner: ModelClassLike, declaration: MethodDeclaration): CachedMethod[] {
  return allModels()
    .filter((model) => model === owner || model.prototype instanceof owner)
    .map((model) => methodIn(model, declaration));
}

/** The arguments of the key function that a row leads to; undefined for "no key". */
async function argumentsOf(path: Path, row: object): Promise<unknown[] | undefined> {
  const result: unknown = await path(row);
  if (result === undefined || result === null) return undefined;
  if (!Array.isArray(result)) {
    throw new TypeError(`the path returned ${typeof result} instead of a list of the key function's arguments`);
  }
  const args = await Promise.all(result as unknown[]);
  return args.some((argument) => argument === null || argument === undefined) ? undefined : args;
}

function withSymmetrical(
  { symmetrical }: MethodDeclaration,
  args: readonly unknown[],
): readonly (readonly unknown[])[] {
  if (symmetrical === true) return [args, args.toReversed()];
  return symmetrical ? [args, symmetrical(...args)] : [args];
}

function leadOf(method: CachedMethod, [self, ...rest]: readonly unknown[]): Lead {
  const dependency = method.dependency(self, rest);
  const isOwn = self instanceof Model && self.constructor === findModel(method.schema.label);
  const delayMs = method.declaration.repopulateMs;
  if (delayMs === undefined || !isOwn) return { dependency };
  return { dependency, renew: () => renewLater(method.target, [self, ...rest], { delayMs }) };
}
