import { afterEach, describe, expect, it } from 'vitest';
import type { NodeList, NodeStatus } from '../../src/protocol/node-api.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { eventually, startWorld, type World } from '../support/world.ts';
import { stackFile, stackOf } from './flow-world.ts';

let world: World;
let engines: Map<string, FakeEngine>;

afterEach(async () => {
  await world.stop();
});

/** Two nodes, each with an engine of its own, and nothing on them yet: what comes is spread over both. */
async function start(): Promise<void> {
  engines = new Map();
  world = await startWorld({
    files: { 'grid.yml': '' },
    nodes: ['node-1', 'node-2'],
    // An engine is called silent after fifteen seconds of theirs.
    agentClock: hurriedClock(8),
    agentPorts: (name) => {
      const images = { 'demo:1': { listensAfter: 0 }, 'demo:2': { listensAfter: 0 } };
      const engine = engines.get(name) ?? new FakeEngine({ clock: systemClock, images });
      engines.set(name, engine);
      return { containers: engine, engine, probes: engine };
    },
  });
}

const web = (image: string) => ({ [stackFile('web')]: stackOf('web', { image, instances: 2 }) });

async function node(name: string): Promise<NodeStatus> {
  const { nodes } = await world.api<NodeList>(`grids/${world.grid}/nodes`);
  const found = nodes.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name}`);
  return found;
}

async function until(name: string, holds: (one: NodeStatus) => boolean): Promise<NodeStatus> {
  return await eventually(
    async () => {
      const found = await node(name);
      return holds(found) ? found : null;
    },
    `${name} as expected`,
    60_000,
  );
}

describe('a node whose Docker engine does not answer', () => {
  it('is shown with the reason, holds up its part of a deploy, which says so, and goes on by itself', async () => {
    await start();
    await world.final(await world.push(web('demo:1')));
    expect((await until('node-2', (one) => one.engine !== undefined)).engine?.state).toBe('ok');

    engines.get('node-2')?.setDown(true);
    const silent = await until('node-2', (one) => one.engine?.state === 'silent');
    expect(silent).toMatchObject({ status: 'online', engine: { state: 'silent' } });
    expect(silent.engine?.reason).toContain('does not answer');
    const instances = await world.instances();
    expect(instances.filter((one) => one.state === 'unknown').map((one) => one.node)).toEqual([
      'node-2',
    ]);
    const { counts } = await world.gridStatus();
    expect(counts).toMatchObject({ wanted: 2, ready: 1 });

    const sha = await world.push(web('demo:2'));
    const deploy = await eventually(async () => {
      const found = (await world.deploys()).find((one) => one.sha === sha);
      return found?.message.includes('has not answered') === true ? found : null;
    }, 'the reason');
    expect(deploy.phase).toBe('running');
    expect(deploy.message).toMatch(
      /^web\/web-\d: the Docker engine of node node-2 has not answered for \d+ s: /,
    );

    engines.get('node-2')?.setDown(false);
    expect(await world.final(sha, 60_000)).toMatchObject({ state: 'success' });
    expect((await node('node-2')).engine?.state).toBe('ok');
    const kinds = (await world.events()).map(({ kind }) => kind);
    expect(kinds).toContain('engine-silent');
    expect(kinds).toContain('engine-back');
  });

  it('is shown as such also when its agent is started again meanwhile', async () => {
    await start();
    await world.final(await world.push(web('demo:1')));
    await world.agents.get('node-2')?.stop();
    engines.get('node-2')?.setDown(true);

    await world.startAgent('node-2');

    const { status } = await until('node-2', (one) => one.engine?.state === 'silent');
    // It has not seen anything yet, and says nothing of its instances.
    expect(status).toBe('offline');
    engines.get('node-2')?.setDown(false);
    await until('node-2', (one) => one.status === 'online' && one.engine?.state === 'ok');
  });
});
