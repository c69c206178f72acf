import { Duplex } from 'node:stream';

/** The end of a socket that tests hold in the place of Redis. */
export class HeldSocket extends Duplex {
  readonly writes: string[] = [];

  override _read(): void {
    // what comes is pushed
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(bytes.toString());
    done();
  }

  replies(text: string): void {
    this.emit('data', Buffer.from(text));
  }
}
