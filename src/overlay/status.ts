import type { NetworkNode } from '../model/network.ts';
import { deviceNames } from './names.ts';
import type { SeenHost, SeenLink, SeenPeer } from './seen.ts';

/** How a peer is reached. `waiting`: it was not tried for long enough to say. */
export type Way = 'tunnel' | 'trusted' | 'relay' | 'nothing' | 'waiting';

export interface PeerStatus {
  readonly name: string;
  readonly number: number;
  readonly way: Way;
  /** Name of the node that passes packets on. */
  readonly relay: string | null;
  readonly endpoint: string | null;
  /** Milliseconds since the epoch; `null`: never. */
  readonly handshake: number | null;
  /** Bytes by the peer's own tunnel. */
  readonly received: number;
  readonly sent: number;
}

export interface DeviceStatus {
  readonly name: string;
  /** `mute`: it is there, but no program answers for it. */
  readonly state: 'up' | 'down' | 'missing' | 'mute';
  /** `wireguard` is the kernel's, `tun` a program's. */
  readonly kind: string | null;
}

export interface OverlayStatus {
  /** When it was last looked; `null`: not yet, or there is no map. */
  readonly at: number | null;
  /** What went wrong then. */
  readonly error: string | null;
  readonly devices: readonly DeviceStatus[];
  readonly peers: readonly PeerStatus[];
}

export function devicesOf(seen: SeenHost): readonly DeviceStatus[] {
  return [
    { name: deviceNames.bridge, state: seen.bridge ? 'up' : 'missing', kind: null },
    wireguardStatus(seen),
    deviceStatus(deviceNames.vxlan, seen.vxlan),
  ];
}

function wireguardStatus({ wireguard }: SeenHost): DeviceStatus {
  const status = deviceStatus(deviceNames.wireguard, wireguard?.link ?? null);
  return wireguard !== null && wireguard.state === null ? { ...status, state: 'mute' } : status;
}

function deviceStatus(name: string, link: SeenLink | null): DeviceStatus {
  if (link === null) return { name, state: 'missing', kind: null };
  return { name, state: link.up ? 'up' : 'down', kind: link.kind };
}

export function peerStatus(
  { name, number }: NetworkNode,
  seen: SeenPeer | undefined,
  way: Way,
  relay: string | null,
): PeerStatus {
  return {
    name,
    number,
    way,
    relay,
    endpoint: seen?.endpoint ?? null,
    handshake: seen?.handshake ?? null,
    received: seen?.received ?? 0,
    sent: seen?.sent ?? 0,
  };
}
