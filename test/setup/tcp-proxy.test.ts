import { expect } from 'chai';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';

/** Resolves also when the connection is closed by an error, which `once` rejects with. */
function untilClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

describe('a TCP proxy for tests', () => {
  let echo: Server;
  let proxy: TcpProxy;
  let client: Socket;

  beforeEach(async () => {
    echo = createServer((socket) => socket.on('error', () => {}).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    proxy = await startTcpProxy({ port: (echo.address() as AddressInfo).port }); // a TCP server that listens
    client = createConnection(proxy.port, '127.0.0.1');
    client.setEncoding('utf8').on('error', () => {});
    expect(await exchange('ready')).to.equal('ready');
  });

  afterEach(async () => {
    client.destroy();
    await proxy.close();
    echo.close();
  });

  async function exchange(text: string): Promise<unknown> {
    const answer = once(client, 'data');
    client.write(text);
    return String(await answer);
  }

  it('passes both directions on', async () => {
    expect(await exchange('hello')).to.equal('hello');
    expect(proxy.connections).to.equal(1);
  });

  it('holds everything back while stalled, and delivers it in order afterwards', async () => {
    proxy.stall();
    let received = '';
    client.on('data', (text) => (received += String(text)));
    client.write('one ');
    await pause(30);
    client.write('two');
    await pause(30);
    expect(received).to.equal('');
    proxy.resume();
    while (received.length < 7) await once(client, 'data');
    expect(received).to.equal('one two');
  });

  it('delays by the time that is asked for, each way', async () => {
    proxy.delay(40);
    const start = performance.now();
    expect(await exchange('late')).to.equal('late');
    expect(performance.now() - start).to.be.within(75, 2_000);
  });

  it('closes open connections and refuses new ones while cut', async () => {
    const closed = untilClosed(client);
    proxy.cut();
    await closed;
    const refused = createConnection(proxy.port, '127.0.0.1');
    refused.on('error', () => {});
    await untilClosed(refused);
    expect(proxy.connections).to.equal(0);
  });

  it('accepts new connections after a cut was mended', async () => {
    const closed = untilClosed(client);
    proxy.cut();
    await closed;
    proxy.resume();
    client = createConnection(proxy.port, '127.0.0.1');
    client.setEncoding('utf8');
    expect(await exchange('again')).to.equal('again');
  });

  it('passes an end of stream on', async () => {
    const ended = untilClosed(client);
    client.resume();
    client.end();
    await ended;
  });
});
