import { expect } from 'chai';
import {
  CachedModel,
  Column,
  count,
  F,
  ForeignKey,
  ManyToMany,
  max,
  PrimaryKey,
  Q,
  sum,
  Table,
  type KeyedPage,
  type Manager,
  type QuerySet,
  type Related,
  type RelatedSet,
} from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { connected } from '../../support/connected.js';

@Table('byhand_writers', { label: 'byhand.Writer' })
class Writer extends CachedModel {
  declare static objects: Manager<Writer>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare name: string;
  @Column({ type: 'text', nullable: true }) declare email: string | null;
  @ForeignKey(() => Writer, { nullable: true, onDelete: 'set null' }) declare mentor: Related<Writer | null>;
  declare mentorId: number | null;
  declare readonly papers: QuerySet<Paper>;
}

@Table('byhand_labels', { label: 'byhand.Label' })
class Label extends CachedModel {
  declare static objects: Manager<Label>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare name: string;
}

@Table('byhand_papers', { label: 'byhand.Paper' })
class Paper extends CachedModel {
  declare static objects: Manager<Paper>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare title: string;
  @Column({ type: 'text', nullable: true }) declare note: string | null;
  @Column({ type: 'integer' }) declare words: number;
  @Column({ type: 'decimal', nullable: true }) declare price: string | null;
  @Column({ type: 'json', nullable: true }) declare meta: Record<string, unknown> | null;
  @ForeignKey(() => Writer, { relatedName: 'papers' }) declare writer: Related<Writer>;
  declare writerId: number;
  @ForeignKey(() => Writer, { nullable: true }) declare editor: Related<Writer | null>;
  declare editorId: number | null;
  @ManyToMany(() => Label) declare readonly labels: RelatedSet<Label>;
}

async function fill(): Promise<void> {
  await Writer.objects.bulkCreate([
    { id: 1, name: 'Ann', email: 'ann@x.org' },
    { id: 2, name: 'Bob', mentorId: 1 },
    { id: 3, name: 'Cem', email: 'cem@x.org', mentorId: 2 },
    { id: 4, name: 'Dee' },
  ]);
  await Label.objects.bulkCreate(['red', 'blue', 'green'].map((name, index) => ({ id: index + 1, name })));
  const meta = { kind: 'a', n: 1, deep: { x: true } };
  const papers = await Paper.objects.bulkCreate([
    { id: 1, title: 'Alpha', note: 'x', words: 100, price: '9.50', meta, writerId: 1, editorId: 2 },
    { id: 2, title: 'beta', words: 300, meta: { kind: 'b', n: 2.5 }, writerId: 1 },
    { id: 3, title: 'Gamma', note: '', words: 200, price: '20', writerId: 2, editorId: 3 },
    { id: 4, title: 'a_b%c', note: 'X', words: 50, price: '9.5', meta: { kind: null }, writerId: 3 },
    { id: 5, title: 'ÄLPHA', words: 100, price: '7.25', meta: { n: '1' }, writerId: 2, editorId: 1 },
  ]);
  await papers[0]?.labels.add(1, 2);
  await papers[1]?.labels.add(2);
  await papers[2]?.labels.add(3, 1);
}

type Sql = string | { readonly sqlite: string; readonly postgres: string };
type Rows = unknown[][];
/** What it is about, the query, the same in SQL by hand, and the rows that both give on every database. */
type Question = readonly [what: string, ask: () => Promise<Rows>, sql: Sql, rows: Rows];

/** The rows of one column. */
const column = (...values: readonly unknown[]): Rows => values.map((value) => [value]);

async function ids(query: { ids(): Promise<number[]> }): Promise<Rows> {
  return column(...(await query.ids()));
}

const papers = (where: string): string => `SELECT id FROM byhand_papers WHERE ${where} ORDER BY id`;
const writers = (where: string): string => `SELECT id FROM byhand_writers WHERE ${where} ORDER BY id`;
const both = (sqlite: string, postgres: string): Sql => ({ sqlite: papers(sqlite), postgres: papers(postgres) });
const labelled = (where: string): string =>
  `id IN (SELECT l.paper_id FROM byhand_papers_labels l JOIN byhand_labels t ON t.id = l.label_id WHERE ${where})`;

