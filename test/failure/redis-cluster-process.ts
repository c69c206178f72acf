import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Cluster, Redis } from 'ioredis';
import { freePort, RedisProcess } from './redis-process.js';

const slots = [
  [0, 5460],
  [5461, 10922],
  [10923, 16383],
] as const;

/** A Redis Cluster of a test's own: three masters without replicas. */
export class RedisClusterProcess {
  readonly nodes: readonly RedisProcess[];
  readonly #folder: string;

  private constructor(nodes: readonly RedisProcess[], folder: string) {
    this.nodes = nodes;
    this.#folder = folder;
  }

  static async start(): Promise<RedisClusterProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'moneyclip-cluster-'));
    const nodes = await Promise.all(slots.map((_, index) => startNode(folder, index)));
    await Promise.all(nodes.map((node, index) => introduce(node, nodes, slots[index]!)));
    await Promise.all(nodes.map((node) => untilReady(node)));
    return new RedisClusterProcess(nodes, folder);
  }

  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
  }

  connect(): Cluster {
    return new Cluster(this.addresses);
  }

  async kill(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Node extends RedisProcess {
  busPort?: number;
}

async function startNode(folder: string, index: number): Promise<Node> {
  const busPort = await freePort();
  const configFile = join(folder, `nodes-${index}.conf`);
  const options = { 'cluster-enabled': 'yes', 'cluster-port': busPort, 'cluster-node-timeout': 2000 };
  const node: Node = await RedisProcess.start({ ...options, 'cluster-config-file': configFile });
  node.busPort = busPort;
  return node;
}

async function introduce(node: Node, nodes: readonly Node[], [first, last]: readonly [number, number]): Promise<void> {
  const client = new Redis(node.port);
  await client.call('CLUSTER', 'ADDSLOTSRANGE', first, last);
  for (const { port, busPort } of nodes) {
    if (port !== node.port) await client.call('CLUSTER', 'MEET', '127.0.0.1', port, busPort!);
  }
  client.disconnect();
}

async function untilReady(node: RedisProcess): Promise<void> {
  const client = new Redis(node.port);
  while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) await wait(50);
  client.disconnect();
}
