import { compareText } from '../model/identity.ts';
import type { PortBinding } from '../model/spec.ts';
import { isAddress } from './addresses.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

type Protocol = PortBinding['protocol'];
type WrittenPort = NonNullable<ServiceEntry['ports']>[number];

const protocols = ['tcp', 'udp', 'sctp'] as const;

/** Ranges make many of few characters; more than this nobody publishes. */
const maxPorts = 1_000;

/** The service's published ports, sorted. On the node's own network there is nothing to publish. */
export function readPorts(section: Section<ServiceEntry>): readonly PortBinding[] {
  const { value, node, report } = section;
  const seen = new Map<string, PortBinding>();
  for (const [index, written] of (value.ports ?? []).entries()) {
    const path = ['ports', index];
    const ports = parseAt(section, path, textOf(written), parsePorts) ?? [];
    const fault = add(seen, ports) ?? (seen.size > maxPorts ? tooMany : null);
    if (fault !== null) report.error(locate(node, path), fault);
    if (fault === tooMany) break;
  }
  const { network_mode: mode = 'bridge' } = value;
  if ((mode !== 'host' && mode !== 'none') || seen.size === 0) {
    const ports = [...seen.values()];
    return ports.toSorted((a, b) => a.nodePort - b.nodePort || compareText(keyOf(a), keyOf(b)));
  }
  const reason =
    mode === 'host' ? 'the container has the ports of the node' : 'the container has no network';
  const message = `"ports" has no effect with the network mode "${mode}": ${reason}`;
  report.warn(locate(node, ['ports']), { code: 'no-effect', message });
  return [];
}

const tooMany: Fault = {
  code: 'bad-port',
  message: `a service publishes at most ${maxPorts} ports`,
  hint: 'With "network_mode: host" the container has all ports of the node.',
};

/** Compose's long form says the same as the short one, and more that means nothing here. */
function textOf(written: WrittenPort): string {
  if (typeof written === 'string') return written;
  const { host_ip, published, target = '', protocol } = written;
  const parts = [host_ip, published, target].filter((part) => part !== undefined && part !== '');
  return `${parts.join(':')}${protocol === undefined ? '' : `/${protocol}`}`;
}

function add(seen: Map<string, PortBinding>, ports: readonly PortBinding[]): Fault | null {
  for (const port of ports) {
    if (seen.has(keyOf(port))) {
      const message = `port ${port.nodePort} of the node is published twice`;
      return { code: 'duplicate-port', message };
    }
    seen.set(keyOf(port), port);
  }
  return null;
}

function keyOf(port: PortBinding): string {
  return `${port.nodePort}/${port.protocol} ${port.ip ?? ''}`;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/**
 * `[ip:]node:container[/protocol]`, as in Kontena, and as in Compose with equally long ranges for both: every published port
 * is said, none is chosen by chance.
 */
export function parsePorts(text: string): Parsed<readonly PortBinding[]> {
  const match =
    /^(?:(?<ip>[^:/]*):)?(?<node>\d+(?:-\d+)?):(?<container>\d+(?:-\d+)?)(?:\/(?<protocol>\w+))?$/.exec(
      text,
    );
  if (match?.groups === undefined) return unreadable(text);
  const { node = '', container = '', protocol: written = 'tcp' } = match.groups;
  // Compose's files have an address that may be empty: `${BIND:-}:80:80`.
  const ip = match.groups['ip'] || undefined;
  const protocol = protocolOf(written);
  if (protocol === null)
    return bad(text, `has the protocol ${quote(written)}, not tcp, udp or sctp`);
  if (ip !== undefined && !isAddress(ip))
    return bad(text, `has ${quote(ip)} where an IPv4 address belongs`);
  const from = rangeOf(node);
  const to = rangeOf(container);
  if (from === null || to === null) return bad(text, 'has a port outside 1 to 65535');
  if (from.last - from.first !== to.last - to.first)
    return bad(text, 'has ranges of different lengths; which port is meant is not to be left open');
  if (from.last - from.first >= maxPorts) return { fault: tooMany };
  return { value: bindings(ip ?? null, from, to, protocol) };
}

/** `port[-port][/protocol]` of the container → `port/protocol` for each. */
export function parseExposed(text: string): Parsed<readonly string[]> {
  const [, ports = '', written = 'tcp'] = /^(\d+(?:-\d+)?)(?:\/(\w+))?$/.exec(text) ?? [];
  const range = rangeOf(ports);
  const protocol = protocolOf(written);
  if (range === null || protocol === null || range.last - range.first >= maxPorts) {
    const hint = 'Write it as "port[-port][/protocol]", for example "3000".';
    const message = `${quote(text)} is not a port of the container`;
    return { fault: { code: 'bad-port', message, hint } };
  }
  const count = range.last - range.first + 1;
  return { value: Array.from({ length: count }, (_, i) => `${range.first + i}/${protocol}`) };
}

function bindings(ip: string | null, from: Range, to: Range, protocol: Protocol) {
  return Array.from({ length: from.last - from.first + 1 }, (_, index) => ({
    ip,
    nodePort: from.first + index,
    containerPort: to.first + index,
    protocol,
  }));
}

function protocolOf(written: string): Protocol | null {
  return protocols.find((p) => p === written.toLowerCase()) ?? null;
}

function rangeOf(text: string): Range | null {
  const [first = 0, last = first] = text.split('-').map(Number);
  return first >= 1 && last >= first && last <= 65_535 ? { first, last } : null;
}

function unreadable(text: string): Parsed<never> {
  const [, port] = /^(?:([\d-]+)(?:\/\w+)?)$/.exec(text) ?? [];
  if (text.startsWith('['))
    return bad(text, 'has an IPv6 address; ports are published on IPv4 addresses');
  if (/^[^:/]*::[\d-]+(?:\/\w+)?$/.test(text))
    return bad(text, 'leaves the port on the node to chance; it has to be chosen');
  if (port === undefined) return bad(text, 'is not a port');
  const hint = `Write ${quote(`${port}:${port}`)} to publish it under the same number. Other containers of the grid reach it without that.`;
  const message = `${quote(text)} says only one port; the port on the node has to be chosen`;
  return { fault: { code: 'bad-port', message, hint } };
}

function bad(text: string, reason: string): Parsed<never> {
  const hint = 'Write it as "[ip:]node:container[/protocol]", for example "80:8080".';
  return { fault: { code: 'bad-port', message: `${quote(text)} ${reason}`, hint } };
}
