import { KEEPALIVE_SECONDS } from './hearing.ts';
import { deviceNames, EVERY_MAC } from './names.ts';
import { isInPlace, noRules, type RuleTable, restoreText } from './rules.ts';
import type { SeenHost, SeenLink, SeenPeer, WireguardState } from './seen.ts';
import type {
  WantedHost,
  WantedPeer,
  WantedRoute,
  WantedVxlan,
  WantedWireguard,
} from './wanted.ts';

/** One thing to do on this host. Each is right by itself, and doing it twice does no harm. */
export type Step =
  | {
      readonly kind: 'write-rules';
      readonly family: RuleTable['family'];
      readonly table: RuleTable['table'];
      readonly text: string;
    }
  | { readonly kind: 'make-wireguard' }
  | { readonly kind: 'remove-wireguard'; readonly inKernel: boolean }
  | { readonly kind: 'set-key' }
  | { readonly kind: 'set-port'; readonly port: number }
  | { readonly kind: 'set-peer'; readonly publicKey: string; readonly change: PeerChange }
  | { readonly kind: 'remove-peer'; readonly publicKey: string }
  | { readonly kind: 'make-vxlan'; readonly vni: number; readonly port: number }
  | { readonly kind: 'remove-vxlan' }
  | { readonly kind: 'set-mtu'; readonly device: string; readonly mtu: number }
  | { readonly kind: 'add-address'; readonly device: string; readonly address: string }
  | { readonly kind: 'remove-address'; readonly device: string; readonly address: string }
  | { readonly kind: 'join-bridge'; readonly device: string; readonly bridge: string }
  | { readonly kind: 'raise'; readonly device: string }
  | { readonly kind: 'allow-forwarding'; readonly device: string }
  | { readonly kind: 'put-route'; readonly route: WantedRoute }
  | { readonly kind: 'remove-route'; readonly route: WantedRoute }
  | { readonly kind: 'add-entry'; readonly mac: string; readonly address: string }
  | { readonly kind: 'remove-entry'; readonly mac: string; readonly address: string };

/** Only what differs, and the endpoint that is to be tried now. */
export interface PeerChange {
  readonly allowed?: readonly string[];
  readonly keepalive?: number;
  readonly endpoint?: string;
}

/**
 * What turns the host as it is seen into the one that is wanted, in the order in which it has to happen: the guard before
 * there is a port to guard. Everything is compared by itself, because a run can end between any two steps, and because
 * people and other programs undo single things. `wanted` null: everything of ours goes.
 */
export function stepsTowards(
  wanted: WantedHost | null,
  seen: SeenHost,
  endpoints: ReadonlyMap<string, string>,
): readonly Step[] {
  if (wanted === null) return stepsAway(seen);
  return [
    ...rulesSteps(wanted.rules, seen.rules),
    ...wireguardSteps(wanted.wireguard, seen, endpoints),
    ...routeSteps(wanted.routes, seen),
    ...vxlanSteps(wanted.vxlan, wanted.entries, seen),
  ];
}

/** The guard goes last. */
function stepsAway(seen: SeenHost): readonly Step[] {
  return [
    ...(seen.vxlan === null ? [] : [{ kind: 'remove-vxlan' } as const]),
    ...(seen.wireguard === null ? [] : [removeWireguard(seen.wireguard.link)]),
    // Its other routes went with the device.
    ...seen.routes
      .filter(({ device }) => device === null)
      .map((route) => ({ kind: 'remove-route', route }) as const),
    ...rulesSteps(noRules, seen.rules),
  ];
}

function rulesSteps(wanted: readonly RuleTable[], seen: SeenHost['rules']): readonly Step[] {
  return wanted.flatMap((table): readonly Step[] => {
    const chains = seen.get(`${table.family}-${table.table}`);
    if (chains === undefined || isInPlace(table, chains)) return [];
    const { family, table: name } = table;
    return [{ kind: 'write-rules', family, table: name, text: restoreText(table, chains) }];
  });
}

function wireguardSteps(
  wanted: WantedWireguard,
  seen: SeenHost,
  endpoints: ReadonlyMap<string, string>,
): readonly Step[] {
  const state = seen.wireguard?.state ?? null;
  const link = state === null ? null : (seen.wireguard?.link ?? null);
  return [
    ...makeWireguard(seen, link !== null),
    ...(state?.publicKey === wanted.publicKey ? [] : [{ kind: 'set-key' } as const]),
    ...(state?.port === wanted.port ? [] : [{ kind: 'set-port', port: wanted.port } as const]),
    ...linkSteps(deviceNames.wireguard, wanted, link),
    ...(seen.forwards && link !== null
      ? []
      : [{ kind: 'allow-forwarding', device: deviceNames.wireguard } as const]),
    ...peerSteps(wanted.peers, state, endpoints),
  ];
}

/** A device of another kind, or one whose program is gone, has to make room first. */
function makeWireguard(seen: SeenHost, isUsable: boolean): readonly Step[] {
  if (isUsable) return [];
  const make = { kind: 'make-wireguard' } as const;
  return seen.wireguard === null ? [make] : [removeWireguard(seen.wireguard.link), make];
}

