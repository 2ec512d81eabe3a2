import { type FirewallVariant, writeRules } from './firewall.ts';
import { deviceNames, ROUTE_PROTOCOL } from './names.ts';
import type { Helper } from './ports.ts';
import type { PeerChange, Step } from './steps.ts';
import { ToolError, type Tools } from './tools.ts';
import type { WantedRoute } from './wanted.ts';

/** What steps are done with. */
export interface Means {
  readonly tools: Tools;
  readonly helper: Helper;
  readonly firewall: FirewallVariant;
  /** File with the private key. */
  readonly keyFile: string;
}

type Deeds = {
  readonly [Kind in Step['kind']]: (
    means: Means,
    step: Extract<Step, { readonly kind: Kind }>,
  ) => Promise<unknown>;
};

const { wireguard, vxlan } = deviceNames;
/** Behind every other route to the same place. */
const LAST_METRIC = '4294967295';

/** What each kind of step does. What was done by somebody else in the meantime is done. */
const deeds: Deeds = {
  'write-rules': async ({ tools, firewall }, { family, text }) =>
    await writeRules(tools, firewall, family, text),
  'make-wireguard': makeWireguard,
  'remove-wireguard': async ({ tools, helper }, { inKernel }) => {
    if (!inKernel) await helper.remove(wireguard);
    await undo(tools, 'ip', ['link', 'delete', 'dev', wireguard]);
  },
  'set-key': async ({ tools, keyFile }) =>
    await tools.run('wg', ['set', wireguard, 'private-key', keyFile]),
  'set-port': async ({ tools }, { port }) =>
    await tools.run('wg', ['set', wireguard, 'listen-port', String(port)]),
  'set-peer': async ({ tools }, { publicKey, change }) =>
    await tools.run('wg', ['set', wireguard, 'peer', publicKey, ...peerArgs(change)]),
  'remove-peer': async ({ tools }, { publicKey }) =>
    await tools.run('wg', ['set', wireguard, 'peer', publicKey, 'remove']),
  'make-vxlan': async ({ tools }, { vni, port }) =>
    await once(tools, 'ip', ['link', 'add', 'dev', vxlan, ...vxlanArgs(vni, port)]),
  'remove-vxlan': async ({ tools }) => await undo(tools, 'ip', ['link', 'delete', 'dev', vxlan]),
  'set-mtu': async ({ tools }, { device, mtu }) =>
    await tools.run('ip', ['link', 'set', 'dev', device, 'mtu', String(mtu)]),
  'add-address': async ({ tools }, { device, address }) =>
    await tools.run('ip', ['address', 'replace', address, 'dev', device]),
  'remove-address': async ({ tools }, { device, address }) =>
    await undo(tools, 'ip', ['address', 'delete', address, 'dev', device]),
  'join-bridge': async ({ tools }, { device, bridge }) =>
    await tools.run('ip', ['link', 'set', 'dev', device, 'master', bridge]),
  raise: async ({ tools }, { device }) =>
    await tools.run('ip', ['link', 'set', 'dev', device, 'up']),
  'allow-forwarding': async ({ tools }, { device }) =>
    await tools.set(`net/ipv4/conf/${device}/forwarding`, '1'),
  'put-route': async ({ tools }, { route }) =>
    await tools.run('ip', ['-4', 'route', 'replace', ...routeArgs(route)]),
  'remove-route': async ({ tools }, { route }) =>
    await undo(tools, 'ip', ['-4', 'route', 'delete', ...routeArgs(route)]),
  'add-entry': async ({ tools }, step) =>
    await once(tools, 'bridge', ['fdb', 'append', ...entryArgs(step)]),
  'remove-entry': async ({ tools }, step) =>
    await undo(tools, 'bridge', ['fdb', 'delete', ...entryArgs(step)]),
};

export async function perform<Kind extends Step['kind']>(
  means: Means,
  step: Extract<Step, { readonly kind: Kind }>,
): Promise<void> {
  await deeds[step.kind](means, step);
}

/** In the kernel where it can, which needs no program that could end. */
async function makeWireguard({ tools, helper }: Means): Promise<void> {
  try {
    await once(tools, 'ip', ['link', 'add', 'dev', wireguard, 'type', 'wireguard']);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
    await helper.ensure(wireguard);
  }
}

/** The kernel has no such kind of device. */
export function isUnsupported(error: unknown): boolean {
  return error instanceof ToolError && /unknown device type|not supported/i.test(error.complaint);
}

function peerArgs({ allowed, keepalive, endpoint }: PeerChange): readonly string[] {
  return [
    ...(keepalive === undefined ? [] : ['persistent-keepalive', String(keepalive)]),
    ...(endpoint === undefined ? [] : ['endpoint', endpoint]),
    ...(allowed === undefined ? [] : ['allowed-ips', allowed.join(',')]),
  ];
}

/** No `local`: the source follows the route, so that trusted and other peers may be mixed. */
function vxlanArgs(vni: number, port: number): readonly string[] {
  return ['type', 'vxlan', 'id', String(vni), 'dstport', String(port), 'learning'];
}

function routeArgs({ destination, device }: WantedRoute): readonly string[] {
  return device === null
    ? ['blackhole', destination, 'metric', LAST_METRIC, 'proto', ROUTE_PROTOCOL]
    : [destination, 'dev', device, 'proto', ROUTE_PROTOCOL];
}

function entryArgs({
  mac,
  address,
}: {
  readonly mac: string;
  readonly address: string;
}): readonly string[] {
  return [mac, 'dev', vxlan, 'dst', address];
}

/** Somebody else was faster: it is there. */
async function once(tools: Tools, program: string, args: readonly string[]): Promise<void> {
  await unless(tools.run(program, args), /file exists/i);
}

/** Somebody else was faster: it is gone. */
async function undo(tools: Tools, program: string, args: readonly string[]): Promise<void> {
  await unless(
    tools.run(program, args),
    /no such (?:device|file|process)|cannot find device|cannot assign requested address/i,
  );
}

async function unless(running: Promise<unknown>, harmless: RegExp): Promise<void> {
  try {
    await running;
  } catch (error) {
    if (!(error instanceof ToolError && harmless.test(error.complaint))) throw error;
  }
}
