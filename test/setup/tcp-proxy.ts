import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Where a proxy passes connections on to. */
export interface ProxyTarget {
  readonly port: number;
  readonly host?: string;
}

/** A TCP connection in the middle that a test can spoil. What it does holds for open and for new connections. */
export interface TcpProxy {
  readonly port: number;
  /** Open connections now. */
  readonly connections: number;
  /** Closes open connections and refuses new ones until `resume`. */
  cut(): void;
  /** Passes nothing on in either direction, and keeps everything open. */
  stall(): void;
  /** Passes each piece on this much later, order kept. */
  delay(ms: number): void;
  /** Passes everything on at once again, first what was held back. */
  resume(): void;
  close(): Promise<void>;
}

/** Starts a proxy on a free loopback port. */
export async function startTcpProxy(target: ProxyTarget): Promise<TcpProxy> {
  const proxy = new SpoilableProxy(target);
  await proxy.listen();
  return proxy;
}

class SpoilableProxy implements TcpProxy {
  readonly #target: ProxyTarget;
  readonly #server: Server;
  readonly #pairs = new Map<Socket, Socket>();
  /** Every socket that is not closed yet, also one whose other side is gone. */
  readonly #sockets = new Set<Socket>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #held: (() => void)[] = [];
  #mode: 'open' | 'cut' | 'stalled' | 'delayed' = 'open';
  #delayMs = 0;

  constructor(target: ProxyTarget) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#connect(client));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port; // a TCP server that listens has no other address
  }

  get connections(): number {
    return this.#pairs.size;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  // NOTE: no resetAndDestroy: after it Node 20 never comes to an end of its process
  cut(): void {
    this.#mode = 'cut';
    this.#held = [];
    for (const [client, upstream] of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  stall(): void {
    this.#mode = 'stalled';
  }

  delay(ms: number): void {
    this.#mode = 'delayed';
    this.#delayMs = ms;
    this.#release();
  }

  resume(): void {
    this.#mode = 'open';
    this.#release();
  }

  close(): Promise<void> {
    this.cut();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #release(): void {
    const held = this.#held;
    this.#held = [];
    for (const pass of held) pass();
  }

  #connect(client: Socket): void {
    if (this.#mode === 'cut') {
      client.destroy();
      return;
    }
    const upstream = createConnection({
      port: this.#target.port,
      host: this.#target.host ?? '127.0.0.1',
      allowHalfOpen: true,
    });
    this.#pairs.set(client, upstream);
    this.#join(client, upstream);
    this.#join(upstream, client);
    client.once('close', () => this.#pairs.delete(client));
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.once('close', () => this.#sockets.delete(from));
    from.setNoDelay(true);
    from.on('data', (chunk) => this.#pass(() => void to.write(chunk)));
    from.on('end', () => this.#pass(() => void to.end()));
    from.on('error', () => to.destroy());
    from.once('close', (failed) => failed && to.destroy());
  }

  /** Timers of equal length fire in the order they were set, so a delay keeps the order too. */
  #pass(action: () => void): void {
    if (this.#mode === 'stalled') {
      this.#held.push(action);
    } else if (this.#mode === 'delayed') {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        if (this.#mode === 'stalled') this.#held.push(action);
        else action();
      }, this.#delayMs);
      this.#timers.add(timer);
    } else {
      action();
    }
  }
}
