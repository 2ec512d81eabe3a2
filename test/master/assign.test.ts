import { describe, expect, it } from 'vitest';
import { nextAssignment } from '../../src/master/assign.ts';
import { type FleetNode, unheard } from '../../src/master/fleet.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { Service } from '../../src/model/grid.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { Step } from '../../src/model/plan.ts';
import { aHook, aService, aSpec, deepFreeze, NOW, running } from '../support/builders.ts';

const web = aService({ name: 'web' });
const db = aService({ name: 'db', stateful: true });
const newWeb = aService({ name: 'web', spec: aSpec({ image: 'demo:2' }), specHash: 'new' });

function aFleetNode(overrides: Partial<FleetNode> = {}): FleetNode {
  return deepFreeze({ ...unheard({ grid: 'demo', name: 'node-1', now: NOW }), ...overrides });
}

function assignmentOf(
  services: readonly Service[],
  overrides: Partial<Assignment> = {},
): Assignment {
  const empty = aFleetNode();
  const steps = services.map((service) => create(service));
  const made = assign(empty, steps, services);
  if (made === null) throw new Error('nothing assigned');
  return { ...made, ...overrides };
}

function create(service: Service, number = 1): Step {
  const { stack, name, specHash } = service;
  return {
    kind: 'create',
    stack,
    service: name,
    number,
    node: 'node-1',
    reason: 'no container',
    specHash,
  };
}

function assign(
  node: FleetNode,
  steps: readonly Step[],
  services: readonly Service[],
  done: readonly string[] = [],
): Assignment | null {
  const byPath = new Map(services.map((service) => [`${service.stack}/${service.name}`, service]));
  return nextAssignment({
    node,
    steps,
    services: byPath,
    revision: 'sha-2',
    roster: ['node-1'],
    done: () => new Set(done),
  });
}

const paths = (assignment: Assignment | null) =>
  assignment?.instances.map((one) => instancePath(one));

describe('oneshot hooks that have succeeded', () => {
  const hooks = [aHook('pre-start', 'seed', { oneshot: true }), aHook('pre-start', 'check')];
  const once = aService({ name: 'web', spec: aSpec({ hooks }), specHash: 'once' });

  it('are told to the node that takes the instance over, and no others', () => {
    const done = ['pre-start/seed', 'pre-start/check', 'pre-start/gone'];

    const next = assign(aFleetNode(), [create(once)], [once], done);

    expect(next?.instances[0]?.doneHooks).toEqual(['pre-start/seed']);
  });

  it('are no reason for a newer assignment', () => {
    const node = aFleetNode({ assignment: assignmentOf([once]) });

    expect(assign(node, [create(once)], [once], ['pre-start/seed'])).toBeNull();
  });
});

describe('a next assignment', () => {
  it('lists what was assigned before and what the steps add, one generation up', () => {
    const node = aFleetNode({ assignment: assignmentOf([db], { generation: 7 }) });

    const next = assign(node, [create(web)], [db, web]);

    expect(paths(next)).toEqual(['shop/db-1', 'shop/web-1']);
    expect(next?.generation).toBe(8);
  });

  it('is none when the steps are under way already, so nothing is sent twice', () => {
    const node = aFleetNode({ assignment: assignmentOf([web]) });

    expect(assign(node, [create(web)], [web])).toBeNull();
  });

  it('keeps the commit of an unchanged instance: a new commit alone changes nothing', () => {
    const node = aFleetNode({ assignment: { ...assignmentOf([web, db]), generation: 3 } });
    const replace: Step = {
      kind: 'replace',
      stack: 'shop',
      service: 'web',
      number: 1,
      node: 'node-1',
      reason: 'spec changed',
      specHash: newWeb.specHash,
      from: web.specHash,
      mode: 'start-first',
    };

    const next = assign(node, [replace], [newWeb, db]);

    const before = node.assignment?.instances.find((one) => one.service === 'db');
    expect(next?.instances.find((one) => one.service === 'db')).toEqual(before);
    expect(next?.instances.find((one) => one.service === 'web')).toMatchObject({
      specHash: 'new',
      revision: 'sha-2',
      mode: 'start-first',
      spec: { image: 'demo:2' },
    });
  });

  it('drops what is removed', () => {
    const node = aFleetNode({ assignment: assignmentOf([web, db]) });
    const remove: Step = {
      kind: 'remove',
      stack: 'shop',
      service: 'web',
      number: 1,
      node: 'node-1',
      reason: 'gone',
      stateful: false,
    };

    expect(paths(assign(node, [remove], [db]))).toEqual(['shop/db-1']);
  });

  it('never lets a node remove what this master has no memory of', () => {
    const stranger = aService({ name: 'stranger' });
    const node = aFleetNode({ instances: [running(db), running(stranger)] });

    const next = assign(node, [create(web)], [web, db]);

    expect(paths(next)).toEqual(['shop/db-1', 'shop/web-1']);
    expect(next?.kept).toEqual(['shop/stranger-1']);
  });

  it('does not bring back what it has just taken off a node that still shows it', () => {
    const node = aFleetNode({
      assignment: assignmentOf([db], { generation: 2 }),
      instances: [running(db), running(web)],
    });

    const next = assign(node, [create(web, 2)], [web, db]);

    expect(paths(next)).toEqual(['shop/db-1', 'shop/web-2']);
    expect(next?.kept).toEqual([]);
  });
});
