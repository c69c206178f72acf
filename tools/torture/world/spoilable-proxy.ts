import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** What is done with a piece of data that a client sends: it is passed on after the promise, and not if it says `false`. */
export type Tap = (text: string) => Promise<boolean> | undefined;

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** What is still to be passed on, in order, whatever happens to it. */
  readonly queue: Piece[];
  /** Set while a tap makes what follows wait. */
  isTapped: boolean;
}

interface Piece {
  readonly pass: () => void;
  dueAt: number;
}

/** A TCP connection between one process and one server, which can be cut, held up, delayed, watched and led elsewhere. */
export class SpoilableProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #target: number;
  #mode: 'open' | 'cut' | 'stalled' = 'open';
  #delayMs = 0;
  #tap: Tap | undefined;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  static async start(target: number): Promise<SpoilableProxy> {
    const proxy = new SpoilableProxy(target);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // a TCP server that listens has no other address
  }

  /** Closes all connections and refuses new ones. */
  cut(): void {
    this.#mode = 'cut';
    this.disconnect();
  }

  /** Passes nothing on, in either direction, and leaves everything open. */
  stall(): void {
    this.#mode = 'stalled';
  }

  /** Everything takes so much longer, each way. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** As it was at first; what was held back is passed on now. */
  mend(): void {
    this.#mode = 'open';
    this.#delayMs = 0;
    this.#tap = undefined;
    for (const pair of this.#pairs) {
      for (const piece of pair.queue) piece.dueAt = 0;
      this.#passOn(pair);
    }
  }

  /** Closes all connections; the next ones go to where they are led now. */
  disconnect(): void {
    for (const pair of this.#pairs) destroy(pair);
  }

  /** New connections go to another port. Those that there are stay. */
  lead(target: number): void {
    this.#target = target;
  }

  /** Shows every piece of data that a client sends until the proxy is mended. */
  watch(tap: Tap): void {
    this.#tap = tap;
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    if (this.#mode === 'cut') {
      client.destroy();
      return;
    }
    const server = createConnection({ port: this.#target, host: '127.0.0.1', noDelay: true });
    const pair: Pair = { client, server, queue: [], isTapped: false };
    this.#pairs.add(pair);
    for (const socket of [client, server]) {
      socket.on('error', () => destroy(pair));
      socket.once('close', () => {
        this.#pairs.delete(pair);
        this.#later(pair, () => destroy(pair));
      });
    }
    client.on('data', (data) => this.#sent(pair, data));
    server.on('data', (data) => this.#later(pair, () => void client.write(data)));
  }

  #sent(pair: Pair, data: Buffer | string): void {
    const pass = (): void => void pair.server.write(data);
    const verdict = pair.isTapped || pair.queue.length > 0 ? undefined : this.#tap?.(textOf(data));
    if (!verdict) {
      this.#later(pair, pass);
      return;
    }
    pair.isTapped = true;
    void verdict.then((passes) => {
      pair.isTapped = false;
      if (passes) pass();
      this.#passOn(pair);
    });
  }

  #later(pair: Pair, pass: () => void): void {
    pair.queue.push({ pass, dueAt: this.#delayMs > 0 ? performance.now() + this.#delayMs : 0 });
    this.#passOn(pair);
  }

  /** In order, and nothing while it is stalled or a tap thinks. */
  #passOn(pair: Pair): void {
    while (this.#mode !== 'stalled' && !pair.isTapped) {
      const next = pair.queue[0];
      if (!next) return;
      const waitMs = next.dueAt - performance.now();
      if (waitMs > 0) {
        setTimeout(() => this.#passOn(pair), waitMs);
        return;
      }
      pair.queue.shift();
      next.pass();
    }
  }
}

function destroy({ client, server }: Pair): void {
  client.destroy();
  server.destroy();
}

/** NOTE: types of later releases of Node say that a socket may give texts. */
function textOf(data: Buffer | string): string {
  return typeof data === 'string' ? data : data.toString('latin1');
}
