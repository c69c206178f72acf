/** Turns a property's name into a column's name. */
export type Naming = (property: string) => string;

/** `createdAt` becomes `created_at`; the default. */
export const snakeCase: Naming = (property) =>
  property
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();

/** Names stay as they are. */
export const sameName: Naming = (property) => property;
