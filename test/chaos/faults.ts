import type { Host } from '../network/rig/host.ts';
import { containersOn, dockerOn } from './containers.ts';
import type { Scene } from './scene.ts';
import type { FaultKind, PlannedFault } from './schedule.ts';

/** Makes the fault end. */
type Heal = () => Promise<void>;
type Inject = (at: {
  readonly scene: Scene;
  readonly fault: PlannedFault;
}) => Promise<Heal | NotNow>;

/** Why a fault could not be made: nothing there to be broken. */
export interface NotNow {
  readonly reason: string;
}

/** Of a host with a slow line: what is sent queues up to this long. */
const NARROW = ['tbf', 'rate', '512kbit', 'burst', '8kb', 'latency', '400ms'];
const SLOW = ['netem', 'delay', '150ms', '50ms'];
const LOSS = '0.2';

/** Breaks something. Resolves to how it is mended, which is left to the product where it is what must do it. */
export async function inject(scene: Scene, fault: PlannedFault): Promise<Heal | NotNow> {
  return await injections[fault.kind]({ scene, fault });
}

const injections: Readonly<Record<FaultKind, Inject>> = {
  'master killed (-9)': async ({ scene: { master } }) => await ended(master.keeper, 'SIGKILL'),
  'master stopped': async ({ scene: { master } }) => await ended(master.keeper, 'SIGTERM'),
  "master's disk full": async ({ scene: { master } }) => await filled(master.disk),
  "master's clock moved": async ({ scene: { master }, fault }) => moved(master.clock, fault),

  "forge's API answers 500": async ({ scene }) => {
    scene.world.github.disturb({ kind: 'server-error', status: 500, times: 1_000 });
    return calmed(scene);
  },
  'forge carries out, then hangs up': async ({ scene }) => {
    scene.world.github.disturb({ kind: 'hang-up', afterDoing: true, times: 2 });
    return calmed(scene);
  },
  "forge's git answers 500": async ({ scene }) => {
    scene.world.github.git.fault({ kind: 'status', status: 500, only: 'list' });
    return calmed(scene);
  },
  "forge's git never answers": async ({ scene }) => {
    scene.world.github.git.fault({ kind: 'hang', only: 'list' });
    return calmed(scene);
  },
  'webhooks lost': async ({ scene }) => {
    scene.world.github.disturb({ kind: 'drop-delivery', times: 1_000 });
    return calmed(scene);
  },

  'agent killed (-9)': async ({ scene, fault }) =>
    await ended(scene.agent(hostNumber(fault)).keeper, 'SIGKILL'),
  "agent's disk full": async ({ scene, fault }) =>
    await filled(scene.agent(hostNumber(fault)).disk),
  "agent's clock moved": async ({ scene, fault }) =>
    moved(scene.agent(hostNumber(fault)).clock, fault),
  'power cut': async ({ scene, fault }) => {
    const { keeper } = scene.agent(hostNumber(fault));
    const host = hostOf(scene, fault);
    await keeper.down('SIGKILL');
    await host.powerOff();
    return async () => {
      await host.boot();
      await keeper.up();
    };
  },
  'cable pulled out': async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    await host.cut();
    return async () => await host.heal();
  },
  'network slow (queues on a narrow link)': async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    const add = ['tc', 'qdisc', 'add', 'dev', 'eth0', 'root'];
    // Not every kernel can delay packets; a queue on a narrow link every one can.
    if ((await host.attempt([...add, ...SLOW])).code !== 0) await host.exec([...add, ...NARROW]);
    return async () => void (await host.exec(['tc', 'qdisc', 'del', 'dev', 'eth0', 'root']));
  },
  'network loses packets': async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    const rule = (how: string) =>
      `iptables -w -t raw ${how} PREROUTING -i eth0 -m statistic --mode random --probability ${LOSS} -j DROP`;
    await host.exec(rule('-I').split(' '));
    return async () => void (await host.exec(rule('-D').split(' ')));
  },
  'engine restarted': async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    await host.stopEngine();
    return async () => await host.startEngine();
  },
  'engine killed (-9)': async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    await host.killEngine();
    return async () => await host.startEngine();
  },
  'engine hangs': async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    host.pauseEngine();
    return () => Promise.resolve(host.resumeEngine());
  },
  'container removed by hand': byHand('rm', '--force'),
  'container stopped by hand': byHand('stop', '--time', '1'),
  'container killed by hand': byHand('kill'),
  'container paused by hand': byHand('pause'),
};

function byHand(...command: readonly string[]): Inject {
  return async ({ scene, fault }) => {
    const host = hostOf(scene, fault);
    const all = await containersOn(host, scene.world.grid);
    const running = all.filter(({ isRunning, isPaused }) => isRunning && !isPaused);
    const chosen = running[Math.floor(fault.draw * running.length)];
    if (chosen === undefined) return { reason: 'no container runs there' };
    try {
      await dockerOn(host, [...command, chosen.id]);
    } catch (error) {
      // A rollout was faster.
      if (/No such container|is not running/.test(String(error))) return { reason: 'it was gone' };
      throw error;
    }
    // The agent puts it right, whatever it was.
    return async () => await Promise.resolve();
  };
}

async function ended(keeper: Scene['master']['keeper'], signal: NodeJS.Signals): Promise<Heal> {
  await keeper.down(signal);
  return async () => await keeper.up();
}

async function filled(disk: Scene['master']['disk']): Promise<Heal> {
  await disk.fill();
  return async () => await disk.empty();
}

function moved(clock: Scene['master']['clock'], { draw }: PlannedFault): Heal {
  clock.jump(draw);
  return () => Promise.resolve(clock.reset());
}

function calmed({ world }: Scene): Heal {
  return () => Promise.resolve(world.github.calm());
}

function hostOf(scene: Scene, fault: PlannedFault): Host {
  return scene.rig.host(hostNumber(fault));
}

function hostNumber({ target, kind }: PlannedFault): number {
  if (typeof target === 'number') return target;
  throw new Error(`${kind} needs a host`);
}
