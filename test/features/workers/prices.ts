import { cached, CacheNode, Node } from '../../../src/index.js';

cached('worker.prices', async (id: number) => `price of ${id}`);

@Node('worker.node')
export class Price extends CacheNode<{ id: number }, number> {
  override async load(): Promise<number> {
    return this.fields.id;
  }
}
