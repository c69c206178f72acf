import { ServerResponse, type IncomingMessage } from 'node:http';
import { namesIn, type Header, type Page } from './page.js';
import type { Head } from './may-be-kept.js';
import type { Recording } from './recording.js';

type Written = string | Uint8Array;
type Done = (error?: Error | null) => void;

/** What a handler answers to: it keeps what is written, or lets it through to the real response. */
export class RecordedResponse<Res extends ServerResponse> {
  /** What the handler is given. */
  readonly response: Res;
  /** Resolves when the handler has answered, or has left that to others. */
  readonly finished: Promise<void>;
  readonly #real: Res;
  readonly #recording: Recording;
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #state: 'open' | 'kept' | 'passing' | 'dropped' = 'open';
  #page: Page | undefined;
  #finish: () => void = () => undefined;

  constructor({
    request,
    response,
    recording,
  }: {
    readonly request: IncomingMessage;
    readonly response: Res;
    readonly recording: Recording;
  }) {
    this.#real = response;
    this.#recording = recording;
    this.finished = new Promise((resolve) => (this.#finish = resolve));
    this.response = this.#detached(request);
  }

  /** The page, where the answer may be kept. */
  page(): Page | undefined {
    return this.#page;
  }

  /** Nothing is going to be kept, and the handler answers no more. */
  giveUp(): void {
    this.#recording.giveUp();
    this.#finish();
  }

  /** A response without a connection, of the same class and with what others hung on the real one. */
  #detached(request: IncomingMessage): Res {
    const detached = new ServerResponse(request);
    Object.setPrototypeOf(detached, Object.getPrototypeOf(this.#real) as object);
    for (const name of Object.keys(this.#real)) {
      if (!(name in detached)) Reflect.set(detached, name, Reflect.get(this.#real, name));
    }
    Object.defineProperty(detached, 'headersSent', { get: () => this.#state !== 'open' });
    this.#real.on('drain', () => detached.emit('drain'));
    this.#real.on('close', () => detached.emit('close'));
    return Object.assign(detached, {
      writeHead: (status: number, ...rest: unknown[]) => this.#writeHead(status, rest),
      flushHeaders: () => this.#begin(),
      write: (chunk: Written, ...rest: unknown[]) => this.#write(chunk, rest),
      end: (...args: unknown[]) => this.#end(args),
    }) as unknown as Res; // it has its prototype
  }

  #writeHead(status: number, rest: readonly unknown[]): Res {
    const { response } = this;
    response.statusCode = status;
    const message = rest.find((one) => typeof one === 'string');
    if (message !== undefined) response.statusMessage = message;
    const headers = rest.find((one) => typeof one === 'object' && one !== null);
    for (const [name, value] of pairsOf(headers)) response.setHeader(name, value);
    this.#begin();
    return response;
  }

  /** Decides, once the head is known, what becomes of the answer. */
  #begin(): void {
    if (this.#state !== 'open') return;
    if (this.#recording.mayKeep(this.#head())) this.#state = 'kept';
    else this.#passOn();
  }

  #passOn(): void {
    this.#recording.giveUp();
    // NOTE: where the handler took too long, the error has been answered meanwhile
    const isOver = this.#recording.isBehind || this.#real.headersSent;
    this.#state = isOver ? 'dropped' : 'passing';
    const chunks = this.#chunks.splice(0);
    if (this.#state === 'dropped') return;
    const { statusCode, statusMessage } = this.response;
    this.#real.statusCode = statusCode;
    if (statusMessage) this.#real.statusMessage = statusMessage;
    putHeaders(this.#real, this.#head().headers);
    this.#real.flushHeaders();
    for (const chunk of chunks) this.#real.write(chunk);
  }

  #write(chunk: Written, rest: readonly unknown[]): boolean {
    this.#begin();
    const bytes = Buffer.from(chunk as string, encodingIn(rest)); // or bytes, which makes no difference here
    const done = rest.find((one) => typeof one === 'function') as Done | undefined;
    if (this.#state === 'passing') return this.#real.write(bytes, done);
    if (done) process.nextTick(done);
    if (this.#state === 'dropped') return true;
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    if (this.#length > this.#recording.maxBytes) this.#passOn();
    return true;
  }

  #end(args: readonly unknown[]): Res {
    const [chunk, ...rest] = args;
    const { response } = this;
    if (response.finished) return response;
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.#write(chunk, rest.filter(isNoFunction));
    else this.#begin();
    response.finished = true; // NOTE: what `writableEnded` tells, and those who ask whether it has been answered
    if (this.#state === 'passing') this.#real.end();
    if (this.#state === 'kept') this.#page = this.#recording.page(this.#head(), Buffer.concat(this.#chunks));
    this.#finish();
    const done = args.find((one) => typeof one === 'function') as Done | undefined;
    process.nextTick(() => {
      done?.();
      response.emit('finish');
    });
    return response;
  }

  #head(): Head {
    const { response } = this;
    const headers = response.getHeaderNames().flatMap((name) => {
      const value = response.getHeader(name) ?? '';
      return [value].flat().map((one) => [name, String(one)] as const);
    });
    return { status: response.statusCode, headers };
  }
}

/** Sets headers on a response that may have some already: lists are added to, everything else is replaced. */
export function putHeaders(response: ServerResponse, headers: readonly Header[]): void {
  const byName = new Map<string, string[]>();
  for (const [name, value] of headers) byName.set(name, [...(byName.get(name) ?? []), value]);
  for (const [name, values] of byName) {
    const before = [response.getHeader(name) ?? []].flat().map(String);
    if (name === 'vary') response.setHeader(name, [...new Set([...before, ...values].flatMap(namesIn))].join(', '));
    else if (name === 'set-cookie') response.setHeader(name, [...before, ...values]);
    else response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values);
  }
}

/** Headers as `writeHead` takes them: by names, or as a list in which names and values alternate. */
function pairsOf(headers: unknown): readonly (readonly [string, string | readonly string[]])[] {
  if (!Array.isArray(headers)) return Object.entries((headers ?? {}) as Record<string, string | readonly string[]>);
  if (Array.isArray(headers[0])) return headers as readonly (readonly [string, string])[];
  const list = headers as readonly string[];
  return list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? ''] as const] : []));
}

function encodingIn(rest: readonly unknown[]): BufferEncoding {
  const encoding = rest.find((one) => typeof one === 'string');
  return (encoding as BufferEncoding | undefined) ?? 'utf8';
}

function isNoFunction(value: unknown): boolean {
  return typeof value !== 'function';
}
