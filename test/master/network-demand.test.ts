import { describe, expect, it } from 'vitest';
import { type FleetNode, unheard } from '../../src/master/fleet.ts';
import { arrivalsOf, NetworkDemand } from '../../src/master/network-demand.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import {
  anAssignedInstance,
  anAttempt,
  anObservedInstance,
  aService,
  aSpec,
  NOW,
  running,
} from '../support/builders.ts';

const web = aService();
const onHost = aService({ name: 'node', spec: aSpec({ networkMode: 'host' }) });

function aNode(
  instances: readonly AssignedInstance[],
  overrides: Partial<FleetNode> = {},
): FleetNode {
  const assignment = {
    grid: 'demo',
    node: 'node-1',
    generation: 1,
    roster: [],
    instances,
    kept: [],
  };
  return {
    ...unheard({ grid: 'demo', name: 'node-1', now: NOW }),
    observed: true,
    assignment,
    ...overrides,
  };
}

describe('the addresses that a node needs', () => {
  const assigned = [anAssignedInstance(web), anAssignedInstance(onHost)];

  it('are for assigned instances in the network of the grid, and for those that arrive', () => {
    const demand = new NetworkDemand();
    const node = aNode(assigned);

    expect(demand.of(node, [])).toBe(1);
    expect(demand.of(node, ['shop/web-1', 'shop/web-2'])).toBe(2);
    expect(demand.of(aNode([]), [])).toBe(0);
  });

  it('are also for containers that are not assigned any more, as long as they are there', () => {
    const instances = [
      running(web, 7),
      running(onHost),
      anObservedInstance({ number: 8, current: null, attempt: anAttempt() }),
    ];

    expect(new NetworkDemand().of(aNode(assigned, { instances }), [])).toBe(2);
  });

  it('are not known while the node has not reported', () => {
    expect(new NetworkDemand().of(aNode(assigned, { observed: false }), ['shop/web-2'])).toBeNull();
  });
});

it('instances arrive that are created and need an address', () => {
  const services = new Map([
    ['shop/web', web],
    ['shop/node', onHost],
  ]);
  const fixed = { stack: 'shop', service: 'web', number: 1, specHash: 'a', reason: '' };

  expect(
    arrivalsOf(
      [
        { kind: 'create', node: 'b', ...fixed },
        { kind: 'create', node: 'a', ...fixed, number: 2 },
        { kind: 'create', node: 'b', ...fixed, number: 3 },
        { kind: 'create', node: 'b', ...fixed, service: 'node' },
        { kind: 'replace', node: 'b', ...fixed, number: 4, from: 'b', mode: 'start-first' },
        { kind: 'remove', node: 'b', ...fixed, number: 5, stateful: false },
      ],
      services,
    ),
  ).toEqual(
    new Map([
      ['b', ['shop/web-1', 'shop/web-3']],
      ['a', ['shop/web-2']],
    ]),
  );
});
