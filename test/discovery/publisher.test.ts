import { describe, expect, it } from 'vitest';
import type { ZoneReply } from '../../src/discovery/exchange-message.ts';
import { Publisher } from '../../src/discovery/publisher.ts';
import { monotonicClock } from '../../src/runtime/clock.ts';

const epoch = '0123456789abcdef';

function createPublisher(): Publisher {
  const publisher = new Publisher({ grid: 'demo', node: 1, epoch, clock: monotonicClock });
  publisher.publish([]);
  return publisher;
}

async function ask(
  publisher: Publisher,
  of: { readonly epoch: string; readonly version: number; readonly seen: number },
): Promise<ZoneReply> {
  const { seen, ...since } = of;
  const request = { since, seen, wait: 0 };
  const text = await publisher.answer(2, request, new AbortController().signal);
  return JSON.parse(text) as ZoneReply;
}

describe('whom a node hears', () => {
  it('is said once to each peer, however long the list is', async () => {
    const publisher = createPublisher();
    publisher.setHears([2, 3]);
    const first = await ask(publisher, { epoch, version: 1, seen: 0 });
    expect(first).toMatchObject({ hears: [2, 3], seen: 2 });
    const second = await ask(publisher, { epoch, version: 1, seen: first.seen });
    expect(second).toMatchObject({ hears: null, seen: first.seen });
    publisher.setHears([3]);
    expect(await ask(publisher, { epoch, version: 1, seen: first.seen })).toMatchObject({
      hears: [3],
    });
  });

  it('is said to a peer that has the list of an earlier run of the agent', async () => {
    const publisher = createPublisher();
    publisher.setHears([2, 3]);
    const earlier = { epoch: 'fedcba9876543210', version: 1, seen: 2 };
    expect(await ask(publisher, earlier)).toMatchObject({ hears: [2, 3] });
  });
});

describe('a heartbeat', () => {
  it('has the same size in a grid of any size', async () => {
    const sizes = await Promise.all(
      [10, 1_000].map(async (peers) => {
        const publisher = createPublisher();
        publisher.setHears(Array.from({ length: peers }, (_, at) => at + 2));
        return JSON.stringify(await ask(publisher, { epoch, version: 1, seen: 2 })).length;
      }),
    );
    expect(sizes[0]).toBe(sizes[1]);
  });
});
