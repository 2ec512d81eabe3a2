import type { ContainerExtras, LinkAlias } from '../model/extras.ts';
import { compareText } from '../model/identity.ts';
import { isAddress, isIpv6Address } from './addresses.ts';
import { ordered, unordered } from './lists.ts';
import { parseExposed } from './ports.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseAt, parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, type TreeNode, type TreePath } from './tree.ts';

/** What a service says about names and addresses. */
export function readNetworking(
  section: Section<ServiceEntry>,
  { links, names }: { readonly links: readonly LinkAlias[]; readonly names: readonly string[] },
) {
  const { value } = section;
  checkHostName(section);
  const aliases = [...names, ...readAliases(section)];
  const more = {
    extraHosts: readExtraHosts(section),
    dns: readServers(section),
    dnsSearch: ordered(value.dns_search),
    dnsOptions: ordered(value.dns_opt),
    hostname: value.hostname,
    domainname: value.domainname,
  };
  const exposed = parseEach(section, 'expose', value.expose, parseExposed);
  if (value.network_mode === 'host') return { ...more, ...warnOfHost(section, links) };
  return {
    ...more,
    macAddress: readMacAddress(section),
    aliases: bounded(section, 'networks', unordered(aliases)),
    links: links.length === 0 ? undefined : links.toSorted(compareLinks),
    expose: bounded(section, 'expose', unordered(exposed.flatMap((one) => one.value))),
  };
}

function compareLinks(a: LinkAlias, b: LinkAlias): number {
  return compareText(a.alias, b.alias) || compareText(a.target, b.target);
}

/** The node's own network knows nothing of the grid's names. */
function warnOfHost({ value, node, report }: Section<ServiceEntry>, links: readonly LinkAlias[]) {
  const lost = [
    ...(value.mac_address === undefined ? [] : ['mac_address']),
    ...(value.networks === undefined ? [] : ['networks']),
    ...(links.length === 0 ? [] : [value.links === undefined ? 'external_links' : 'links']),
  ];
  for (const key of lost) {
    const message = `${quote(key)} gives no names or addresses with the network mode "host"`;
    report.warn(locateKey(node, [key]), { code: 'no-effect', message });
  }
  return {};
}

function readMacAddress({ value, node, report }: Section<ServiceEntry>): string | undefined {
  if (value.mac_address !== undefined && (value.instances ?? 1) > 1) {
    const message = 'instances cannot share one "mac_address" in one network';
    const hint = 'Take it out, or have one instance only.';
    report.error(locateKey(node, ['mac_address']), conflict(message, hint));
  }
  return value.mac_address?.toLowerCase();
}

function checkHostName({ value, node, report }: Section<ServiceEntry>): void {
  const key = ['hostname', 'domainname'].find((name) => Object.hasOwn(value, name));
  if (value.uts !== 'host' || key === undefined) return;
  const message = `${quote(key)} cannot be set together with "uts: host": that is the node's own name`;
  report.error(locateKey(node, [key]), conflict(message, 'Take one of the two out.'));
}

function conflict(message: string, hint: string): Fault {
  return { code: 'conflicting-keys', message, hint };
}

const name = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,253}[A-Za-z0-9_])?$/;

/** What is left of Compose's networks is the names: see warnOfNetworks. */
function readAliases({ value, node, report }: Section<ServiceEntry>): readonly string[] {
  const written = value.networks ?? [];
  if (isList(written)) return [];
  return Object.entries(written).flatMap(([network, { aliases = [], ...rest }]) => {
    for (const key of Object.keys(rest)) {
      const message = `${quote(key)} has no effect: there is only one network`;
      report.warn(locateKey(node, ['networks', network, key]), { code: 'no-effect', message });
    }
    return aliases.filter((alias, index) => {
      if (name.test(alias)) return true;
      const at = locate(node, ['networks', network, 'aliases', index]);
      report.error(at, badName(alias));
      return false;
    });
  });
}

function badName(text: string): Fault {
  return { code: 'invalid-name', message: `${quote(text)} cannot be a DNS name` };
}

export function readExtraHosts(
  section: Section<Pick<ServiceEntry, 'extra_hosts'>>,
): ContainerExtras['extraHosts'] | undefined {
  const written = section.value.extra_hosts ?? [];
  const hosts = isList(written)
    ? parseEach(section, 'extra_hosts', written, parseHost).map((one) => one.value)
    : Object.entries(written).flatMap(([host, addresses]) =>
        (ordered(addresses) ?? []).flatMap((address, index) => {
          const path: TreePath = ['extra_hosts', host, index];
          return parseAt(section, path, `${host}=${address}`, parseHost) ?? [];
        }),
      );
  return bounded(section, 'extra_hosts', unordered(hosts));
}

/** No more than an agent takes: ranges and maps of lists make many of few. */
const maxItems = 1_000;

function bounded(
  { node, report }: Section<unknown>,
  key: 'expose' | 'extra_hosts' | 'networks',
  items: readonly string[] | undefined,
): readonly string[] | undefined {
  if (items === undefined || items.length <= maxItems) return items;
  const message = `${quote(key)} stands for ${items.length} items; at most ${maxItems} are taken`;
  report.error(locateKey(node, [key]), { code: 'wrong-value', message });
  return undefined;
}

/** `name=address` or `name:address`; what follows the first of the two is the address, with or without brackets. */
function parseHost(text: string): Parsed<string> {
  const [, host = '', written = ''] = /^([^=:]+)[=:](.+)$/s.exec(text) ?? [];
  const address = written.replace(/^\[(.*)\]$/, '$1');
  const isKnown = address === 'host-gateway' || isAddress(address) || isIpv6Address(address);
  if (name.test(host) && isKnown) return { value: `${host}:${address}` };
  const message = `${quote(text)} is not a host name with an address`;
  const hint = 'Write it as "name=address", for example "db.example.com=10.0.0.7".';
  return { fault: { code: 'bad-host', message, hint } };
}

function readServers(section: Section<ServiceEntry>): ContainerExtras['dns'] | undefined {
  const { value, node, report } = section;
  const servers = ordered(value.dns);
  for (const [index, server] of (servers ?? []).entries()) {
    if (isAddress(server) || isIpv6Address(server)) continue;
    const at: TreeNode = locate(node, ['dns', index]);
    const message = `${quote(server)} is not the address of a DNS server`;
    report.error(at, { code: 'bad-host', message, hint: 'Write its address, not its name.' });
  }
  return servers;
}

// Array.isArray does not narrow readonly arrays.
function isList<T>(written: readonly string[] | T): written is readonly string[] {
  return Array.isArray(written);
}
