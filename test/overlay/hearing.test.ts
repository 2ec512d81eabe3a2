import { describe, expect, it } from 'vitest';
import { type Hearing, hear, isProbeDue } from '../../src/overlay/hearing.ts';
import type { SeenPeer } from '../../src/overlay/seen.ts';
import { keyOf } from './a-map.ts';

function seen(overrides: Partial<SeenPeer> = {}): SeenPeer {
  return {
    publicKey: keyOf(2),
    endpoint: '10.0.0.2:6783',
    allowed: [],
    handshake: 0,
    received: 100,
    sent: 0,
    keepalive: 15,
    ...overrides,
  };
}

function afterLooks(...looks: readonly [number, SeenPeer | undefined][]): Hearing {
  let hearing: Hearing | undefined;
  for (const [now, peer] of looks) hearing = hear(hearing, peer, now);
  if (hearing === undefined) throw new Error('no looks');
  return hearing;
}

describe('hearing', () => {
  it('takes a session that is there for one that works', () => {
    expect(afterLooks([100_000, seen({ handshake: 0 })]).isHeard).toBe(true);
    expect(afterLooks([200_000, seen({ handshake: 0 })]).isHeard).toBe(false);
    expect(afterLooks([100, seen({ handshake: null })]).isHeard).toBe(false);
  });

  it('ends after a silence, long before WireGuard gives the session up', () => {
    const peer = seen({ handshake: 0 });

    expect(afterLooks([0, peer], [39_000, peer]).isHeard).toBe(true);
    expect(afterLooks([0, peer], [40_000, peer])).toMatchObject({ isHeard: false, since: 40_000 });
  });

  it('goes on with every byte, also after the device was made again', () => {
    const again = seen({ handshake: 39_000, received: 92 });

    expect(afterLooks([0, seen()], [39_000, again], [60_000, again]).isHeard).toBe(true);
  });

  it('does not count a peer that the device has lost as heard', () => {
    expect(afterLooks([0, seen()], [3_000, undefined]).isHeard).toBe(false);
  });

  it('remembers where a peer was heard last', () => {
    const moved = seen({ endpoint: '198.51.100.9:40000' });

    expect(afterLooks([0, moved], [3_000, undefined]).endpoint).toBe('198.51.100.9:40000');
  });

  it('asks a peer that is quiet, and none that is silent', () => {
    expect(isProbeDue(afterLooks([0, seen()]), 8_999)).toBe(false);
    expect(isProbeDue(afterLooks([0, seen()]), 9_000)).toBe(true);
    expect(isProbeDue(afterLooks([0, seen()], [50_000, seen()]), 50_000)).toBe(false);
  });
});
