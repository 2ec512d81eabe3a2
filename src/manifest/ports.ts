import { compareText } from '../model/identity.ts';
import type { PortBinding } from '../model/spec.ts';
import { isAddress } from './addresses.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

const protocols = ['tcp', 'udp', 'sctp'] as const;

/** The service's published ports, sorted. On the node's own network there is nothing to publish. */
export function readPorts(section: Section<ServiceEntry>): readonly PortBinding[] {
  const { value, node, report } = section;
  const seen = new Set<string>();
  const ports = parseEach(section, 'ports', value.ports, parsePort).flatMap(
    ({ value: port, path }) => {
      if (!seen.has(keyOf(port))) {
        seen.add(keyOf(port));
        return [port];
      }
      const message = `port ${port.nodePort} of the node is published twice`;
      report.error(locate(node, path), { code: 'duplicate-port', message });
      return [];
    },
  );
  const { network_mode: mode = 'bridge' } = value;
  if ((mode !== 'host' && mode !== 'none') || ports.length === 0) {
    return ports.toSorted((a, b) => a.nodePort - b.nodePort || compareText(keyOf(a), keyOf(b)));
  }
  const reason =
    mode === 'host' ? 'the container has the ports of the node' : 'the container has no network';
  const message = `"ports" has no effect with the network mode "${mode}": ${reason}`;
  report.warn(locate(node, ['ports']), { code: 'no-effect', message });
  return [];
}

function keyOf(port: PortBinding): string {
  return `${port.nodePort}/${port.protocol} ${port.ip ?? ''}`;
}

/** `[ip:]node:container[/protocol]`, as in Kontena: every published port is said, none is chosen by chance. */
export function parsePort(text: string): Parsed<PortBinding> {
  const match = /^(?:(?<ip>[^:/]+):)?(?<node>\d+):(?<container>\d+)(?:\/(?<protocol>\w+))?$/.exec(
    text,
  );
  if (match?.groups === undefined) return bad(text, unreadable(text));
  const { ip, node, container, protocol: written = 'tcp' } = match.groups;
  const protocol = protocols.find((p) => p === written.toLowerCase());
  if (protocol === undefined)
    return bad(text, `has the protocol ${quote(written)}, not tcp, udp or sctp`);
  if (ip !== undefined && !isAddress(ip))
    return bad(text, `has ${quote(ip)} where an IPv4 address belongs`);
  const nodePort = Number(node);
  const containerPort = Number(container);
  if (!isPort(nodePort) || !isPort(containerPort))
    return bad(text, 'has a port outside 1 to 65535');
  return { value: { ip: ip ?? null, nodePort, containerPort, protocol } };
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

function unreadable(text: string): string {
  if (/^\d+(?:\/\w+)?$/.test(text))
    return 'says only one port; the port on the node has to be chosen';
  if (/\d-\d/.test(text)) return 'has a range; every port is written by itself';
  return 'is not a port';
}

function bad(text: string, reason: string): Parsed<PortBinding> {
  const hint = 'Write it as "[ip:]node:container[/protocol]", for example "80:8080".';
  return { fault: { code: 'bad-port', message: `${quote(text)} ${reason}`, hint } };
}
