import type { RedisClient, RedisPipelineReply } from '../redis-client.js';

/** What is queued besides what every cache needs. */
export interface GatePipeline {
  time(): unknown;
  info(...sections: string[]): unknown;
  get(key: string): unknown;
  exec(): Promise<RedisPipelineReply[] | null>;
}

/** What a gate needs of a client besides what every cache needs: the `Redis` of ioredis has it. */
export interface GateClient {
  readonly status: string;
  readonly options?: { readonly db?: number; readonly keyPrefix?: string };
  info(...sections: string[]): Promise<string>;
  eval(script: string, numberOfKeys: number, ...words: string[]): Promise<unknown>;
  pipeline(): GatePipeline;
  on(event: 'ready' | 'close', listener: () => void): unknown;
}

/** The client as one that can keep a gate; undefined where it lacks what that takes. */
export function toGateClient(client: RedisClient): GateClient | undefined {
  const hasAll = ['info', 'eval'].every((method) => typeof Reflect.get(client, method) === 'function');
  return hasAll ? (client as RedisClient & GateClient) : undefined; // as just seen
}
