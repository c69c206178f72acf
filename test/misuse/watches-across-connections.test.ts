import { describe, it } from 'mocha';
import { CachedModel, connect, moneyclip, PrimaryKey, Table, UsageError, type Manager } from '../../src/index.js';
import { rejection } from '../support/rejection.js';

@Table('across_reports', { label: 'across.Report', connection: 'across-reports' })
class Report extends CachedModel {
  @PrimaryKey() declare id: number;
}

@Table('across_pages', { label: 'across.Page' })
class Page extends CachedModel {
  declare static objects: Manager<Page>;
  @PrimaryKey() declare id: number;

  @moneyclip({ watch: [() => Report] })
  async whole(): Promise<number> {
    return 1;
  }

  @moneyclip('across::%s', (page: Page) => [page.id], () => Report, () => null)
  async followed(): Promise<number> {
    return 1;
  }
}

describe('a computed method that watches a model of another connection', () => {
  it('says that it would not hear of its writes', async () => {
    const db = await connect({ database: 'sqlite::memory:' });
    try {
      await db.createTables([Page]);
      const page = await Page.create({});
      for (const name of ['whole', 'followed'] as const) {
        await rejection(
          page[name](),
          UsageError,
          `Page.${name}: it watches across.Report of connection 'across-reports', but its values are kept by connection 'default', which does not hear of those writes. Give it a ttl and call moneyclip.of(…).invalidate() instead.`,
        );
      }
    } finally {
      await db.close();
    }
  });
});
