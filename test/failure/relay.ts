import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from '../setup/free-port.js';

/** A TCP port in front of a server whose connections can be lost without either side being told. */
export class Relay {
  readonly port: number;
  readonly #listener: Server;
  readonly #sockets: Socket[] = [];

  private constructor(port: number, target: number) {
    this.port = port;
    this.#listener = createServer((socket) => this.#accept(socket, target)).listen(port, '127.0.0.1');
  }

  static async start(target: number): Promise<Relay> {
    const relay = new Relay(await freePort(), target);
    await once(relay.#listener, 'listening');
    return relay;
  }

  /** From now on nothing comes through the connections that there are, and neither side is told. New ones work. */
  loseConnections(): void {
    for (const socket of this.#sockets) {
      socket.unpipe();
      socket.removeAllListeners('end');
      socket.resume();
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
  }

  #accept(socket: Socket, target: number): void {
    this.#keep(socket);
    const server = connect(target, '127.0.0.1');
    this.#keep(server);
    socket.pipe(server).pipe(socket);
  }

  #keep(socket: Socket): void {
    socket.on('error', () => socket.destroy());
    this.#sockets.push(socket);
  }
}
