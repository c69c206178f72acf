import { createConnection, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** Gets what a socket reads. The piece may be a buffer that holds something else after the call. */
export type Receive = (piece: Buffer) => void;

interface Receiver {
  receive: Receive;
}

/** As much as Node reads at once. */
const bufferBytes = 65_536;

const receivers = new WeakMap<Duplex, Receiver>();

/**
 * Opens a TCP connection that is read into one buffer. For each read Node otherwise makes a buffer of 64 kB, which it
 * shrinks to what came and hands on through a queue; that shows in a round trip on the loopback interface.
 *
 * Until somebody calls {@link receiveFrom} it is a socket like any other, for those who listen to `data`.
 */
export function connectBuffered(address: { readonly host: string; readonly port: number }): Socket {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  const receiver: Receiver = { receive: (piece) => socket.push(Buffer.from(piece)) };
  const callback = (bytes: number): boolean => {
    receiver.receive(buffer.subarray(0, bytes));
    return true;
  };
  const socket = createConnection({ ...address, onread: { buffer, callback } });
  receivers.set(socket, receiver);
  return socket;
}

/** From now on `receive` gets what any socket reads, and nobody else does. */
export function receiveFrom(socket: Duplex, receive: Receive): void {
  socket.removeAllListeners('data');
  const receiver = receivers.get(socket);
  if (receiver) receiver.receive = receive;
  else socket.on('data', receive);
}
