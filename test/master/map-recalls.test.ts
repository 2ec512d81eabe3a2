import { afterEach, describe, expect, it } from 'vitest';
import { MapRecalls } from '../../src/master/map-recalls.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { aNetworkMap, aNetworkNode } from '../support/a-network-map.ts';

describe('network maps that are brought back', () => {
  const recalls = new MapRecalls(systemClock, () => undefined);
  afterEach(() => recalls.stop());

  it('are kept once, however many nodes bring the same one', () => {
    const nodes = Array.from({ length: 50 }, (_, at) => aNetworkNode(`n${at + 1}`, at + 1));
    for (const { name } of nodes) recalls.ask(name);
    for (const { name } of nodes) expect(recalls.answer(name, aNetworkMap([...nodes]))).toBe(true);
    const older = aNetworkMap(nodes.slice(1), { version: 7 });
    recalls.ask('n51');
    recalls.answer('n51', older);

    const { brought } = recalls;
    expect(brought.map(({ version }) => version)).toEqual([1, 7]);
    recalls.considered(brought);
    expect(recalls.brought).toEqual([]);
  });
});
