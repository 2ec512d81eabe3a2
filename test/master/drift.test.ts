import { describe, expect, it } from 'vitest';
import { DriftOrders, nodesToRepeat, withDrift } from '../../src/master/drift.ts';
import { type FleetNode, unheard } from '../../src/master/fleet.ts';
import { prepare } from '../../src/master/prepare.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import type { DriftPolicy } from '../../src/model/drift.ts';
import type { Service } from '../../src/model/grid.ts';
import { aGrid, aPlan, aService, aSpec, aStack, NOW, running } from '../support/builders.ts';

const assigned: AssignedInstance = {
  stack: 'shop',
  service: 'web',
  number: 1,
  stateful: false,
  spec: aSpec(),
  specHash: 'hash',
  revision: 'sha-1',
  mode: 'start-first',
};

function drifted(service: Partial<Service>, policy?: DriftPolicy, instance = assigned) {
  const services = new Map([['shop/web', aService(service)]]);
  return withDrift(instance, { services, policy }).drift;
}

describe('what becomes of drift', () => {
  it('is what the service says, else what the grid says, else repair', () => {
    expect(drifted({})).toBeUndefined();
    expect(drifted({ drift: 'report' })).toBe('report');
    expect(drifted({}, 'report')).toBe('report');
    expect(drifted({ drift: 'repair' }, 'report')).toBeUndefined();
  });

  it('is as it was for a service that nobody knows, and changes nothing where it is the same', () => {
    const left = { ...assigned, drift: 'report' } as const;

    expect(withDrift(left, { services: new Map(), policy: undefined })).toBe(left);
    expect(drifted({}, undefined, left)).toBeUndefined();
    const services = new Map([['shop/web', aService()]]);
    expect(withDrift(assigned, { services, policy: undefined })).toBe(assigned);
    expect(withDrift(left, { services, policy: 'report' })).toBe(left);
  });
});

function aNode(overrides: Partial<FleetNode> = {}): FleetNode {
  const node = unheard({ grid: 'demo', name: 'node-1', now: NOW });
  const known = { grid: 'demo', node: 'node-1', generation: 1, roster: [], kept: [] };
  return { ...node, assignment: { ...known, instances: [assigned] }, ...overrides };
}

describe('assignments', () => {
  it('are outdated where another policy came, and only there', () => {
    const orders = new DriftOrders();
    const prepared = (drift: DriftPolicy) => {
      const compiled = { grid: aGrid({ drift }), stacks: [aStack()], failed: [], problems: [] };
      const found = prepare(compiled, null, 'sha-1');
      if (found === null) throw new Error('nothing prepared');
      return found;
    };

    expect(orders.isOutdated(aNode(), prepared('repair'))).toBe(false);
    expect(orders.isOutdated(aNode(), prepared('report'))).toBe(true);
    expect(orders.isOutdated(aNode({ assignment: null }), prepared('report'))).toBe(false);
  });
});

describe('a deploy that a person asks for', () => {
  it('reaches the nodes where something failed, and those where something drifts', () => {
    const drift = { state: 'reported', differences: [], count: 1, since: NOW } as const;
    const web = running(aService(), 1);
    const nodes = [
      aNode(),
      aNode({ name: 'node-2', instances: [{ ...web, drift }] }),
      aNode({ name: 'node-3', instances: [web] }),
    ];
    const failure = { code: 'stalled', message: '', exitCode: null, log: [], count: 5 } as const;
    const halted = [{ ...assigned, node: 'node-4', failure, remaining: 1 }];
    const fleet = { nodes: () => nodes };

    const found = nodesToRepeat(aPlan({ halted }), { fleet, grid: 'demo' });

    expect([...found].toSorted()).toEqual(['node-2', 'node-4']);
  });
});
