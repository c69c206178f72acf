/**
 * The canonical form of one column's value: what JSON keeps exactly. Everything goes through it: a database row and a
 * cached row become the same cells, so a hit cannot differ from a read in value or type; a change is a cell that
 * differs; a condition stamp is made of a cell's text.
 */
export type Cell = string | number | boolean | null;

/** A row as cells, in the order of the model's columns. Never changed once made: it is shared by everything that saw it. */
export type Row = readonly Cell[];
