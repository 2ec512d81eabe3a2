import { readFile, stat } from 'node:fs/promises';
import { isUnsupported } from './deeds.ts';
import { ToolError, type Tools } from './tools.ts';

/** What the engine says of itself. */
export interface EngineKind {
  /** `OperatingSystem` of Docker's info. */
  readonly operatingSystem: string;
  /** It runs without root's rights. */
  readonly rootless: boolean;
}

/** What has to be known of a host to say whether it can have the overlay. */
export interface HostTraits {
  readonly platform: NodeJS.Platform;
  /** Of this process; `null` where there are none. */
  readonly userId: number | null;
  /** Effective capabilities of this process. */
  readonly capabilities: bigint;
  readonly hasTun: boolean;
  readonly kernelHasWireguard: boolean;
  /** Programs that are not there. */
  readonly missing: readonly string[];
  readonly engine: EngineKind;
}

const NET_ADMIN = 1n << 12n;
/** With what prints its version and does nothing. */
const PROGRAMS = {
  ip: '-V',
  bridge: '-V',
  wg: '--version',
  iptables: '--version',
  'iptables-restore': '--version',
} as const;

/** Why there can be no overlay on this host, and what to do, in one sentence; `null`: there can. */
export function obstacleOf(host: HostTraits): string | null {
  if (host.platform !== 'linux')
    return `the overlay needs Linux, and this is ${host.platform}: run the agent on a Linux host, or with --network bridge`;
  if (/docker desktop/i.test(host.engine.operatingSystem))
    return 'Docker Desktop keeps its network inside of a virtual machine: use Docker Engine on Linux, or --network bridge';
  if (host.engine.rootless)
    return 'a rootless Docker has a network of its own that the host has no part in: use Docker Engine as root, or --network bridge';
  if (host.missing.length > 0)
    return `the host lacks ${host.missing.join(', ')}: install the packages iproute2, iptables and wireguard-tools`;
  if (host.userId !== 0)
    return `the agent runs as user ${host.userId}: start it as root, or with --network bridge`;
  if ((host.capabilities & NET_ADMIN) === 0n)
    return 'the agent may not change the network: give its container --cap-add NET_ADMIN and --network host, or use --network bridge';
  if (!host.kernelHasWireguard && !host.hasTun)
    return 'the kernel has neither WireGuard nor /dev/net/tun: load the module wireguard or tun, and give the container --device /dev/net/tun';
  return null;
}

/** Looks at this host. */
export async function hostTraits(tools: Tools, engine: EngineKind): Promise<HostTraits> {
  const missing = await missingPrograms(tools);
  return {
    platform: process.platform,
    userId: process.getuid?.() ?? null,
    capabilities: await effectiveCapabilities(),
    hasTun: await exists('/dev/net/tun'),
    kernelHasWireguard: missing.length === 0 && (await tryWireguard(tools)),
    missing,
    engine,
  };
}

async function missingPrograms(tools: Tools): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(PROGRAMS).map(async ([program, argument]) =>
      (await isThere(tools, program, argument)) ? [] : [program],
    ),
  );
  return found.flat();
}

async function isThere(tools: Tools, program: string, argument: string): Promise<boolean> {
  try {
    await tools.run(program, [argument]);
    return true;
  } catch (error) {
    return error instanceof ToolError && !error.missing;
  }
}

async function effectiveCapabilities(): Promise<bigint> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const [, digits = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return BigInt(`0x${digits}`);
}

/** Not the overlay's own name: it may be there, and at work. */
const TRIAL_DEVICE = 'gridops-try';

/** Modules are loaded when a device is made: the only way to know is to make one. */
async function tryWireguard(tools: Tools): Promise<boolean> {
  try {
    await tools.run('ip', ['link', 'add', 'dev', TRIAL_DEVICE, 'type', 'wireguard']);
  } catch (error) {
    return error instanceof ToolError && !isUnsupported(error) && /exists/.test(error.complaint);
  }
  await tools.run('ip', ['link', 'delete', 'dev', TRIAL_DEVICE]).catch(() => undefined);
  return true;
}

async function exists(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
