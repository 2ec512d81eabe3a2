import { expect, it } from 'vitest';
import { Fleet, unheard } from '../../src/master/fleet.ts';
import { networkStatus } from '../../src/master/network-view.ts';
import { NetworkWatch } from '../../src/master/network-watch.ts';
import { decodeReply } from '../../src/protocol/api.ts';
import { NetworkStatus } from '../../src/protocol/network-api.ts';
import { aNetworkMap, aNetworkNode, networkFacts } from '../support/a-network-map.ts';
import { NOW, someFacts } from '../support/builders.ts';

const map = aNetworkMap([aNetworkNode('b', 1, { seenFrom: '203.0.113.9' }), aNetworkNode('a', 2)]);
const report = { version: 1, peers: [], findings: [] };

function node(name: string, network = networkFacts(name)) {
  return {
    ...unheard({ grid: 'demo', name, now: NOW }),
    facts: someFacts({ network }),
    online: true,
  };
}

it('the network of a grid is shown by number, those without one last', () => {
  const bridge = networkFacts('z', { mode: 'bridge', reason: 'no wg', publicKey: null });
  const nodes = [node('a'), node('b'), node('z', bridge)];
  const status = networkStatus({
    grid: 'demo',
    now: NOW,
    map,
    nodes,
    reportOf: (name) => (name === 'a' ? { at: NOW, report } : null),
  });
  expect(
    status.nodes.map(({ name, number, address, mode, behindNat }) => [
      name,
      number,
      address,
      mode,
      behindNat,
    ]),
  ).toEqual([
    ['b', 1, '10.81.0.1', 'overlay', true],
    ['a', 2, '10.81.0.2', 'overlay', null],
    ['z', null, null, 'bridge', null],
  ]);
  expect(status.nodes[1]?.report).toEqual({ at: NOW, ...report });
  expect(status.nodes[2]?.reason).toBe('no wg');
  expect(decodeReply(NetworkStatus, structuredClone(status))).toEqual(status);
});

it('a node that stands in the map alone is shown, too', () => {
  const status = networkStatus({ grid: 'demo', now: NOW, map, nodes: [], reportOf: () => null });
  expect(status.nodes.map(({ name, status: how }) => [name, how])).toEqual([
    ['b', 'unobserved'],
    ['a', 'unobserved'],
  ]);
});

it('what a node reports is shown until the node is removed', async () => {
  const fleet = new Fleet();
  fleet.put(node('a'));
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  const watch = new NetworkWatch({ fleet, map: () => map, clock, onEvent: () => undefined });
  await watch.take({ grid: 'demo', node: 'a', report });
  expect((await watch.status('demo')).nodes[1]?.report).toEqual({ at: NOW, ...report });
  watch.removed('demo', 'a');
  expect((await watch.status('demo')).nodes[1]?.report).toBe(null);
});
