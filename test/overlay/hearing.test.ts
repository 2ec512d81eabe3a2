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

type Look = readonly [now: number, peer: SeenPeer | undefined, isAnswering?: boolean];

function afterLooks(...looks: readonly Look[]): Hearing {
  let hearing: Hearing | undefined;
  for (const [now, peer, isAnswering = true] of looks)
    hearing = hear(hearing, { seen: peer, isAnswering }, now);
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

    expect(afterLooks([0, peer], [17_000, peer]).isHeard).toBe(true);
    expect(afterLooks([0, peer], [18_000, peer])).toMatchObject({ isHeard: false, since: 18_000 });
  });

  it('ends sooner for a peer that does not answer for its names either', () => {
    const peer = seen({ handshake: 0 });

    expect(afterLooks([0, peer], [5_000, peer, false]).isHeard).toBe(true);
    expect(afterLooks([0, peer], [6_000, peer, false]).isHeard).toBe(false);
    expect(afterLooks([0, peer], [6_000, seen({ received: 101 }), false]).isHeard).toBe(true);
  });

  it('does not begin again because a relay brings answers', () => {
    const peer = seen({ handshake: 0 });
    const silent: readonly Look[] = [
      [0, peer],
      [6_000, peer, false],
    ];

    expect(afterLooks(...silent, [9_000, peer, true]).isHeard).toBe(false);
    expect(afterLooks(...silent, [9_000, seen({ received: 101 }), true]).isHeard).toBe(true);
  });

  it('goes on with every byte, also after the device was made again', () => {
    const again = seen({ handshake: 17_000, received: 92 });

    expect(afterLooks([0, seen()], [17_000, again], [34_000, again]).isHeard).toBe(true);
  });

  it('does not count a peer that the device has lost as heard', () => {
    expect(afterLooks([0, seen()], [3_000, undefined]).isHeard).toBe(false);
  });

  it('remembers where a peer was heard last', () => {
    const moved = seen({ endpoint: '198.51.100.9:40000' });

    expect(afterLooks([0, moved], [3_000, undefined]).endpoint).toBe('198.51.100.9:40000');
  });

  it('asks a peer that is quiet, and none that is silent', () => {
    expect(isProbeDue(afterLooks([0, seen()]), 2_499)).toBe(false);
    expect(isProbeDue(afterLooks([0, seen()]), 2_500)).toBe(true);
    expect(isProbeDue(afterLooks([0, seen()], [50_000, seen()]), 50_000)).toBe(false);
  });
});
