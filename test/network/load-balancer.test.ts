import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/world.ts';
import { Figures } from './figures.ts';
import { busyboxImage, lbImage, wireguardImage } from './images.ts';
import { NameWatch } from './name-watch.ts';
import { NetworkWorld } from './network-world.ts';
import { attempt } from './rig/command.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';

/** Seconds of one burst; what fails is told by burst. */
const BURST = 1;
const DEPLOYS = 3;

const lb = () => `stack: test/lb
expose: lb
services:
  lb:
    image: ${lbImage().name}
    ports: ["80:80"]
    affinity: [label==ingress]
    deploy: {strategy: daemon, wait_for_port: 80}
    environment: [KONTENA_LB_HEALTH_URI=/__health]
`;

const web = (version: string) => `stack: test/app
services:
  web:
    image: ${busyboxImage().name}
    instances: 2
    links: [lb/lb]
    affinity: [label!=entrance]
    deploy: {strategy: ha, wait_for_port: 80, min_health: 0.5}
    stop_grace_period: 2s
    environment:
      TEXT: ${version}
      KONTENA_LB_VIRTUAL_PATH: /
      KONTENA_LB_INTERNAL_PORT: 80
`;

/** Two load balancers, on the first two hosts; the service behind them on the last two. */
describe.skipIf(withoutRig)('a service behind load balancers on two hosts', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;

  beforeAll(async () => {
    rig = await Rig.up(3);
    await rig.load(busyboxImage(), lbImage(), wireguardImage());
    grid = await NetworkWorld.start(rig, {
      files: {
        'grid.yml': `nodes:
  h1: {labels: [ingress, entrance]}
  h2: {labels: [ingress]}
`,
        'stacks/lb/kontena.yml': lb(),
        'stacks/app/kontena.yml': web('one'),
      },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    for (const host of rig.hosts) await grid.startAgents(host);
    for (const host of [rig.host(1), rig.host(2)]) await answers(host, 'one');
  });

  afterAll(async () => {
    figures.print('load balancers under failure');
    await grid?.stop();
    await rig?.down();
  });

  it('finds both of them behind one name', async () => {
    const watch = await NameWatch.start(rig.host(3), '10.81.0.3', `lb.${grid.grid}.kontena.local`);
    const both = (answer: string): boolean => answer.split(' ').length === 2;
    await watch.first(both, 0, 'two addresses');
    await watch.stop();
  });

  it('loses no request of a client with open connections while it is deployed anew', async () => {
    const versions = Array.from({ length: DEPLOYS }, (_, index) => `version-${index}`);
    const over = new AbortController();
    const loads = [rig.host(1), rig.host(2)].map(
      async (host) => await loadUntil(host, over.signal),
    );
    for (const version of versions) {
      const sha = await grid.world.push({ 'stacks/app/kontena.yml': web(version) });
      expect(await grid.world.final(sha, 90_000)).toMatchObject({ state: 'success' });
      for (const host of [rig.host(1), rig.host(2)]) await answers(host, version);
    }
    over.abort();
    const bursts = (await Promise.all(loads)).flat();
    const sum = (of: (burst: Burst) => number): number =>
      bursts.reduce((all, one) => all + of(one), 0);
    figures.add(
      `${DEPLOYS} rolling deploys: requests / lost`,
      `${sum((one) => one.requests)} / ${sum((one) => one.lost)}`,
    );
    expect(sum((one) => one.requests)).toBeGreaterThan(100);
    expect(bursts.filter((one) => one.lost > 0)).toEqual([]);
  });

  it('loses requests for no longer than it takes to notice that a host has lost its power', async () => {
    const off = Date.now();
    await rig.host(3).powerOff();
    const bursts: Burst[] = [];
    while (Date.now() - off < 9_000) bursts.push(await load(rig.host(1)));
    const bad = bursts.filter((one) => one.lost > 0).at(-1);
    figures.add(
      'host lost its power: last lost request',
      bad === undefined ? 'none' : `before ${bad.end - off} ms`,
    );
    expect((bad?.end ?? off) - off).toBeLessThan(6_000);
  });
});

interface Burst {
  readonly requests: number;
  readonly lost: number;
  /** What wrk says, where something was lost. */
  readonly report: string;
  /** Milliseconds since the epoch. */
  readonly end: number;
}

async function loadUntil(host: Host, signal: AbortSignal): Promise<readonly Burst[]> {
  const bursts: Burst[] = [];
  while (!signal.aborted) bursts.push(await load(host));
  return bursts;
}

/** Some clients that keep their connections open. */
async function load(host: Host): Promise<Burst> {
  const url = `http://${host.address}/`;
  const { stdout } = await attempt([
    'wrk',
    '--threads',
    '1',
    '--connections',
    '4',
    '--duration',
    `${BURST}s`,
    '--timeout',
    '5s',
    url,
  ]);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? 0);
  const status = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(
    stdout,
  );
  const lost = status + (errors?.slice(1).reduce((all, one) => all + Number(one), 0) ?? 0);
  return { requests, lost, report: lost === 0 ? '' : stdout, end: Date.now() };
}

/** The last container of an old version is on its way out when a deploy has succeeded. */
async function answers(host: Host, text: string): Promise<void> {
  const what = `${text} from ${host.name}`;
  await eventually(async () => ((await fetchFrom(host)) === text ? true : null), what, 60_000);
}

async function fetchFrom(host: Host): Promise<string | null> {
  try {
    const answer = await fetch(`http://${host.address}/`, { signal: AbortSignal.timeout(2_000) });
    return answer.ok ? (await answer.text()).trim() : null;
  } catch {
    return null;
  }
}
