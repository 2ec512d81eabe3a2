import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkMap } from '../../src/model/network.ts';
import type { AgentMessageOf, Signed } from '../../src/protocol/agent.ts';
import { decodeNetworkMap } from '../../src/protocol/codec.ts';
import type { NodeList } from '../../src/protocol/node-api.ts';
import type { CurrentPlan } from '../../src/protocol/plan-api.ts';
import type { KeyPair } from '../../src/protocol/sign.ts';
import { networkFacts } from '../support/a-network-map.ts';
import { someFacts } from '../support/builders.ts';
import { WireAgent } from '../support/wire-agent.ts';
import { API_TOKEN, eventually, startWorld, type World } from '../support/world.ts';
import { stackFile, stackOf } from './flow-world.ts';

let world: World;
let agents: WireAgent[];

beforeEach(async () => {
  agents = [];
  world = await startWorld({ files: { 'grid.yml': 'mtu: 1450\n' } });
});

afterEach(async () => {
  for (const agent of agents) agent.close();
  await world.stop();
});

interface Node {
  readonly agent: WireAgent;
  readonly name: string;
  readonly credential: Signed;
  readonly welcome: { readonly recallNetwork?: boolean };
}

async function comes(
  name: string,
  as: { keys?: KeyPair; credential?: Signed; networkVersion?: number } = {},
): Promise<Node> {
  const agent = new WireAgent(`${world.master.url.replace('http', 'ws')}/agent`, as.keys);
  agents.push(agent);
  const identity: AgentMessageOf<'proof'>['identity'] =
    as.credential === undefined
      ? { kind: 'join', token: await world.joinToken(), name }
      : { kind: 'credential', credential: as.credential };
  const facts = someFacts({ network: networkFacts(name) }) as AgentMessageOf<'proof'>['facts'];
  const welcome = await agent.join(identity, { facts, networkVersion: as.networkVersion ?? 0 });
  agent.observe({ complete: true });
  return { agent, name, credential: welcome.credential, welcome };
}

/** The first map that a node is sent for which the condition holds, as it was signed. */
async function mapOf(
  { agent }: Node,
  holds: (map: NetworkMap) => boolean,
): Promise<{ readonly map: NetworkMap; readonly signed: Signed }> {
  for (;;) {
    const { signed } = await agent.next('network');
    const map = decodeNetworkMap(signed.payload);
    if (holds(map)) return { map, signed };
  }
}

function names(map: NetworkMap): string {
  return map.nodes.map(({ name, number }) => `${name} ${number}`).join(', ');
}

async function nodes(): Promise<NodeList['nodes']> {
  return (await world.api<NodeList>(`grids/${world.grid}/nodes`)).nodes;
}

describe('the network map', () => {
  it('goes to all nodes of a grid, is shown, and follows who comes and goes and what grid.yml trusts', async () => {
    const [one, two] = [await comes('node-1'), await comes('node-2')];

    const first = await mapOf(one, (map) => map.nodes.length === 2);
    const second = await mapOf(two, (map) => map.nodes.length === 2);
    expect(second.signed).toEqual(first.signed);
    expect(first.map).toMatchObject({ grid: world.grid, subnet: '10.81.0.0/16', mtu: 1450 });
    expect((await nodes()).map(({ network }) => [network?.number, network?.address])).toEqual([
      [1, '10.81.0.1'],
      [2, '10.81.0.2'],
    ]);

    await world.push({ 'grid.yml': 'mtu: 1300\ntrusted_subnets: [10.77.0.0/24]\n' });
    const third = await mapOf(one, (map) => map.trustedSubnets.length === 1);
    expect(third.map.mtu).toBe(1450);
    const { plan } = await eventually(async () => {
      const found = await world.api<CurrentPlan>(`grids/${world.grid}/plan`);
      return found.plan.warnings.length > 0 ? found : null;
    }, 'a warning');
    expect(plan.warnings).toEqual([
      expect.stringMatching(/^the MTU of a grid is fixed .*1450.*1300/),
    ]);

    two.agent.close();
    await eventually(
      async () => ((await nodes())[1]?.status === 'offline' ? true : null),
      'node-2 is offline',
    );
    const gone = await fetch(`${world.master.url}/api/v1/grids/${world.grid}/nodes/node-2`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${API_TOKEN}` },
    });
    expect(gone.status).toBe(204);
    expect(names((await mapOf(one, (map) => map.nodes.length === 1)).map)).toBe('node-1 1');
  });

  it('survives its master and its store: any node brings it back', async () => {
    const [one, two] = [await comes('node-1'), await comes('node-2')];
    const { map, signed } = await mapOf(two, (each) => each.nodes.length === 2);
    one.agent.close();
    two.agent.close();
    await world.stopMaster();
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(world.masterData, `gridops.db${suffix}`), { force: true });
    await world.startMaster();

    const newcomer = await comes('node-0');
    const { keys } = two.agent;
    const back = await comes('node-2', {
      keys,
      credential: two.credential,
      networkVersion: map.version,
    });
    expect(back.welcome.recallNetwork).toBe(true);
    back.agent.send({ type: 'recalled-network', signed });

    const made = await mapOf(newcomer, (each) => each.nodes.length === 3);
    expect(names(made.map)).toBe(`${names(map)}, node-0 3`);
    expect((await nodes()).map(({ name, status }) => `${name} ${status}`)).toEqual([
      'node-0 online',
      'node-1 unobserved',
      'node-2 online',
    ]);
  });

  it('reaches a node before what it is to run', async () => {
    const one = await comes('node-1');
    await world.push({ [stackFile('web')]: stackOf('web', { instances: 100 }) });

    await one.agent.next('assignment');

    const map = mapOf(one, (each) => each.nodes[0]?.pools.length === 2);
    const later = new Promise((resolve) => setImmediate(() => resolve('later')));
    expect(await Promise.race([map, later])).toMatchObject({
      map: { nodes: [{ pools: [1, 255] }] },
    });
  });
});
