import type { PortBinding } from '../model/spec.ts';

/** A port that an instance holds on its node, with the address that it is bound to. */
export interface PortClaim {
  readonly address: string;
  readonly port: number;
  readonly protocol: PortBinding['protocol'];
}

export function claimOf(binding: PortBinding, publishAddress: string): PortClaim {
  const address = binding.ip ?? publishAddress;
  return {
    address: address === '' ? '0.0.0.0' : address,
    port: binding.nodePort,
    protocol: binding.protocol,
  };
}

export function collide(a: PortClaim, b: PortClaim): boolean {
  return a.port === b.port && a.protocol === b.protocol && overlap(a.address, b.address);
}

/** `0.0.0.0` takes every IPv4 address, `::` every address. */
function overlap(a: string, b: string): boolean {
  return a === b || covers(a, b) || covers(b, a);
}

function covers(wide: string, address: string): boolean {
  return wide === '::' || (wide === '0.0.0.0' && !address.includes(':'));
}
