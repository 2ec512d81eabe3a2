import { describe, expect, it } from 'vitest';
import { changesOf } from '../../src/overlay/events.ts';
import type { PeerStatus, Way } from '../../src/overlay/status.ts';

function peers(way: Way, count = 1): readonly PeerStatus[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    number: index + 1,
    way,
    relay: way === 'relay' ? 'node-9' : null,
    endpoint: null,
    handshake: null,
    received: 0,
    sent: 0,
  }));
}

/** Kinds of the events of each look. */
function told(...ways: readonly Way[]): readonly (readonly string[])[] {
  let said: ReadonlyMap<number, Way> = new Map();
  return ways.map((way) => {
    const changes = changesOf(said, peers(way));
    ({ said } = changes);
    return changes.events.map(({ kind }) => kind);
  });
}

describe('changes of ways', () => {
  it('are told once', () => {
    expect(told('waiting', 'nothing', 'nothing', 'tunnel', 'tunnel')).toEqual([
      [],
      ['peer-unreachable'],
      [],
      ['peer-reachable'],
      [],
    ]);
  });

  it('are not told of a peer that is reached from the start, nor while one is waited for', () => {
    expect(told('waiting', 'tunnel', 'trusted', 'tunnel')).toEqual([[], [], [], []]);
    expect(told('nothing', 'waiting', 'nothing')).toEqual([['peer-unreachable'], [], []]);
  });

  it('say by whom a peer is reached', () => {
    const { events } = changesOf(new Map(), peers('relay'));

    expect(events.map(({ message }) => message)).toEqual(['reaches node-1 through node-9']);
  });

  it('are one event for many peers', () => {
    const { events } = changesOf(new Map(), peers('nothing', 250));

    expect(events).toHaveLength(1);
    expect(events[0]?.message).toContain('node-4, node-5 and 245 more');
  });
});
