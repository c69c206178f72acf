import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { expectTypeOf } from 'expect-type';
import { Redis, type Cluster } from 'ioredis';
import type { Cluster as Cluster5, Redis as Redis5 } from 'ioredis-5';
import { describe, it } from 'mocha';
import { UsageError } from '../../../src/errors.js';
import { connectRedis, parseRedisUrl, type RedisClient } from '../../../src/store/redis-client.js';

describe('RedisClient', () => {
  it('is what the clients of ioredis 5 and 6 are, without a cast', () => {
    expectTypeOf<Redis>().toExtend<RedisClient>();
    expectTypeOf<Cluster>().toExtend<RedisClient>();
    expectTypeOf<Redis5>().toExtend<RedisClient>();
    expectTypeOf<Cluster5>().toExtend<RedisClient>();
  });
});

describe('parseRedisUrl', () => {
  const plain = { host: 'localhost', port: 6379, db: 0, username: undefined, password: undefined, tls: false };

  it('reads host, port, database, user, password and TLS', () => {
    expect(parseRedisUrl('redis://localhost')).to.deep.equal(plain);
    expect(parseRedisUrl('redis://localhost/')).to.deep.equal(plain);
    expect(parseRedisUrl('redis://localhost:7000/3')).to.deep.equal({ ...plain, port: 7000, db: 3 });
    expect(parseRedisUrl('redis://:secret@localhost')).to.deep.equal({ ...plain, password: 'secret' });
    expect(parseRedisUrl('rediss://ann:p%40ss%3A@localhost')).to.deep.equal({
      ...plain,
      username: 'ann',
      password: 'p@ss:',
      tls: true,
    });
    expect(parseRedisUrl('redis://[::1]:7000')).to.deep.equal({ ...plain, host: '::1', port: 7000 });
  });

  const refused: readonly (readonly [string, string])[] = [
    ['redis://', 'this is not one'],
    ['redis:///1', 'this is not one'],
    ['redis://localhost:port', 'this is not one'],
    ['redis://localhost:65536', 'this is not one'],
    ['http://localhost', 'this is not one'],
    ['redis://localhost/one', 'the path must be the number of the database, such as /1'],
    ['redis://localhost/1/2', 'the path must be the number of the database, such as /1'],
    [
      'redis://localhost?family=6',
      'it takes no options; give an ioredis client instead, made with the options that you need',
    ],
    ['redis://ann:%zz@localhost', 'in user and password the % sign must be written as %25'],
  ];

  for (const [url, reason] of refused) {
    it(`refuses ${url}`, () => {
      expect(() => parseRedisUrl(url)).to.throw(
        UsageError,
        `A Redis cache needs a URL such as 'redis://user:password@localhost:6379/0' or 'rediss://…' for TLS: ${reason}.`,
      );
    });
  }

  it('keeps passwords out of its messages', () => {
    expect(() => parseRedisUrl('redis://ann:geheim@localhost/x'))
      .to.throw(UsageError)
      .with.property('message')
      .that.does.not.include('geheim');
  });
});

describe('connectRedis', () => {
  it('makes a client that never waits for long, sends nothing twice, and keeps trying to connect', async () => {
    const client = await connectRedis('redis://127.0.0.1:1');
    client.disconnect();
    expect(client).to.be.instanceOf(Redis);
    const { retryStrategy, ...options } = (client as Redis).options; // expected in the line before
    expect(options).to.include({ enableOfflineQueue: false, maxRetriesPerRequest: 0 });
    expect(options).to.include({ autoResendUnfulfilledCommands: false, protocol: 3 });
    expect(options).to.include({ connectTimeout: 2_000 });
    expect([1, 2, 3, 100, 1e6].map((attempt) => retryStrategy?.(attempt))).to.deep.equal([50, 100, 200, 1000, 1000]);
  });

  it('connects by itself, but for TLS', async () => {
    for (const [url, isOwn] of [
      ['redis://127.0.0.1:1', true],
      ['rediss://127.0.0.1:1', false],
    ] as const) {
      const client = await connectRedis(url, { lazyConnect: true });
      client.disconnect();
      expect(Reflect.get(client.options, 'Connector') !== undefined, url).to.equal(isOwn);
    }
  });

  it('says what to install where ioredis is missing', async () => {
    const hook = `export function resolve(name, context, next) {
      if (name === 'ioredis') throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    }`;
    const program = `
      import { register } from 'node:module';
      register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(hook)}));
      const { connectRedis } = await import('./src/store/redis-client.ts');
      await connectRedis('redis://127.0.0.1:1').catch((error) => console.log(error.name + ': ' + error.message));`;
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      program,
    ]);
    expect(stdout).to.equal("UsageError: A cache in Redis needs the package 'ioredis': run npm install ioredis.\n");
  });
});
