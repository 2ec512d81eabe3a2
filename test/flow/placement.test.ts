import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { aTakenPort } from '../support/builders.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => {
  await world.stop();
});

/** Two nodes with an engine of their own each; others have something on the first one's host. */
async function start(files: Readonly<Record<string, string>>): Promise<string> {
  const filler = { [stackFile('first')]: stackOf('first') };
  const engines = ['node-1', 'node-2'].map((name) => {
    const engine = new FakeEngine({ clock: systemClock, images: { 'demo:1': {} } });
    return [name, engine] as const;
  });
  const [[, first], [, second]] = engines as [(typeof engines)[0], (typeof engines)[0]];
  first.foreign = { ports: [aTakenPort(18_080, { container: 'nginx' })], volumes: [] };
  second.foreign = { ports: [], volumes: ['cache.cache.data-1'] };
  const byName = new Map(engines);
  ({ world } = await startFlowWorld({
    files: { 'grid.yml': 'grace_period: {ha: 10s}', ...filler },
    agentPorts: (name) => {
      const engine = byName.get(name) ?? first;
      return { containers: engine, engine, probes: engine };
    },
  }));
  await world.final(await world.work.head());
  await eventually(async () => {
    const { counts } = await world.gridStatus();
    return counts.nodesOnline === 2 ? counts : null;
  }, 'two nodes');
  return await world.push(files);
}

async function places(): Promise<readonly (readonly [string, string | null])[]> {
  const all = await world.instances();
  const asked = all.filter(({ stack }) => stack !== 'first');
  return asked.map(({ stack, number, node }) => [`${stack}-${number}`, node]);
}

describe('what else is on a host', () => {
  it('keeps instances away from ports that are not free, and is named where there is no other node', async () => {
    const more = "    ports: ['18080:8080']";
    const sha = await start({ [stackFile('web')]: stackOf('web', { instances: 2, more }) });

    await world.status(sha, ({ description }) => description?.includes('web-2') === true);
    expect(await places()).toEqual([
      ['web-1', 'node-2'],
      ['web-2', null],
    ]);
    const [deploy] = await world.deploys();
    const { plan } = await world.deploy(deploy?.id ?? '');
    expect(plan?.blocked[0]?.excluded).toContainEqual({
      filter: 'ports',
      nodes: ['node-1'],
      reason: "port 18080/tcp is taken by container nginx, which is not gridops'",
    });
  });

  it('draws an instance to the volume that it had', async () => {
    const more = "    volumes: ['data:/data']\nvolumes:\n  data: {}";
    const sha = await start({ [stackFile('cache')]: stackOf('cache', { more }) });

    expect((await world.final(sha)).state).toBe('success');
    expect(await places()).toEqual([['cache-1', 'node-2']]);
  });
});
