import { CachedModel, Column, PrimaryKey, Table, type Manager } from '../../../src/index.js';

/** A model whose lists are kept whole. */
@Table('stampede_people', { label: 'stampede.Person' })
export class Person extends CachedModel {
  declare static objects: Manager<Person>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare team: number;
}

/** A model whose lists are kept as keys. */
@Table('stampede_pages', { label: 'stampede.Page' })
export class Page extends CachedModel {
  declare static objects: Manager<Page>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare team: number;
  @Column({ type: 'integer', default: 0, volatile: true }) declare views: number;
}

/** The lists that many ask for at once, by the names under which a process is told to. */
export const lists = {
  list: () => Person.objects.filter({ team: 1 }).orderBy('id').cache({ lock: true }),
  'list without a lock': () => Person.objects.filter({ team: 1 }).orderBy('id').cache(),
  'list by reference': () => Page.objects.filter({ team: 1 }).orderBy('id').cache({ lock: true }),
};

export type ListName = keyof typeof lists;
