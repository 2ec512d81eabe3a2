import { beforeEach, describe, expect, it } from 'vitest';
import { Assigner } from '../../src/master/assigner.ts';
import { assigned, Fleet, unheard } from '../../src/master/fleet.ts';
import { fromLastGood } from '../../src/master/prepare.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import { GridError } from '../../src/model/error.ts';
import type { Step } from '../../src/model/plan.ts';
import { printMark } from '../../src/model/secret.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { aGrid, anAssignedInstance, aService, aSpec, aStack, NOW } from '../support/builders.ts';

const service = aService();
const prepared = fromLastGood({
  sha: 'a1',
  grid: aGrid(),
  stacks: [aStack({ services: [service] })],
  held: [],
});

let fleet: Fleet;
let given: string[];
let stepsGiven: Step[];
let refused: string[];
let attempts: number;
let assigner: Assigner;

beforeEach(() => {
  fleet = new Fleet();
  for (const name of ['node-1', 'node-2', 'node-3'])
    fleet.put(unheard({ grid: 'demo', name, now: NOW }));
  given = [];
  stepsGiven = [];
  refused = [];
  attempts = 0;
  assigner = new Assigner({
    grid: 'demo',
    fleet,
    clock: systemClock,
    assign: async (assignment) => await give(assignment),
    onAssigned: async (steps) => {
      await Promise.resolve(stepsGiven.push(...steps));
    },
    onRefused: async ({ reason }) => {
      await Promise.resolve(refused.push(reason));
    },
  });
});

/** Node 2 can be given one instance and no more. */
async function give(assignment: Assignment): Promise<void> {
  const { node, instances } = assignment;
  attempts += 1;
  if (node === 'node-2' && instances.length > 1)
    throw new GridError({ code: 'invalid-request', message: `${node} has too much` });
  if (node === 'node-3' && instances.length > 1) throw new Error('the disk is full');
  const known = fleet.get('demo', node);
  if (known !== null) fleet.put(assigned(known, assignment));
  await Promise.resolve(given.push(`${node} ${instances.length}`));
}

function creates(node: string, ...numbers: readonly number[]): readonly Step[] {
  return numbers.map((number) => ({
    stack: 'shop',
    service: 'web',
    number,
    kind: 'create',
    node,
    reason: 'no container',
    specHash: service.specHash,
  }));
}

describe('the assigner', () => {
  const wave = [...creates('node-1', 1), ...creates('node-2', 2, 3), ...creates('node-3', 4)];

  it('gives the nodes after one that can be given nothing what is theirs', async () => {
    await assigner.carryOut(wave, prepared);

    expect(given).toEqual(['node-1 1', 'node-3 1']);
    expect(stepsGiven.map((step) => step.node)).toEqual(['node-1', 'node-3']);
    expect(refused).toEqual(['node-2 has too much']);
    expect([...assigner.refusals.keys()]).toEqual(['node-2']);
  });

  it('tells and tries what was refused once, until it is another', async () => {
    for (let pass = 0; pass < 3; pass += 1)
      await assigner.carryOut(creates('node-2', 2, 3), prepared);
    expect([attempts, refused.length]).toEqual([1, 1]);

    await assigner.carryOut(creates('node-2', 2), prepared);

    expect(given).toEqual(['node-2 1']);
    expect(assigner.refusals.size).toBe(0);
  });

  it('forgets a refusal of which the plan has nothing left', async () => {
    await assigner.carryOut(wave, prepared);
    await assigner.carryOut([], prepared);

    expect(assigner.refusals.size).toBe(0);
  });

  it('tells nodes of another account without a step, once, and only those that pull by it', async () => {
    const at = (image: string) => aService({ spec: aSpec({ image }) });
    for (const [name, image] of [
      ['node-1', 'a.io/web:1'],
      ['node-2', 'b.io/web:1'],
    ] as const) {
      const assignment = { ...anEmpty(name), instances: [anAssignedInstance(at(image))] };
      fleet.put(assigned(unheard({ grid: 'demo', name, now: NOW }), assignment));
    }
    const withPassword = (id: string) => {
      const password = printMark({ kind: 'secret', name: 'A', id });
      const position = { file: 'grids/demo/grid.yml', line: 1, column: 1 };
      const account = { username: 'deploy', password, sealed: id, position };
      const grid = aGrid({ registries: { 'a.io': account } });
      return { ...prepared, desired: { ...prepared.desired, grid } };
    };
    const told = () => fleet.get('demo', 'node-1')?.assignment;

    for (const id of ['a', 'a', 'b']) {
      await assigner.tellAccounts(withPassword(id).desired.grid);
      await assigner.carryOut([], withPassword(id));
    }
    const mark = printMark({ kind: 'secret', name: 'A', id: 'b' });
    expect(told()).toMatchObject({ generation: 3, secrets: { [mark]: 'b' } });
    expect(told()?.registries).toEqual({ 'a.io': { username: 'deploy', password: mark } });
    await assigner.tellAccounts(prepared.desired.grid);

    expect(given).toEqual(['node-1 1', 'node-1 1', 'node-1 1']);
    expect(told()).not.toHaveProperty('registries');
    expect(told()).not.toHaveProperty('secrets');
    expect(stepsGiven).toEqual([]);
  });

  it('does not take a fault of ours for a refusal', async () => {
    const tooMuch = creates('node-3', 1, 2);

    await expect(assigner.carryOut(tooMuch, prepared)).rejects.toThrow('the disk is full');
    expect(refused).toEqual([]);
  });

  it('repeats for each node that can be given what it has', async () => {
    for (const [name, count] of [
      ['node-2', 2],
      ['node-1', 1],
    ] as const) {
      const instances = Array.from({ length: count }, (_, at) =>
        anAssignedInstance(service, { number: at + 1 }),
      );
      const assignment = { ...anEmpty(name), instances };
      fleet.put(assigned(unheard({ grid: 'demo', name, now: NOW }), assignment));
    }

    await assigner.repeat(['node-2', 'node-1', 'node-3']);

    expect(given).toEqual(['node-1 1']);
    expect(refused).toEqual(['node-2 has too much']);
  });
});

function anEmpty(node: string): Assignment {
  return { grid: 'demo', node, generation: 1, roster: [], instances: [], kept: [] };
}
