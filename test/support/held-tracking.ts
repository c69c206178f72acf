import { ClientTracking } from '../../src/store/client-tracking.js';
import { DirectConnection } from '../../src/store/direct-connection.js';
import { repeatedKeys, type RepeatedKeys } from '../../src/store/repeated-keys.js';
import { FakeClock } from '../../src/testing/index.js';
import { HeldSocket } from './held-socket.js';

export const redis = 'redis_version:7.0.15\r\nexecutable:/usr/bin/redis-server';

export function bulk(text: string | undefined): string {
  return text === undefined ? '_\r\n' : `$${Buffer.byteLength(text)}\r\n${text}\r\n`;
}

export function list(...texts: (string | undefined)[]): string {
  return `*${texts.length}\r\n${texts.map(bulk).join('')}`;
}

export function changed(...keys: string[]): string {
  return `>2\r\n$10\r\ninvalidate\r\n${list(...keys)}`;
}

interface Held {
  socket: HeldSocket;
  clock: FakeClock;
  tracking: ClientTracking;
  distrusted: string[];
  answers: (readonly (string | undefined)[] | Error)[];
}

/** The tracking under test, made anew by `setUp`, and what became of what was asked of it. */
export const held: Held = made();

function made(clock = new FakeClock()): Held {
  const socket = new HeldSocket();
  socket.on('error', () => undefined);
  const distrusted: string[] = [];
  const tracking = new ClientTracking(new DirectConnection(socket), clock, (key) => distrusted.push(key));
  return { socket, clock, tracking, distrusted, answers: [] };
}

export function setUp(): void {
  Object.assign(held, made());
}

/** Another connection, in place of the one that was there. */
export function connectAgain(): void {
  Object.assign(held, made(held.clock));
}

/** The commands that were sent since this was called last, without their framing. */
export function sent(): string[] {
  const words = held.socket.writes.splice(0).join('').split('\r\n');
  const commands: string[] = [];
  for (const word of words) {
    if (word.startsWith('*')) commands.push('');
    else if (word !== '' && !word.startsWith('$')) commands.push(`${commands.pop() ?? ''} ${word}`.trim());
  }
  return commands;
}

export function read(keys: readonly string[]): void {
  held.tracking.read(
    keys,
    (texts) => held.answers.push(texts),
    (error) => held.answers.push(error instanceof Error ? error : new Error(String(error))),
  );
}

export function start(facts = redis): void {
  held.tracking.start();
  held.socket.replies(`=${facts.length + 4}\r\ntxt:${facts}\r\n`);
  held.socket.replies('%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n');
  held.socket.replies('+OK\r\n');
  held.socket.writes.length = 0;
}

/** Replies to everything that was sent since, and tells what that was. */
export function answer(...texts: (string | undefined)[]): string[] {
  const commands = sent();
  for (const command of commands) {
    if (command === 'ping') held.socket.replies('+PONG\r\n');
    else held.socket.replies(command.startsWith('client') ? '+OK\r\n' : list(...texts));
  }
  return commands;
}

/** Asks until the texts are kept. */
export function keep(keys: readonly string[], ...texts: (string | undefined)[]): void {
  for (let time = 0; time < 2; time += 1) {
    read(keys);
    answer(...texts);
  }
  held.answers.length = 0;
}

export const keysOf = (...keys: string[]): RepeatedKeys => repeatedKeys(keys, true);