function removeWireguard(link: SeenLink): Step {
  return { kind: 'remove-wireguard', inKernel: link.kind !== 'tun' };
}

function linkSteps(
  device: string,
  wanted: { readonly mtu: number; readonly address: string },
  link: SeenLink | null,
): readonly Step[] {
  const addresses = link?.addresses ?? [];
  return [
    ...(link?.mtu === wanted.mtu ? [] : [{ kind: 'set-mtu', device, mtu: wanted.mtu } as const]),
    ...addresses
      .filter((address) => address !== wanted.address)
      .map((address) => ({ kind: 'remove-address', device, address }) as const),
    ...(addresses.includes(wanted.address)
      ? []
      : [{ kind: 'add-address', device, address: wanted.address } as const]),
    ...(link?.up === true ? [] : [{ kind: 'raise', device } as const]),
  ];
}

function peerSteps(
  wanted: ReadonlyMap<string, WantedPeer>,
  state: WireguardState | null,
  endpoints: ReadonlyMap<string, string>,
): readonly Step[] {
  const seen = new Map((state?.peers ?? []).map((peer) => [peer.publicKey, peer]));
  const removals = [...seen.keys()]
    .filter((publicKey) => !wanted.has(publicKey))
    .map((publicKey) => ({ kind: 'remove-peer', publicKey }) as const);
  const changes = [...wanted].flatMap(([publicKey, peer]): readonly Step[] => {
    const change = peerChange(peer, seen.get(publicKey), endpoints.get(publicKey));
    return change === null ? [] : [{ kind: 'set-peer', publicKey, change }];
  });
  return [...removals, ...changes];
}

function peerChange(
  wanted: WantedPeer,
  seen: SeenPeer | undefined,
  endpoint: string | undefined,
): PeerChange | null {
  const isAllowed = seen !== undefined && sameSet(seen.allowed, wanted.allowed);
  const change: PeerChange = {
    ...(isAllowed ? {} : { allowed: wanted.allowed }),
    ...(seen?.keepalive === KEEPALIVE_SECONDS ? {} : { keepalive: KEEPALIVE_SECONDS }),
    // Also where it has it already: what it remembers of the way there is forgotten.
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  return Object.keys(change).length === 0 ? null : change;
}

/** A relay's addresses may be as many as there are nodes. */
function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const known = new Set(b);
  return a.length === b.length && a.every((entry) => known.has(entry));
}

/** Routes lead to a device that is up; they are gone with it. */
function routeSteps(wanted: readonly WantedRoute[], seen: SeenHost): readonly Step[] {
  const isUp = seen.wireguard?.link.up === true && seen.wireguard.state !== null;
  const present = isUp ? seen.routes : seen.routes.filter(({ device }) => device === null);
  return [
    ...present
      .filter((route) => !hasRoute(wanted, route))
      .map((route) => ({ kind: 'remove-route', route }) as const),
    ...wanted
      .filter((route) => !hasRoute(present, route))
      .map((route) => ({ kind: 'put-route', route }) as const),
  ];
}

function hasRoute(routes: readonly WantedRoute[], { destination, device }: WantedRoute): boolean {
  return routes.some((route) => route.destination === destination && route.device === device);
}

/** Without the bridge there is nothing to join, and nothing to do. */
function vxlanSteps(
  wanted: WantedVxlan,
  entries: ReadonlySet<string>,
  seen: SeenHost,
): readonly Step[] {
  if (!seen.bridge) return [];
  const device = deviceNames.vxlan;
  const found = seen.vxlan;
  const link = found !== null && isSameVxlan(found, wanted) ? found : null;
  return [
    ...(found !== null && link === null ? [{ kind: 'remove-vxlan' } as const] : []),
    ...(link === null ? [{ kind: 'make-vxlan', vni: wanted.vni, port: wanted.port } as const] : []),
    ...entrySteps(entries, link === null ? [] : seen.entries),
    ...(link?.mtu === wanted.mtu ? [] : [{ kind: 'set-mtu', device, mtu: wanted.mtu } as const]),
    ...(link?.master === wanted.bridge
      ? []
      : [{ kind: 'join-bridge', device, bridge: wanted.bridge } as const]),
    ...(link?.up === true ? [] : [{ kind: 'raise', device } as const]),
  ];
}

/** What cannot be changed of a device that is there. */
function isSameVxlan(link: SeenLink, wanted: WantedVxlan): boolean {
  return (
    link.kind === 'vxlan' && link.vni === wanted.vni && link.port === wanted.port && link.learning
  );
}

/**
 * Learned entries go as well when they lead to where no peer is any more: a pair that is encrypted from now on would otherwise
 * go on in the clear until they age.
 */
function entrySteps(wanted: ReadonlySet<string>, seen: SeenHost['entries']): readonly Step[] {
  const present = new Set(
    seen.filter(({ mac }) => mac === EVERY_MAC).map(({ address }) => address),
  );
  return [
    ...seen
      .filter(({ address }) => !wanted.has(address))
      .map(({ mac, address }) => ({ kind: 'remove-entry', mac, address }) as const),
    ...[...wanted]
      .filter((address) => !present.has(address))
      .map((address) => ({ kind: 'add-entry', mac: EVERY_MAC, address }) as const),
  ];
}
