import { Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net';
import type { Duplex } from 'node:stream';

/** Gets what a socket reads. The piece may be a buffer that holds something else after the call. */
export type Receive = (piece: Buffer) => void;

interface Receiver {
  /** Undefined while the socket is for those who listen to it. */
  receive: Receive | undefined;
}

/** As much as Node reads at once. */
const bufferBytes = 65_536;

const receivers = new WeakMap<Duplex, Receiver>();

/**
 * A socket, not connected yet, that reads into one buffer. For each read Node otherwise makes a buffer of 64 kB, which it
 * shrinks to what came and hands on through a queue; that shows in a round trip on the loopback interface. It must not
 * be wrapped by TLS.
 *
 * Until somebody calls {@link receiveFrom} it is a socket like any other, for those who listen to `data`.
 */
export function bufferedSocket(): Socket {
  const buffer = Buffer.allocUnsafeSlow(bufferBytes);
  const receiver: Receiver = { receive: undefined };
  const callback = (bytes: number): boolean => {
    const piece = buffer.subarray(0, bytes);
    if (!receiver.receive) return handOn(socket, Buffer.from(piece));
    receiver.receive(piece);
    return true;
  };
  const options: SocketConstructorOpts & { readonly onread: OnReadOpts } = { onread: { buffer, callback } };
  const socket = new Socket(options);
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

/** Gives a piece to those who listen: at once where nothing is queued before it. False where no more is wanted for now. */
function handOn(socket: Socket, piece: Buffer): boolean {
  const isListened = socket.readableFlowing === true && socket.readableLength === 0;
  if (!isListened || socket.readableEncoding !== null) return socket.push(piece);
  socket.emit('data', piece);
  return true;
}
