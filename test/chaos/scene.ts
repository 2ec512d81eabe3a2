import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { MasterOptions } from '../../src/master/options.ts';
import { busyboxImage, lbImage, wireguardImage } from '../network/images.ts';
import { agentCommand } from '../network/rig/agent.ts';
import type { Host } from '../network/rig/host.ts';
import { Rig } from '../network/rig/rig.ts';
import { until } from '../network/rig/until.ts';
import { type LaunchedAgent, startWorld, type World } from '../support/world.ts';
import { Disk } from './disk.ts';
import { journalImage } from './journal-image.ts';
import { Keeper, type Kept } from './keeper.ts';
import { MovedClock } from './moved-clock.ts';
import type { Images } from './wish.ts';

const PROGRAM = fileURLToPath(new URL('master-process.mjs', import.meta.url));
const PORT = 8080;
/** Webhooks are lost in a run, so a look now and then is needed. */
const POLL_SECONDS = 3;
const MASTER_MEGABYTES = 64;
const AGENT_MEGABYTES = 8;

/** A process of ours with all that can go wrong around it. */
export interface Actor {
  readonly keeper: Keeper;
  readonly disk: Disk;
  readonly clock: MovedClock;
}

/** Where a run takes place: hosts with engines and agents, a master, a forge, a repository. */
export class Scene {
  readonly rig: Rig;
  readonly world: World;
  readonly master: Actor;
  readonly folder: string;
  readonly #agents: ReadonlyMap<number, Actor>;

  constructor(of: {
    readonly rig: Rig;
    readonly world: World;
    readonly master: Actor;
    readonly agents: ReadonlyMap<number, Actor>;
    readonly folder: string;
  }) {
    this.rig = of.rig;
    this.world = of.world;
    this.master = of.master;
    this.folder = of.folder;
    this.#agents = of.agents;
  }

  /** `folder` is empty, and stays when the scene has gone: logs are in it. */
  static async up(of: {
    readonly hosts: number;
    readonly folder: string;
    readonly files: (images: Images) => Readonly<Record<string, string>>;
  }): Promise<Scene> {
    const disks = await mountDisks(of);
    const rig = await Rig.up(of.hosts);
    try {
      return await set({ ...of, rig, disks });
    } catch (error) {
      await rig.down();
      throw error;
    }
  }

  static get images(): Images {
    return { app: busyboxImage().name, journal: journalImage().name, lb: lbImage().name };
  }

  agent(host: number): Actor {
    const agent = this.#agents.get(host);
    if (agent === undefined) throw new Error(`no agent on host ${host}`);
    return agent;
  }

  get agents(): readonly Actor[] {
    return [...this.#agents.values()];
  }

  /** Keeps what hosts have written when they have gone. */
  async saveLogs(): Promise<void> {
    for (const host of this.rig.hosts)
      for (const log of ['agent', 'dockerd'])
        await cp(
          path.join(host.directory, `${log}.log`),
          path.join(this.folder, `${host.name}-${log}.log`),
        );
  }

  async down(): Promise<void> {
    for (const { keeper } of [this.master, ...this.agents]) await keeper.down('SIGKILL');
    await this.world.stop();
    await this.rig.down();
    for (const { disk } of [this.master, ...this.agents]) await disk.unmount();
  }
}

interface Setting {
  readonly folder: string;
  readonly files: (images: Images) => Readonly<Record<string, string>>;
  readonly rig: Rig;
  readonly disks: { readonly master: Disk; readonly agents: readonly Disk[] };
}

async function set({ folder, files, rig, disks }: Setting): Promise<Scene> {
  await rig.load(busyboxImage(), journalImage(), lbImage(), wireguardImage());
  const clockOf = (name: string) => new MovedClock(path.join(folder, `${name}.clock`));
  let options: MasterOptions | null = null;
  const clock = clockOf('master');
  const log = path.join(folder, 'master.log');
  const keeper = new Keeper(async () => await launchMaster({ options, clock, log }));
  const url = `http://${rig.address}:${PORT}`;
  const agents = new Map<number, Actor>();
  const world = await startWorld({
    files: files(Scene.images),
    listen: rig.address,
    pollSeconds: POLL_SECONDS,
    launchMaster: async (given) => {
      const listen = { host: rig.address, port: PORT };
      options = { ...given, listen, data: disks.master.folder, logLevel: 'info' };
      await keeper.up();
      await until(async () => await answers(url), 'the master to answer');
      return { url, stop: async () => await keeper.down('SIGTERM') };
    },
    launchAgent: async (agent) => {
      const host = rig.host(Number(agent.name.slice(1)));
      const disk = disks.agents[host.number - 1];
      if (disk === undefined) throw new Error(`no disk for ${host.name}`);
      const actor = actorOf({ host, agent, disk, clock: clockOf(host.name) });
      agents.set(host.number, actor);
      await actor.keeper.up();
      return { stop: async () => await actor.keeper.down('SIGTERM') };
    },
  });
  for (const { name } of rig.hosts) await world.startAgent(name);
  const master = { keeper, disk: disks.master, clock };
  return new Scene({ rig, world, master, agents, folder });
}

async function mountDisks(of: {
  readonly hosts: number;
  readonly folder: string;
}): Promise<Setting['disks']> {
  const mount = async (name: string, megabytes: number) =>
    await Disk.mount(path.join(of.folder, 'disks', name), megabytes);
  const agents: Disk[] = [];
  for (let host = 1; host <= of.hosts; host += 1)
    agents.push(await mount(`h${host}`, AGENT_MEGABYTES));
  return { master: await mount('master', MASTER_MEGABYTES), agents };
}

async function launchMaster(of: {
  readonly options: MasterOptions | null;
  readonly clock: MovedClock;
  readonly log: string;
}): Promise<Kept> {
  const log = openSync(of.log, 'a');
  // It must not outlive the run, whatever ends that.
  const args = ['--pdeathsig', 'KILL', process.execPath, PROGRAM, JSON.stringify(of.options)];
  const child = spawn('setpriv', args, {
    stdio: ['ignore', log, log],
    detached: true,
    env: { ...process.env, ...of.clock.environment },
  });
  closeSync(log);
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  return { pid: child.pid ?? 0, ended, kill: (signal) => void child.kill(signal) };
}

function actorOf(of: {
  readonly host: Host;
  readonly agent: LaunchedAgent;
  readonly disk: Disk;
  readonly clock: MovedClock;
}): Actor {
  const { host, agent, disk, clock } = of;
  const args = agentCommand({
    master: [agent.master].flat().join(','),
    ...(agent.joinToken === null ? {} : { token: agent.joinToken }),
    name: agent.name,
    data: disk.folder,
    network: 'overlay',
    logLevel: 'info',
    args: ['--wireguard-image', wireguardImage().name],
  });
  const keeper = new Keeper(async () => {
    const process = await host.spawn(args, { log: 'agent', env: clock.environment });
    const ended = process.exit;
    return { pid: process.pid ?? 0, ended, kill: (signal) => void process.kill(signal) };
  });
  return { keeper, disk, clock };
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url, { signal: AbortSignal.timeout(2_000) }).then(
    () => true,
    () => false,
  );
}
