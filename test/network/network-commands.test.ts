import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostAnswer } from '../../src/cli/launch.ts';
import type { DoctorFinding } from '../../src/cli/network-sight.ts';
import type { NamesView, NameView } from '../../src/discovery/names-view.ts';
import type { NetworkStatus } from '../../src/protocol/network-api.ts';
import { API_TOKEN } from '../support/world.ts';
import { busyboxImage, wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import { GRIDOPS } from './rig/agent.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';

interface DoctorAnswer {
  readonly grids: readonly {
    readonly network: NetworkStatus;
    readonly findings: readonly DoctorFinding[];
  }[];
}

const APP = `stack: test/app
services:
  web:
    image: ${busyboxImage().name}
    deploy: {strategy: daemon, wait_for_port: 80}
  beside:
    image: ${busyboxImage().name}
    network_mode: host
    environment: {PORT: "8099"}
    affinity: [node==h1]
`;

describe.skipIf(withoutRig)('what people see of the network of two hosts', () => {
  let rig: Rig;
  let grid: NetworkWorld;
  let one: Host;

  beforeAll(async () => {
    rig = await Rig.up(2);
    one = rig.host(1);
    await rig.load(busyboxImage(), wireguardImage());
    grid = await NetworkWorld.start(rig, {
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': APP },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    await grid.joinInOrder(...rig.hosts);
    const first = await grid.world.final(await grid.world.work.head());
    expect(first).toMatchObject({ state: 'success' });
  });

  afterAll(async () => {
    await grid?.stop();
    await rig?.down();
  });

  it('is a grid in which nothing is in the way', async () => {
    const told = await until(async () => {
      const { stdout } = await gridops('network', 'doctor', grid.grid, '--json');
      const answer = JSON.parse(stdout) as DoctorAnswer;
      const reports = answer.grids[0]?.network.nodes.map(({ report }) => report) ?? [];
      return reports.every((report) => report?.peers.length === 1) && answer;
    }, 'both nodes to have told of each other');
    const [{ network, findings } = { network: null, findings: [] }] = told.grids;
    const ways = network?.nodes.flatMap(({ report }) => report?.peers ?? []);
    expect(ways).toMatchObject([
      { way: 'tunnel', endpoint: `${rig.host(2).address}:6783`, fullSize: true },
      { way: 'tunnel', endpoint: `${one.address}:6783`, fullSize: true },
    ]);
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);

    const { code, stdout } = await gridops('network', 'doctor', grid.grid);
    expect(stdout).toContain(`${grid.grid}: 2 of 2 nodes online, 10.81.0.0/16`);
    expect(code).toBe(0);
  });

  it('is a host in whose way nothing is either, our own routes included', async () => {
    const { code, stdout } = await gridops('network', 'doctor', '--local', ...at(one), '--json');
    const { node, findings } = JSON.parse(stdout) as HostAnswer;
    expect(node).toBe('h1');
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(code).toBe(0);
  });

  it('has names for all but what is in the network of a host', async () => {
    const { stdout } = await gridops('dns', ...at(one), '--json');
    const { node, nodes, records, dns } = JSON.parse(stdout) as NamesView;
    expect(node).toMatchObject({ name: 'h1', number: 1 });
    expect(dns).toMatchObject({ address: '10.81.0.1', listening: true, fault: null });
    expect(nodes).toMatchObject([{ state: 'self' }, { name: 'h2', state: 'heard' }]);
    const shown = records.map(({ instance, answers }) => `${instance} ${answers}`);
    expect(shown.toSorted()).toEqual(['app/web-1 true', 'app/web-2 true']);
  });

  it('says of a name what it stands for, or that it stands for nothing', async () => {
    const web = await gridops('dns', 'web', '--stack', 'app', ...at(one), '--json');
    expect((JSON.parse(web.stdout) as NameView).tried).toMatchObject([
      { name: `web.app.${grid.grid}.kontena.local`, outcome: 'answers', because: 'ready' },
    ]);
    const beside = await gridops('dns', 'beside', '--stack', 'app', ...at(one), '--json');
    const { tried } = JSON.parse(beside.stdout) as NameView;
    expect(tried.map(({ outcome }) => outcome)).not.toContain('answers');
    expect([web.code, beside.code]).toEqual([0, 1]);
  });

  function at(host: Host): readonly string[] {
    return ['--data', dataOf(host)];
  }

  function dataOf(host: Host): string {
    return path.join(grid.world.masterData, `../agent-${host.name}`);
  }

  async function gridops(...args: readonly string[]) {
    const env = { GRIDOPS_URL: grid.world.master.url, GRIDOPS_API_TOKEN: API_TOKEN };
    return await one.attempt([process.execPath, GRIDOPS, ...args], { env });
  }
});
