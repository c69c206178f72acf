import { declarationChain, declarationOf, type ModelClassLike, type ModelDeclaration } from './declaration.js';

/** True where a class that this one extends has the same relation in a table of its own, and so its other side. */
export function isInherited(model: ModelClassLike, property: string): boolean {
  for (
    let parent: unknown = Object.getPrototypeOf(model);
    typeof parent === 'function';
    parent = Object.getPrototypeOf(parent)
  ) {
    const ofParent = declarationChain(parent).some((declaration) => declares(declaration, property));
    if (declarationOf(parent).table && ofParent && !declares(declarationOf(model), property)) return true;
  }
  return false;
}

function declares({ columns, links }: ModelDeclaration, property: string): boolean {
  return columns.has(property) || links.has(property);
}
