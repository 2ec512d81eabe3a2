import { ROUTE_PROTOCOL } from '../overlay/names.ts';
import type { HostPrograms } from './host-programs.ts';
import type {
  EngineState,
  FirewalldZone,
  HostLink,
  HostRoute,
  HostState,
  PacketFilter,
} from './host-state.ts';
import { hasRules, parseFilter } from './packet-filter.ts';

/** Looks at this host. What cannot be looked at is left out: a container of an agent sees less than a service. */
export async function lookAtHost(
  programs: HostPrograms,
  engine: () => Promise<EngineState | null>,
): Promise<HostState> {
  const [missing, filters, zones, synchronised, links, routes, ipv6, bridges] = await Promise.all([
    missingPrograms(programs),
    packetFilters(programs),
    firewalldZones(programs),
    isSynchronised(programs),
    hostLinks(programs),
    hostRoutes(programs),
    programs.read('/proc/sys/net/ipv6/conf/all/disable_ipv6'),
    programs.read('/proc/sys/net/bridge/bridge-nf-call-iptables'),
  ]);
  return {
    missing,
    filters,
    zones,
    synchronised,
    links,
    routes,
    hasIpv6: ipv6?.trim() === '0',
    filtersBridges: bridges?.trim() === '1',
    engine: await engine().catch(() => null),
  };
}

/** With what prints a version and does nothing. */
const NEEDED = {
  ip: '-V',
  bridge: '-V',
  wg: '--version',
  iptables: '--version',
  'iptables-restore': '--version',
} as const;

async function missingPrograms(programs: HostPrograms): Promise<readonly string[]> {
  const found = await Promise.all(
    Object.entries(NEEDED).map(async ([program, argument]) =>
      (await programs.run(program, [argument])).missing ? [program] : [],
    ),
  );
  return found.flat();
}

/** A host may have two, of which each can drop what the other one lets through. */
async function packetFilters(programs: HostPrograms): Promise<readonly PacketFilter[]> {
  // Asking the old one for its rules must not load it into the kernel.
  const legacyTables = await programs.read('/proc/net/ip_tables_names');
  const hasLegacy = (legacyTables ?? '').split('\n').includes('filter');
  const found = await Promise.all([
    savedFilter(programs, 'nft'),
    hasLegacy ? savedFilter(programs, 'legacy') : null,
  ]);
  const named = found.filter((one) => one !== null);
  const plain = named.length === 0 ? await savedFilter(programs, null) : null;
  const known = plain === null ? named : [plain];
  const used = known.filter(({ table }) => hasRules(table));
  return used.length > 0 ? used : known.slice(0, 1);
}

async function savedFilter(
  programs: HostPrograms,
  variant: PacketFilter['variant'] | null,
): Promise<PacketFilter | null> {
  const program = variant === null ? 'iptables-save' : `iptables-${variant}-save`;
  const { ok, output } = await programs.run(program, ['-t', 'filter']);
  return ok ? { variant: variant ?? 'legacy', table: parseFilter(output) } : null;
}

async function firewalldZones(programs: HostPrograms): Promise<readonly FirewalldZone[]> {
  const state = await programs.run('firewall-cmd', ['--state']);
  if (!state.ok) return [];
  const { output } = await programs.run('firewall-cmd', ['--list-all-zones']);
  return parseZones(output).filter(({ devices }) => devices.length > 0);
}

/** As `firewall-cmd --list-all-zones` prints them: a zone's name, below it `key: values`. */
export function parseZones(text: string): readonly FirewalldZone[] {
  return text
    .split(/\n(?=\S)/)
    .map((block) => block.trim())
    .filter((block) => block !== '')
    .map((block) => {
      const [head = '', ...lines] = block.split('\n');
      const values = new Map(
        lines.map((line) => {
          const [key = '', value = ''] = line.trim().split(/:\s*/, 2);
          return [key, value] as const;
        }),
      );
      const list = (key: string): readonly string[] =>
        (values.get(key) ?? '').split(/\s+/).filter((word) => word !== '');
      return {
        name: head.split(' ')[0] ?? '',
        devices: list('interfaces'),
        target: values.get('target') ?? 'default',
        ports: list('ports'),
        hasMore:
          lines.some((line) => /^\s+rule /.test(line)) ||
          list('services').some((service) => !USUAL_SERVICES.has(service)),
      };
    });
}

/** None of them has to do with our ports; what another one lets in is not known. */
const USUAL_SERVICES = new Set(
  'ssh dhcpv6-client cockpit http https mdns ipp-client samba-client dns ntp wireguard'.split(' '),
);

/** Whoever keeps the clock right says so; the kernel itself is asked last. */
async function isSynchronised(programs: HostPrograms): Promise<boolean | null> {
  const systemd = await programs.run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  const answer = systemd.output.trim();
  if (systemd.ok && (answer === 'yes' || answer === 'no')) return answer === 'yes';
  const chrony = await programs.run('chronyc', ['tracking']);
  const leap = /^Leap status\s*:\s*(.+)$/m.exec(chrony.output)?.[1];
  if (chrony.ok && leap !== undefined) return !/not synchronised/i.test(leap);
  const kernel = await programs.run('busybox', ['adjtimex']);
  const status = /^\s*status:\s*(\d+)/m.exec(kernel.output)?.[1];
  return kernel.ok && status !== undefined ? (Number(status) & UNSYNCHRONISED) === 0 : null;
}

/** STA_UNSYNC of adjtimex(2). */
const UNSYNCHRONISED = 0x40;

async function hostLinks(programs: HostPrograms): Promise<readonly HostLink[]> {
  const { output } = await programs.run('ip', ['-j', 'addr', 'show']);
  return rows(output).map((row) => ({
    name: textOf(row['ifname']),
    mtu: Number(row['mtu'] ?? 0),
    addresses: rows(row['addr_info']).map((info) => textOf(info['local'])),
  }));
}

/** Those that the overlay has made are no surprise to anybody. */
async function hostRoutes(programs: HostPrograms): Promise<readonly HostRoute[]> {
  const { output } = await programs.run('ip', ['-j', '-4', 'route', 'show']);
  const others = rows(output).filter((row) => String(row['protocol']) !== ROUTE_PROTOCOL);
  return others.map((row) => {
    const destination = textOf(row['dst']);
    const isDefault = destination === 'default';
    const whole = destination.includes('/') ? destination : `${destination}/32`;
    return {
      destination: isDefault ? '0.0.0.0/0' : whole,
      device: textOf(row['dev']),
      isDefault,
    };
  });
}

type Row = Readonly<Record<string, unknown>>;

/** Objects of a JSON list, given as text or as it is. */
function rows(value: unknown): readonly Row[] {
  const list = typeof value === 'string' ? parsed(value) : value;
  if (!Array.isArray(list)) return [];
  return list.filter((row): row is Row => typeof row === 'object' && row !== null);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
