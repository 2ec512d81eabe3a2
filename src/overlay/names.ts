/** What is called after us on a host. Whatever has another name is somebody else's, and is not touched. */

export const deviceNames = {
  /** Docker makes it, with the grid's network. */
  bridge: 'gridops0',
  wireguard: 'gridops-wg',
  vxlan: 'gridops-vx',
} as const;

export const chainNames = {
  /** filter, from INPUT: what may come in to this host. */
  input: 'GRIDOPS-IN',
  /** filter, from FORWARD: what it may pass on. */
  forward: 'GRIDOPS-FORWARD',
  /** raw, from PREROUTING: addresses of the grid only by the grid's own devices. */
  isolation: 'GRIDOPS-PRE',
} as const;

/** Routes say who made them by a number; this one is nobody's in /etc/iproute2/rt_protos. */
export const ROUTE_PROTOCOL = '183';

/** Forwarding entries with this address say where a frame goes whose receiver is not known: to each of them. */
export const EVERY_MAC = '00:00:00:00:00:00';

/** "Discard": what a peer asks whether a host is there by; the guard lets it in, and nobody listens. */
export const PROBE_PORT = 9;