/** Questions about papers, in the order of their keys. */
const filters: readonly (readonly [string, () => QuerySet<Paper>, Sql, Rows])[] = [
  ['exact', () => Paper.objects.filter({ title: 'Alpha' }), papers("title = 'Alpha'"), column(1)],
  [
    'iexact',
    () => Paper.objects.filter({ title__iexact: 'äLPha' }),
    both("title IN ('ÄLPHA', 'älpha')", `lower(title COLLATE "und-x-icu") = 'älpha'`),
    column(5),
  ],
  [
    'contains',
    () => Paper.objects.filter({ title__contains: '_b%' }),
    papers(`title LIKE '%\\_b\\%%' ESCAPE '\\'`),
    column(4),
  ],
  [
    'icontains',
    () => Paper.objects.filter({ title__icontains: 'AL' }),
    both("title LIKE '%al%'", "title ILIKE '%al%'"),
    column(1),
  ],
  [
    'startswith',
    () => Paper.objects.filter({ title__startswith: 'a' }),
    both("title GLOB 'a*'", "title LIKE 'a%'"),
    column(4),
  ],
  [
    'istartswith',
    () => Paper.objects.filter({ title__istartswith: 'A' }),
    both("title LIKE 'a%'", "title ILIKE 'a%'"),
    column(1, 4),
  ],
  [
    'endswith',
    () => Paper.objects.filter({ title__endswith: 'a' }),
    papers("substr(title, length(title)) = 'a'"),
    column(1, 2, 3),
  ],
  [
    'iendswith',
    () => Paper.objects.filter({ title__iendswith: 'PHA' }),
    both("title LIKE '%pha'", "title ILIKE '%pha'"),
    column(1, 5),
  ],
  [
    'regex',
    () => Paper.objects.filter({ title__regex: '^[A-G]' }),
    both("title GLOB '[A-G]*'", "title ~ '^[A-G]'"),
    column(1, 3),
  ],
  ['in', () => Paper.objects.filter({ words__in: [100, 50] }), papers('words IN (100, 50)'), column(1, 4, 5)],
  ['gt', () => Paper.objects.filter({ words__gt: 100 }), papers('words > 100'), column(2, 3)],
  ['gte', () => Paper.objects.filter({ words__gte: 200 }), papers('words >= 200'), column(2, 3)],
  ['lt', () => Paper.objects.filter({ words__lt: 100 }), papers('words < 100'), column(4)],
  ['lte', () => Paper.objects.filter({ words__lte: 100 }), papers('words <= 100'), column(1, 4, 5)],
  [
    'range',
    () => Paper.objects.filter({ words__range: [100, 200] }),
    papers('words BETWEEN 100 AND 200'),
    column(1, 3, 5),
  ],
  ['isnull', () => Paper.objects.filter({ note__isnull: true }), papers('note IS NULL'), column(2, 5)],
  ['isnull: false', () => Paper.objects.filter({ note__isnull: false }), papers('note IS NOT NULL'), column(1, 3, 4)],
  [
    'a decimal',
    () => Paper.objects.filter({ price: '9.5' }),
    both('CAST(price AS real) = 9.5', 'price = 9.5'),
    column(1, 4),
  ],
  [
    'a decimal gt',
    () => Paper.objects.filter({ price__gt: '9.5' }),
    both('CAST(price AS real) > 9.5', 'price > 9.5'),
    column(3),
  ],
  [
    'exclude with nulls',
    () => Paper.objects.exclude({ note: 'x' }),
    papers("note IS NULL OR note <> 'x'"),
    column(2, 3, 4, 5),
  ],
  [
    'exclude of two with nulls',
    () => Paper.objects.exclude({ note: 'x', words: 100 }),
    papers("(note = 'x' AND words = 100) IS NOT TRUE"),
    column(2, 3, 4, 5),
  ],
  ['exclude isnull', () => Paper.objects.exclude({ note: null }), papers('note IS NOT NULL'), column(1, 3, 4)],
  [
    'exclude across a nullable foreign key',
    () => Paper.objects.exclude({ editor__email: 'ann@x.org' }),
    papers("NOT EXISTS (SELECT 1 FROM byhand_writers e WHERE e.id = editor_id AND e.email = 'ann@x.org')"),
    column(1, 2, 3, 4),
  ],
  [
    'Q.or',
    () => Paper.objects.filter(Q.or({ title: 'beta' }, { words__lt: 60 })),
    papers("title = 'beta' OR words < 60"),
    column(2, 4),
  ],
  [
    'Q.not',
    () => Paper.objects.filter(Q.not(Q.and({ words__gte: 100 }, { note: null }))),
    papers('NOT (words >= 100 AND note IS NULL)'),
    column(1, 3, 4),
  ],
  [
    'a relation',
    () => Paper.objects.filter({ writer__name: 'Ann' }),
    "SELECT p.id FROM byhand_papers p JOIN byhand_writers w ON w.id = p.writer_id WHERE w.name = 'Ann' ORDER BY p.id",
    column(1, 2),
  ],
  [
    'a relation of a relation',
    () => Paper.objects.filter({ writer__mentor__name: 'Ann' }),
    `SELECT p.id FROM byhand_papers p JOIN byhand_writers w ON w.id = p.writer_id
     JOIN byhand_writers m ON m.id = w.mentor_id WHERE m.name = 'Ann' ORDER BY p.id`,
    column(3, 5),
  ],
  ['no row there', () => Paper.objects.filter({ editor__isnull: true }), papers('editor_id IS NULL'), column(2, 4)],
  ['the key there', () => Paper.objects.filter({ editor: 3 }), papers('editor_id = 3'), column(3)],
  [
    'many-to-many',
    () => Paper.objects.filter({ labels__name: 'blue' }),
    papers(labelled("t.name = 'blue'")),
    column(1, 2),
  ],
  [
    'many-to-many, once each',
    () => Paper.objects.filter({ labels__name__in: ['red', 'blue'] }),
    `SELECT DISTINCT p.id FROM byhand_papers p JOIN byhand_papers_labels l ON l.paper_id = p.id
     JOIN byhand_labels t ON t.id = l.label_id WHERE t.name IN ('red', 'blue') ORDER BY p.id`,
    column(1, 2, 3),
  ],
  [
    'two links',
    () => Paper.objects.filter({ labels: 1 }).filter({ labels__name: 'blue' }),
    papers(`${labelled('t.id = 1')} AND ${labelled("t.name = 'blue'")}`),
    column(1),
  ],
  [
    'one link with both',
    () => Paper.objects.filter({ labels: 1, labels__name: 'blue' }),
    papers(labelled("t.id = 1 AND t.name = 'blue'")),
    [],
  ],
  [
    'exclude many-to-many',
    () => Paper.objects.exclude({ labels__name: 'red' }),
    papers(`NOT ${labelled("t.name = 'red'")}`),
    column(2, 4, 5),
  ],
  [
    'no link',
    () => Paper.objects.filter({ labels__isnull: true }),
    papers('NOT EXISTS (SELECT 1 FROM byhand_papers_labels l WHERE l.paper_id = byhand_papers.id)'),
    column(4, 5),
  ],
  [
    'a column of another query',
    () => Paper.objects.filter({ writerId__in: Writer.objects.filter({ mentor: 1 }).column('id') }),
    papers('writer_id IN (SELECT id FROM byhand_writers WHERE mentor_id = 1)'),
    column(3, 5),
  ],
  [
    'another query with a limit',
    () => Paper.objects.filter({ id__in: Paper.objects.orderBy('-words').limit(2) }),
    papers('id IN (SELECT id FROM byhand_papers ORDER BY words DESC LIMIT 2)'),
    column(2, 3),
  ],
  [
    'exclude of a column with nulls',
    () => Paper.objects.exclude({ id__in: Writer.objects.column('mentorId') }),
    papers('id NOT IN (SELECT mentor_id FROM byhand_writers WHERE mentor_id IS NOT NULL)'),
    column(3, 4, 5),
  ],
  [
    'JSON',
    () => Paper.objects.filter({ meta__kind: 'a' }),
    both("json_extract(meta, '$.kind') = 'a'", "meta->>'kind' = 'a'"),
    column(1),
  ],
  [
    'JSON gt',
    () => Paper.objects.filter({ meta__n__gt: 1 }),
    both(
      "json_type(meta, '$.n') IN ('integer', 'real') AND json_extract(meta, '$.n') > 1",
      "CASE WHEN jsonb_typeof((meta->'n')::jsonb) = 'number' THEN (meta->>'n')::numeric > 1 END",
    ),
    column(2),
  ],
  [
    'JSON isnull',
    () => Paper.objects.filter({ meta__kind__isnull: true }),
    both("json_extract(meta, '$.kind') IS NULL", "meta->>'kind' IS NULL"),
    column(3, 4, 5),
  ],
  [
    'JSON deep inside',
    () => Paper.objects.filter({ meta__deep__x: true }),
    both("json_type(meta, '$.deep.x') = 'true'", "meta->'deep'->>'x' = 'true'"),
    column(1),
  ],
];

