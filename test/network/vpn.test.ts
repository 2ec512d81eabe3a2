import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_TOKEN } from '../support/world.ts';
import { Figures } from './figures.ts';
import { isInstalled } from './image/root-fs.ts';
import { busyboxImage, vpnImage, wireguardImage } from './images.ts';
import { Laptop } from './laptop.ts';
import { NetworkWorld } from './network-world.ts';
import { GRIDOPS } from './rig/agent.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';

/** Says who asks, and who answers. */
const APP = `stack: test/app
services:
  web:
    image: ${busyboxImage().name}
    command: [httpd, -f, -p, "80", -h, /www]
    configs: [{source: who, target: /www/cgi-bin/who, mode: "0755"}]
    stop_grace_period: 1s
    deploy: {strategy: daemon, wait_for_port: 80}
configs:
  who:
    content: |
      #!/bin/sh
      echo
      echo "$$(echo $$REMOTE_ADDR | tr -d [] | sed s/::ffff://) asked $$(hostname)"
`;

/** Programs of a laptop. Where CI says so their absence fails the tests. */
const withoutLaptops =
  withoutRig ||
  (!['wg-quick', 'wireguard-go', 'curl'].every(isInstalled) && process.env['CI'] !== 'true');

/** The server is on the first host; one container of the service is beside it, and one on the other host. */
describe.skipIf(withoutLaptops)('the VPN of a grid on two hosts', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let anna: Laptop;
  let bob: Laptop;

  beforeAll(async () => {
    rig = await Rig.up(2);
    await rig.load(busyboxImage(), wireguardImage());
    await rig.host(1).load(vpnImage());
    grid = await NetworkWorld.start(rig, {
      files: { 'grid.yml': '{}\n', 'stacks/app/kontena.yml': APP },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    // One after the other, so that node numbers follow the hosts'.
    for (const host of rig.hosts) await grid.startAgents(host);
    await gridops('create', '--node', 'h1', '--endpoint', rig.host(1).address);
    [anna, bob] = [await letIn('anna'), await letIn('bob')];
    await push();
    await anna.connect(fileOf('anna'));
    await bob.connect(fileOf('bob'));
    await Promise.all([connected(anna), connected(bob)]);
  });

  afterAll(async () => {
    figures.print('the VPN');
    await grid?.stop();
    await rig?.down();
  });

  it('reaches containers of every host by their names, as oneself', async () => {
    for (const instance of ['web-1', 'web-2']) {
      const url = `http://${instance}.app.${grid.grid}.kontena.local/cgi-bin/who`;
      expect(await anna.get(url)).toBe(`10.81.64.1 asked ${instance}`);
      expect(await bob.get(url)).toBe(`10.81.64.2 asked ${instance}`);
    }
  });

  it('has names from the two nodes that stand in the file', async () => {
    const name = `web.app.${grid.grid}.kontena.local`;
    const file = await readFile(fileOf('anna'), 'utf8');
    expect(file).toContain(`DNS = 10.81.0.1, 10.81.0.2, ${grid.grid}.kontena.local\n`);
    for (const server of ['10.81.0.1', '10.81.0.2'])
      expect(await anna.ask(server, name)).toHaveLength(2);
    // The search domain of the file.
    expect(await anna.get('http://web-2.app/cgi-bin/who')).toContain('asked web-2');
  });

  it('lets services call back', async () => {
    for (const host of rig.hosts) {
      const filter = 'label=io.kontena.service.name=web';
      const id = (await host.docker(['ps', '--quiet', '--filter', filter])).trim();
      await host.docker(['exec', id, 'ping', '-c', '1', '-W', '2', '10.81.64.1']);
    }
  });

  it('cuts off whoever is revoked, and nobody else', async () => {
    const url = `http://web-2.app.${grid.grid}.kontena.local/cgi-bin/who`;
    await gridops('revoke', 'bob');
    const pushed = Date.now();
    await push();
    expect(await bob.get(url)).toBeNull();
    expect(await connected(anna)).toContain('10.81.64.1 asked');
    figures.since('revoked: pushed, deployed, and the others are back', pushed, Date.now());
    expect(await bob.get(url)).toBeNull();
    expect(await anna.get(url)).toBe('10.81.64.1 asked web-2');
  });

  /** The real program, as a person in a working tree of the grid repository. */
  async function gridops(command: string, ...args: readonly string[]): Promise<void> {
    const cwd = grid.world.work.directory;
    const env = {
      ...process.env,
      GRIDOPS_URL: grid.world.master.url,
      GRIDOPS_API_TOKEN: API_TOKEN,
    };
    const all = [GRIDOPS, 'vpn', command, ...args, '--grid', grid.grid];
    await promisify(execFile)(process.execPath, all, { cwd, env });
  }

  async function letIn(person: string): Promise<Laptop> {
    await gridops('config', person, '--out', fileOf(person));
    return new Laptop(await rig.addGuest());
  }

  function fileOf(person: string): string {
    return path.join(rig.claim.directory, `${person}.conf`);
  }

  async function push(): Promise<void> {
    const sha = await grid.world.push({});
    expect(await grid.world.final(sha)).toMatchObject({ state: 'success' });
  }

  async function connected(laptop: Laptop): Promise<string> {
    const url = `http://web.app.${grid.grid}.kontena.local/cgi-bin/who`;
    return await until(async () => (await laptop.get(url)) ?? false, 'a way into the grid');
  }
});
