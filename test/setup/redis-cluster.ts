import { createConnection } from 'node:net';
import { once } from 'node:events';
import { freePort } from './free-port.js';
import { startRedis, type TestServer } from './servers.js';

const SLOTS = 16_384;
const JOIN_TIMEOUT_MS = 15_000;
const BUS_PORT_OFFSET = 10_000;

/** Options of `startRedisCluster`. */
export interface RedisClusterOptions {
  /** How many masters share the slots; there are no replicas. Default 3. */
  readonly masters?: number;
}

/** A Redis Cluster of masters, each a process of its own. */
export interface TestRedisCluster {
  readonly nodes: readonly TestServer[];
  readonly urls: readonly string[];
  stop(): Promise<void>;
}

/** Starts a Redis Cluster whose masters hold equal parts of the slots, and resolves when all of them agree on that. */
export async function startRedisCluster({ masters = 3 }: RedisClusterOptions = {}): Promise<TestRedisCluster> {
  const nodes = await Promise.all(Array.from({ length: masters }, startClusterNode));
  await Promise.all(nodes.map((node, index) => assignSlots(node, index, masters)));
  await Promise.all(nodes.slice(1).map((node) => meet(node, nodes)));
  await Promise.all(nodes.map((node) => untilComplete(node, masters)));
  return {
    nodes,
    urls: nodes.map((node) => node.url),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.kill())); // nothing is worth saving, and a good end waits for the others
    },
  };
}

const START_ATTEMPTS = 5;

/** The port of the bus was free a moment ago; where somebody took it meanwhile, another is tried. */
async function startClusterNode(): Promise<TestServer> {
  for (let attempt = 1; ; attempt += 1) {
    const busPort = await freePort();
    try {
      return await startRedis({
        settings: { 'cluster-enabled': 'yes', 'cluster-port': busPort, 'cluster-node-timeout': 2_000 },
      });
    } catch (error) {
      if (attempt === START_ATTEMPTS || !String(error).includes('Address already in use')) throw error;
    }
  }
}

async function assignSlots(node: TestServer, index: number, masters: number): Promise<void> {
  const first = Math.floor((index * SLOTS) / masters);
  const last = Math.floor(((index + 1) * SLOTS) / masters) - 1;
  const epoch = await command(node, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
  const added = await command(node, `CLUSTER ADDSLOTSRANGE ${first} ${last}`);
  if (!epoch.startsWith('+OK') || !added.startsWith('+OK')) throw new Error(`Redis Cluster: ${epoch} ${added}`);
}

async function meet(node: TestServer, nodes: readonly TestServer[]): Promise<void> {
  const [first] = nodes;
  if (!first) return;
  const settings = await command(first, 'CONFIG GET cluster-port');
  const busPort = /\r\n(\d+)\r\n$/.exec(settings)?.[1] ?? String(first.port + BUS_PORT_OFFSET);
  await command(node, `CLUSTER MEET 127.0.0.1 ${first.port} ${busPort}`);
}

async function untilComplete(node: TestServer, masters: number): Promise<void> {
  const deadline = Date.now() + JOIN_TIMEOUT_MS;
  let info = '';
  while (Date.now() < deadline) {
    info = await command(node, 'CLUSTER INFO');
    if (info.includes('cluster_state:ok') && info.includes(`cluster_size:${masters}`)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`The Redis Cluster was not complete after ${JOIN_TIMEOUT_MS} ms:\n${info}`);
}

/** Sends one inline command and returns the answer as it came; the answers here fit into one packet. */
async function command(node: TestServer, line: string): Promise<string> {
  const socket = createConnection(node.port, '127.0.0.1');
  try {
    socket.write(`${line}\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer]; // what a socket without an encoding emits
    return answer.toString();
  } finally {
    socket.destroy();
  }
}
