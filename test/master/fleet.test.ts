import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  Fleet,
  type FleetNode,
  mergeInstances,
  unheard,
  assigned as withAssignment,
} from '../../src/master/fleet.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { ScheduledJob } from '../../src/model/job.ts';
import { aBackend, aBalancing } from '../support/a-balancing.ts';
import {
  aFailure,
  anAssignedInstance,
  anAttempt,
  anObservedInstance,
  aService,
  aSpec,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';

const node = { ...unheard({ grid: 'demo', name: 'node-1', now: NOW }), facts: someFacts() };
const web = aService();

function runningAt(schedule: string): ScheduledJob {
  const rules = { timeout: null, retries: 0, history: 3, startWithin: 60 };
  return { kind: 'schedule', schedule, timeZone: 'UTC', ...rules };
}

describe('the fleet', () => {
  it('gives the planner the very same node while nothing about it changes', () => {
    const fleet = new Fleet();
    const wishes = { 'node-1': { labels: ['ssd'], availability: 'active' as const } };
    fleet.put(node);

    const first = fleet.observedState('demo', wishes).nodes[0];
    const second = fleet.observedState('demo', wishes).nodes[0];

    expect(second).toBe(first);
    expect(first?.facts?.labels).toEqual(['ssd']);
  });

  it('tells nodes that were never heard from those that went away', () => {
    const fleet = new Fleet();
    fleet.put({ ...node, name: 'a', observed: true, online: true });
    fleet.put({ ...node, name: 'b', observed: true, online: false });
    fleet.expect('demo', 'c', NOW);

    const { nodes } = fleet.observedState('demo', {});

    expect(nodes.map((one) => one.status)).toEqual(['online', 'offline', 'unobserved']);
  });

  it('lists nodes by name, whatever comes and goes in whatever order', () => {
    const name = fc.constantFrom('a', 'a-1', 'b', 'node-10', 'node-2', 'z');
    const moves = fc.array(fc.record({ name, comes: fc.boolean() }));
    fc.assert(
      fc.property(moves, (all) => {
        const fleet = new Fleet();
        const there = new Set<string>();
        for (const move of all) {
          if (move.comes) fleet.put({ ...node, name: move.name });
          else fleet.remove('demo', move.name);
          if (move.comes) there.add(move.name);
          else there.delete(move.name);
        }
        expect(fleet.nodes('demo').map((one) => one.name)).toEqual([...there].toSorted());
      }),
    );
  });

  it('keeps grids apart', () => {
    const fleet = new Fleet();
    fleet.put(node);

    expect(fleet.observedState('other', {}).nodes).toEqual([]);
  });

  it('believes a failure until its spec changes, or is tried again', () => {
    const service = aService();
    const failed = anObservedInstance({
      attempt: anAttempt({
        specHash: service.specHash,
        phase: 'failed',
        failure: aFailure(),
      }),
    });
    const entry = anAssignedInstance(service);
    const assignment = (generation: number, instances: readonly AssignedInstance[]) => {
      return { grid: 'demo', node: 'node-1', generation, roster: [], instances, kept: [] };
    };
    const failureSeen = (of: FleetNode): boolean => {
      const fleet = new Fleet();
      fleet.put(of);
      const [shown] = fleet.observedState('demo', {}).nodes[0]?.instances ?? [];
      return (shown?.attempt?.failure ?? null) !== null;
    };
    const before = {
      ...node,
      instances: [failed],
      observedGeneration: 4,
      assignment: assignment(4, [entry]),
    };

    const othersChanged = [entry, { ...entry, number: 2 }];
    expect(failureSeen(withAssignment(before, assignment(5, othersChanged)))).toBe(true);
    const changed = [{ ...entry, specHash: 'dddddddddddddddd' }];
    expect(failureSeen(withAssignment(before, assignment(5, changed)))).toBe(false);
    const again = withAssignment(before, assignment(5, [entry]));
    expect(failureSeen(again)).toBe(false);
    expect(failureSeen(withAssignment(again, assignment(6, othersChanged)))).toBe(false);
    expect(failureSeen({ ...again, observedGeneration: 5 })).toBe(true);
    const registries = { 'registry.example.com': { username: 'deploy', password: 'a' } };
    const asAnother = { ...assignment(5, othersChanged), registries };
    expect(failureSeen(withAssignment(before, asAnother))).toBe(false);
  });

  describe('of a node that is away', () => {
    const job = { rules: runningAt('0 3 * * *'), from: NOW };
    const backup = { ...anAssignedInstance(web), job };
    const later = { ...backup, job: { rules: runningAt('0 4 * * *'), from: NOW } };
    const balancing = aBalancing([aBackend('web')]);
    const lb = { ...anAssignedInstance(aService({ name: 'lb' })), balancing };
    const other = anAssignedInstance(aService({ name: 'other' }));
    const assignment = (generation: number, instances: readonly AssignedInstance[]) => {
      return { grid: 'demo', node: 'node-1', generation, roster: [], instances, kept: [] };
    };
    const told = assignment(4, [backup, lb, other]);
    const away = { ...node, observed: true, assignment: told, told, observedGeneration: 4 };
    const untold = (of: FleetNode): readonly string[] => {
      const fleet = new Fleet();
      fleet.put(of);
      const [seen] = fleet.observedState('demo', {}).nodes;
      return seen?.assigned.filter((one) => one.untold).map(instancePath) ?? [];
    };

    it('tells what it has not heard of, beside other specs', () => {
      const routed = { ...lb, balancing: aBalancing([]) };
      const news = withAssignment(away, assignment(5, [later, routed, other]));
      expect(untold(news)).toEqual(['shop/web-1', 'shop/lb-1']);
      expect(untold(withAssignment(away, assignment(5, [later, lb, other])))).toEqual([
        'shop/web-1',
      ]);
      expect(untold({ ...news, online: true })).toEqual([]);
    });

    it('takes for untold what may be, when it does not know what the node has heard', () => {
      const forgotten = { ...away, told: null };
      expect(untold(forgotten)).toEqual([]);
      const news = withAssignment(forgotten, assignment(5, [backup, lb, other]));
      expect(untold(news)).toEqual(['shop/web-1', 'shop/lb-1']);
    });
  });

  it('takes no failure for true that was reported under an older assignment', () => {
    const fleet = new Fleet();
    const failed = anObservedInstance({
      attempt: anAttempt({ phase: 'failed', failure: aFailure() }),
    });
    const assignment = {
      grid: 'demo',
      node: 'node-1',
      generation: 5,
      roster: [],
      instances: [],
      kept: [],
    };
    fleet.put({ ...node, instances: [failed], observedGeneration: 4, assignment });

    expect(fleet.observedState('demo', {}).nodes[0]?.instances[0]?.attempt).toBeNull();

    fleet.put({ ...node, instances: [failed], observedGeneration: 5, assignment });
    expect(fleet.observedState('demo', {}).nodes[0]?.instances[0]?.attempt?.failure).toEqual(
      aFailure(),
    );
  });
});

describe('merging a report', () => {
  const before = [running(web, 1), running(web, 2)];
  const changed = running(aService({ spec: aSpec({ image: 'demo:2' }) }), 2);

  it('lays an increment over what was known', () => {
    const after = mergeInstances(before, {
      complete: false,
      instances: [changed, running(web, 10)],
      gone: ['shop/web-1'],
    });

    expect(after.map(instancePath)).toEqual(['shop/web-2', 'shop/web-10']);
    expect(after[0]).toBe(changed);
  });

  it('replaces everything by a complete report', () => {
    const after = mergeInstances(before, { complete: true, instances: [changed], gone: [] });

    expect(after).toEqual([changed]);
  });
});
