import { GridError } from '../model/error.ts';

/** UDP; WireGuard's usual one. */
export const VPN_PORT = 51_820;

/** `HOST[:PORT]` → `host:port`, an IPv6 address in brackets. Throws `GridError`. */
export function parseEndpoint(text: string): string {
  const [, bracketed, name, port] = /^(?:\[(.+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  // Without brackets there is no telling an IPv6 address from its port.
  const address = bracketed ?? (name === undefined ? text : undefined);
  const number = port === undefined ? VPN_PORT : Number(port);
  if (number < 1 || number > 65_535) throw wrong(text);
  if (address !== undefined && isIpv6(address)) return `[${address}]:${number}`;
  if (name !== undefined && isHost(name)) return `${name}:${number}`;
  throw wrong(text);
}

function isIpv6(text: string): boolean {
  return /^[0-9A-Fa-f:.]{2,45}$/.test(text) && URL.canParse(`http://[${text}]/`);
}

function isHost(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(text) && !text.includes('..');
}

function wrong(text: string): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `'${text}' is no endpoint`,
    hint: `Write the address or the name by which people reach the node, with a port where it is not ${VPN_PORT}: vpn.example.com, 203.0.113.7:51820 or [2001:db8::7]:51820.`,
  });
}
