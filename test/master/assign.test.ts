import { describe, expect, it } from 'vitest';
import { nextAssignment } from '../../src/master/assign.ts';
import { createEncoder } from '../../src/master/delivery.ts';
import { type FleetNode, unheard } from '../../src/master/fleet.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { Service } from '../../src/model/grid.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { Step } from '../../src/model/plan.ts';
import { decodeAssignment } from '../../src/protocol/codec.ts';
import { aDelivery, aFilesMount } from '../support/a-delivery.ts';
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
    balancing: new Map(),
    held: [],
    roster: ['node-1'],
    encode: createEncoder(),
    done: () => new Set(done),
    jobs: { asked: () => undefined, from: () => NOW, now: NOW },
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

  it('takes what led to it from the past where a step goes back, files and secrets too', () => {
    const mark = '⟦secret.key.abcdefghijklmnop⟧';
    const spec = aSpec({ env: { KEY: mark } });
    const past = aService({ spec, specHash: 'old', secrets: { [mark]: 'sealed' } });
    const step = create(past);
    const services = new Map([['shop/web', newWeb]]);

    const next = nextAssignment({
      node: aFleetNode(),
      steps: [step],
      services,
      past: new Map([['shop/web', { definition: past, revision: 'sha-1' }]]),
      revision: 'sha-2',
      balancing: new Map(),
      held: [],
      roster: ['node-1'],
      encode: createEncoder(),
      done: () => new Set(),
      jobs: { asked: () => undefined, from: () => NOW, now: NOW },
    });

    expect(next?.instances).toMatchObject([{ specHash: 'old', revision: 'sha-1', spec }]);
    expect(next?.secrets).toEqual({ [mark]: 'sealed' });
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

describe('the files of a next assignment', () => {
  const delivery = aDelivery({ 'a.html': 'a', 'b.html': 'b' });
  const [name = ''] = Object.keys(delivery.bundles);
  const spec = aSpec({ mounts: [aFilesMount(delivery)] });
  const sources = Object.entries(delivery.contents).map(([content, base64]) => {
    const bytes = new Uint8Array(Buffer.from(base64, 'base64'));
    return [content, { kind: 'binary', path: '', blob: content, bytes } as const] as const;
  });
  const files = { bundles: delivery.bundles, contents: Object.fromEntries(sources) };
  const page = aService({ name: 'page', instances: 2, spec, files });

  it('are there once, however many instances mount them', () => {
    const next = assign(aFleetNode(), [create(page), create(page, 2)], [page]);

    expect(next?.instances).toHaveLength(2);
    expect(next?.files).toEqual(delivery);
    expect(decodeAssignment(JSON.stringify(next))).toEqual(next);
  });

  it('stay as long as an instance mounts them, also when the repository has others', () => {
    const before = assign(aFleetNode(), [create(page)], [page]);
    const newer = aService({ name: 'page', specHash: 'newer' });

    const next = assign(aFleetNode({ assignment: before }), [create(web)], [newer, web]);

    expect(next?.files?.bundles).toHaveProperty(name);
    expect(next?.files).toEqual(delivery);
  });

  it('go with the last instance that mounts them', () => {
    const before = assign(aFleetNode(), [create(page), create(web)], [page, web]);
    const step = { kind: 'remove', reason: 'gone', stateful: false } as const;
    const remove: Step = { ...step, stack: 'shop', service: 'page', number: 1, node: 'node-1' };

    const next = assign(aFleetNode({ assignment: before }), [remove], [web]);

    expect(next).not.toBeNull();
    expect(next).not.toHaveProperty('files');
  });

  it('are encoded once for all nodes', () => {
    const encode = createEncoder();
    const file = sources[0]?.[1];
    if (file === undefined) throw new Error('no file');

    expect(encode(file)).toBe(delivery.contents[file.blob]);
    expect(encode({ ...file })).toBe(encode(file));
  });
});
