import { createSocket } from 'node:dgram';
import { describe, expect, it, onTestFinished } from 'vitest';
import { udpProbe } from '../../src/overlay/probe.ts';

describe('a probe', () => {
  it('sends one datagram to an address, and takes no failure for its own', async () => {
    const receiver = createSocket('udp4');
    await new Promise<void>((resolve) => {
      receiver.bind(0, '127.0.0.1', resolve);
    });
    const probe = udpProbe(receiver.address().port);
    onTestFinished(() => {
      receiver.close();
      probe.close();
    });
    const heard = new Promise<number>((resolve) => {
      receiver.on('message', (message) => resolve(message.length));
    });

    probe.send('no address at all');
    probe.send('127.0.0.1');

    expect(await heard).toBe(0);
  });
});