async function keyPages(query: QuerySet<Paper>): Promise<Rows> {
  const found: Rows = [];
  for (let after: string | undefined; ;) {
    const page: KeyedPage<Paper> = await query.paginate({ after, pageSize: 2 });
    found.push(...page.items.map(({ id }) => [id]));
    if (page.next === undefined) return found;
    after = page.next;
  }
}

const joined = (order: string): string =>
  `SELECT p.id FROM byhand_papers p JOIN byhand_writers w ON w.id = p.writer_id
   LEFT JOIN byhand_writers e ON e.id = p.editor_id ORDER BY ${order}`;

const others: readonly Question[] = [
  [
    'back across a foreign key',
    () => ids(Writer.objects.filter({ papers__words__gt: 150 }).orderBy('id')),
    writers('id IN (SELECT writer_id FROM byhand_papers WHERE words > 150)'),
    column(1, 2),
  ],
  [
    'exclude back across a foreign key',
    () => ids(Writer.objects.exclude({ papers__note: 'x' }).orderBy('id')),
    writers("NOT EXISTS (SELECT 1 FROM byhand_papers p WHERE p.writer_id = byhand_writers.id AND p.note = 'x')"),
    column(2, 3, 4),
  ],
  [
    'nothing back across a foreign key',
    () => ids(Writer.objects.filter({ papers__isnull: true }).orderBy('id')),
    writers('id NOT IN (SELECT writer_id FROM byhand_papers)'),
    column(4),
  ],
  [
    'order across relations',
    () => ids(Paper.objects.orderBy('writer__name', '-words')),
    joined('w.name, p.words DESC'),
    column(2, 1, 3, 5, 4),
  ],
  [
    'order with nulls',
    () => ids(Paper.objects.orderBy('editor__name', 'id')),
    joined('e.name IS NULL, e.name, p.id'),
    column(5, 1, 3, 2, 4),
  ],
  [
    'descending order with nulls',
    () => ids(Paper.objects.orderBy('-editor__name', 'id')),
    joined('e.name IS NOT NULL, e.name DESC, p.id'),
    column(2, 4, 3, 1, 5),
  ],
  [
    'distinct values',
    async () => (await Paper.objects.distinct().orderBy('words').values('words')).map(({ words }) => [words]),
    'SELECT DISTINCT words FROM byhand_papers ORDER BY words',
    column(50, 100, 200, 300),
  ],
  [
    'pages by key',
    () => keyPages(Paper.objects.orderBy('-words', 'id')),
    'SELECT id FROM byhand_papers ORDER BY words DESC, id',
    column(2, 3, 1, 5, 4),
  ],
  [
    'pages by key with nulls',
    () => keyPages(Paper.objects.orderBy('-note', 'id')),
    'SELECT id FROM byhand_papers ORDER BY note IS NOT NULL, note COLLATE "C" DESC, id',
    column(2, 5, 1, 4, 3),
  ],
  [
    'a page by number',
    async () =>
      (await Paper.objects.orderBy('-words', 'id').paginate({ page: 2, pageSize: 2 })).items.map(({ id }) => [id]),
    'SELECT id FROM byhand_papers ORDER BY words DESC, id LIMIT 2 OFFSET 2',
    column(1, 5),
  ],
  [
    'values across relations',
    async () => {
      const rows = await Paper.objects.orderBy('id').values('title', 'writer__name', 'editor__email');
      return rows.map(({ title, writer__name, editor__email }) => [title, writer__name, editor__email]);
    },
    `SELECT p.title, w.name, e.email FROM byhand_papers p JOIN byhand_writers w ON w.id = p.writer_id
     LEFT JOIN byhand_writers e ON e.id = p.editor_id ORDER BY p.id`,
    [
      ['Alpha', 'Ann', null],
      ['beta', 'Ann', null],
      ['Gamma', 'Bob', 'cem@x.org'],
      ['a_b%c', 'Cem', null],
      ['ÄLPHA', 'Bob', 'ann@x.org'],
    ],
  ],
  [
    'aggregates',
    async () => {
      const found = await Paper.objects.aggregate({
        n: count(),
        noted: count('note'),
        lengths: count('words', { distinct: true }),
        words: sum('words'),
        most: max('words'),
      });
      return [[found.n, found.noted, found.lengths, found.words, found.most]];
    },
    `SELECT CAST(count(*) AS integer) a, CAST(count(note) AS integer) b, CAST(count(DISTINCT words) AS integer) c,
     CAST(sum(words) AS integer) d, max(words) e FROM byhand_papers`,
    [[5, 3, 4, 750, 300]],
  ],
  [
    'aggregates with groups',
    async () => {
      const groups = Paper.objects.groupBy('writerId');
      const rows = await groups.aggregate({ n: count(), words: sum('words') }, { orderBy: ['writerId'] });
      return rows.map(({ writerId, n, words }) => [writerId, n, words]);
    },
    `SELECT writer_id, CAST(count(*) AS integer) n, CAST(sum(words) AS integer) words
     FROM byhand_papers GROUP BY writer_id ORDER BY writer_id`,
    [
      [1, 2, 400],
      [2, 2, 300],
      [3, 1, 50],
    ],
  ],
  [
    'groups across relations, with a null',
    async () => {
      const groups = Paper.objects.groupBy('editor__name');
      const rows = await groups.aggregate({ most: max('words') }, { orderBy: ['-most', 'editor__name'], limit: 3 });
      return rows.map(({ editor__name, most }) => [editor__name, most]);
    },
    `SELECT e.name, max(p.words) most FROM byhand_papers p LEFT JOIN byhand_writers e ON e.id = p.editor_id
     GROUP BY e.name ORDER BY most DESC, e.name IS NULL, e.name LIMIT 3`,
    [
      [null, 300],
      ['Cem', 200],
      ['Ann', 100],
    ],
  ],
  [
    'F',
    async () => {
      await Paper.objects.filter({ words__gte: 100 }).update({ words: F('words').times(2).plus(1) });
      return (await Paper.objects.orderBy('id').values('words')).map(({ words }) => [words]);
    },
    'SELECT CASE WHEN words >= 100 THEN words * 2 + 1 ELSE words END words FROM byhand_papers ORDER BY id',
    column(201, 601, 401, 50, 201),
  ],
];

const questions: readonly Question[] = [
  ...filters.map(([what, query, sql, rows]): Question => [what, () => ids(query().orderBy('id')), sql, rows]),
  ...others,
];

forEachCombination((combination) => {
  const dialect = combination.database === 'postgres' ? 'postgres' : 'sqlite';

  describe('the same rows as SQL by hand', () => {
    const db = connected(combination, [Writer, Label, Paper]);
    beforeEach(fill);

    async function byHand(sql: Sql): Promise<Rows> {
      const text = typeof sql === 'string' ? sql : sql[dialect];
      const own = dialect === 'sqlite' ? text.replaceAll('COLLATE "C"', '') : text;
      const found = (await db().knex.raw(own)) as object[] | { readonly rows: object[] }; // as either driver gives them
      return (Array.isArray(found) ? found : found.rows).map((row) => Object.values(row) as unknown[]);
    }

    for (const [what, ask, sql, rows] of questions) {
      it(what, async () => {
        const expected = await byHand(sql); // NOTE: first, since a query may be a write
        expect(expected, 'by hand').to.deep.equal(rows);
        expect(await ask()).to.deep.equal(rows);
      });
    }
  });
});
