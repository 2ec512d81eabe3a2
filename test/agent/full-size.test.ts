import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Probe, probePort, sendProbe, sound } from '../../src/agent/full-size.ts';

const ADDRESS = '10.81.0.2';

/** Answers to what is at most so large; `null`: to nothing. */
function carrying(most: number | null) {
  const sent: number[] = [];
  const send = async ({ size }: Probe) => {
    sent.push(size);
    return most !== null && size <= most ? 0.5 : null;
  };
  return { send, sent };
}

describe('a sounding', () => {
  it('finds that packets of the full size arrive', async () => {
    const { send, sent } = carrying(1_370);
    expect(await sound(send, ADDRESS, 1_370)).toEqual({ roundTrip: 0.5, fullSize: true });
    expect(sent).toEqual([64, 1_370]);
  });

  it('finds that only small ones do, after some tries', async () => {
    const { send, sent } = carrying(1_300);
    expect(await sound(send, ADDRESS, 1_370)).toEqual({ roundTrip: 0.5, fullSize: false });
    expect(sent).toEqual([64, 1_370, 1_370, 1_370, 64]);
  });

  it('says nothing of a peer that does not answer at all', async () => {
    expect(await sound(carrying(null).send, ADDRESS, 1_370)).toEqual({
      roundTrip: null,
      fullSize: null,
    });
  });

  it('says nothing of a peer that went away meanwhile', async () => {
    let left = 1;
    const send = async ({ size }: Probe) => (size === 64 && left-- > 0 ? 0.5 : null);
    expect(await sound(send, ADDRESS, 1_370)).toEqual({ roundTrip: 0.5, fullSize: null });
  });
});

describe('a probe', () => {
  it('is answered by a kernel at whose port nobody listens', async () => {
    const time = await sendProbe({ address: '127.0.0.1', size: 1_370 });
    expect(time).toBeGreaterThan(0);
    expect(time).toBeLessThan(1_000);
  });

  it('ends without an answer where none comes', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    expect(await probePort({ address: '127.0.0.1', size: 64 }, silent.address().port)).toBe(null);
    silent.close();
  });
});
