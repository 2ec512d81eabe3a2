import { ToolError, type Tools } from '../../src/overlay/tools.ts';

interface Link {
  readonly kind: string;
  up: boolean;
  mtu: number;
  master: string | null;
  addresses: string[];
  readonly vni?: number;
  readonly port?: number;
}

interface Peer {
  endpoint: string | null;
  allowed: string[];
  keepalive: number;
  /** Seconds. */
  handshake: number;
  received: number;
}

/**
 * A host in memory, as its own tools show it: what they would do to a kernel they do to these maps, and they print what those
 * programs print. Everything may be changed behind the overlay's back.
 */
export class FakeHost implements Tools {
  readonly links = new Map<string, Link>();
  readonly peers = new Map<string, Peer>();
  readonly chains = new Map<string, Map<string, string[]>>([
    ['iptables filter', builtIn('INPUT', 'FORWARD', 'OUTPUT', 'DOCKER')],
    ['iptables raw', builtIn('PREROUTING', 'OUTPUT')],
    ['ip6tables filter', builtIn('INPUT', 'FORWARD', 'OUTPUT')],
  ]);
  readonly settings = new Map<string, string>();
  entries: { mac: string; dst: string }[] = [];
  routes: { dst: string; dev?: string; type?: string }[] = [];
  publicKey: string | null = null;
  port = 0;
  kernelHasWireguard = true;
  /** No program answers for the device. */
  isMute = false;
  /** What was written, in order. */
  readonly done: string[] = [];
  /** Writes that still succeed. */
  writesLeft = Number.POSITIVE_INFINITY;
  readonly #keyOfFile: string;

  constructor(keyOfFile: string) {
    this.#keyOfFile = keyOfFile;
  }

  async run(program: string, args: readonly string[], input = ''): Promise<string> {
    const call = [program, ...args].join(' ');
    const answer = this.#read(program, args, call);
    if (answer !== null) return answer;
    if (this.writesLeft <= 0) throw refused(call, 'killed');
    this.writesLeft -= 1;
    this.done.push(call);
    if (program.endsWith('-restore')) this.#restore(program.replace('-restore', ''), input);
    else this.#write(program, args, call);
    return '';
  }

  async setting(name: string): Promise<string | null> {
    return this.settings.get(name) ?? null;
  }

  async set(name: string, value: string): Promise<void> {
    this.done.push(`set ${name}`);
    this.settings.set(name, value);
  }

  addLink(name: string, kind: string, extra: { vni?: number; port?: number } = {}): void {
    if (this.links.has(name)) throw refused(name, 'RTNETLINK answers: File exists');
    this.links.set(name, { kind, up: false, mtu: 1500, master: null, addresses: [], ...extra });
  }

  removeLink(name: string): void {
    this.links.delete(name);
    this.routes = this.routes.filter(({ dev }) => dev !== name);
    if (name === 'gridops-vx') this.entries = [];
    if (name !== 'gridops-wg') return;
    this.peers.clear();
    this.publicKey = null;
    this.port = 0;
    this.isMute = false;
  }

  #read(program: string, args: readonly string[], call: string): string | null {
    if (call.includes('address show dev'))
      return JSON.stringify([this.#linkShown(args.at(-1) ?? '')]);
    if (call.includes('route show proto 183')) return JSON.stringify(this.routes);
    if (call.includes('fdb show'))
      return JSON.stringify([{ mac: 'aa', master: 'b' }, ...this.entries]);
    if (call === 'wg show gridops-wg dump') return this.#dump();
    if (!args.includes('-S')) return null;
    const table = args.includes('raw') ? 'raw' : 'filter';
    const chains = this.chains.get(`${program} ${table}`);
    if (chains === undefined) throw refused(call, 'table does not exist');
    return [...chains]
      .flatMap(([name, rules]) => [`-N ${name}`, ...rules.map((rule) => `-A ${name} ${rule}`)])
      .join('\n');
  }

  #linkShown(name: string): object {
    const link = this.links.get(name);
    if (link === undefined) throw refused(name, `Device "${name}" does not exist.`);
    const { kind, up, mtu, master, vni, port } = link;
    return {
      ifname: name,
      flags: up ? ['UP'] : [],
      mtu,
      ...(master === null ? {} : { master }),
      linkinfo: {
        info_kind: kind,
        info_data: vni === undefined ? {} : { id: vni, port, learning: true },
      },
      addr_info: link.addresses.map((address) => {
        const [local = '', length = ''] = address.split('/');
        return { family: 'inet', local, prefixlen: Number(length) };
      }),
    };
  }

  #dump(): string {
    if (this.isMute) throw refused('wg', 'Unable to access interface: Connection refused');
    const device = ['PRIVATE', this.publicKey ?? '(none)', this.port, 'off'];
    const peers = [...this.peers].map(([key, peer]) => [
      key,
      '(none)',
      peer.endpoint ?? '(none)',
      peer.allowed.join(',') || '(none)',
      peer.handshake,
      peer.received,
      0,
      peer.keepalive === 0 ? 'off' : peer.keepalive,
    ]);
    return [device, ...peers].map((fields) => fields.join('\t')).join('\n');
  }

  #write(program: string, args: readonly string[], call: string): void {
    if (program === 'wg') this.#setWireguard(args.slice(2));
    else if (program === 'bridge') this.#changeEntry(args);
    else if (args[0] === 'link' && args[1] === 'add') this.#makeLink(args, call);
    else if (call.includes('route')) this.#changeRoute(args, call);
    else this.#changeLink(args, call);
  }

  #makeLink(args: readonly string[], call: string): void {
    const name = after(args, 'dev');
    if (!args.includes('vxlan')) {
      if (!this.kernelHasWireguard) throw refused(call, 'Error: Unknown device type.');
      this.addLink(name, 'wireguard');
      return;
    }
    this.addLink(name, 'vxlan', {
      vni: Number(after(args, 'id')),
      port: Number(after(args, 'dstport')),
    });
  }

  #changeLink(args: readonly string[], call: string): void {
    const name = after(args, 'dev');
    const link = this.links.get(name);
    if (link === undefined) throw refused(call, `Cannot find device "${name}"`);
    if (args[0] === 'address') {
      const address = args[2] ?? '';
      link.addresses = link.addresses.filter((other) => other !== address);
      if (args[1] === 'replace') link.addresses.push(address);
    } else if (args[1] === 'delete') this.removeLink(name);
    else if (args.includes('mtu')) link.mtu = Number(after(args, 'mtu'));
    else if (args.includes('master')) {
      if (!this.links.has(after(args, 'master'))) throw refused(call, 'no master');
      link.master = after(args, 'master');
    } else link.up = true;
  }

  #changeRoute(args: readonly string[], call: string): void {
    const dst = args.find((arg) => arg.includes('/')) ?? '';
    const dev = args.includes('dev') ? after(args, 'dev') : undefined;
    if (dev !== undefined && this.links.get(dev)?.up !== true)
      throw refused(call, 'RTNETLINK answers: Network is down');
    this.routes = this.routes.filter((route) => route.dst !== dst || route.dev !== dev);
    if (args.includes('replace'))
      this.routes.push(dev === undefined ? { dst, type: 'blackhole' } : { dst, dev });
  }

  #changeEntry(args: readonly string[]): void {
    const mac = args[2] ?? '';
    const dst = after(args, 'dst');
    const there = this.entries.some((entry) => entry.mac === mac && entry.dst === dst);
    const isAdded = args[1] === 'append';
    if (there === isAdded)
      throw refused('bridge', isAdded ? 'File exists' : 'No such file or directory');
    this.entries = this.entries.filter((entry) => entry.mac !== mac || entry.dst !== dst);
    if (isAdded) this.entries.push({ mac, dst });
  }

  #setWireguard(args: readonly string[]): void {
    if (!this.links.has('gridops-wg') || this.isMute) throw refused('wg', 'No such device');
    if (args[0] === 'private-key') this.publicKey = this.#keyOfFile;
    else if (args[0] === 'listen-port') this.port = Number(args[1]);
    else if (args[2] === 'remove') this.peers.delete(args[1] ?? '');
    else this.#setPeer(args[1] ?? '', args);
  }

  #setPeer(key: string, args: readonly string[]): void {
    const peer = this.peers.get(key) ?? noPeer();
    this.peers.set(key, peer);
    if (args.includes('endpoint')) peer.endpoint = after(args, 'endpoint');
    if (args.includes('persistent-keepalive'))
      peer.keepalive = Number(after(args, 'persistent-keepalive'));
    if (!args.includes('allowed-ips')) return;
    const allowed = after(args, 'allowed-ips')
      .split(',')
      .filter((address) => address !== '');
    // An address leads to one peer only: whoever got it last.
    for (const other of this.peers.values())
      other.allowed = other.allowed.filter((address) => !allowed.includes(address));
    peer.allowed = allowed;
  }

  /** All lines, or none. */
  #restore(program: string, text: string): void {
    const table = /^\*(\w+)$/m.exec(text)?.[1] ?? '';
    const name = `${program} ${table}`;
    const next = new Map(
      [...(this.chains.get(name) ?? [])].map(([chain, rules]) => [chain, [...rules]]),
    );
    for (const line of text.split('\n')) restoreLine(next, line);
    this.chains.set(name, next);
  }
}

function restoreLine(chains: Map<string, string[]>, line: string): void {
  const [verb = '', chain = '', ...words] = line.split(' ');
  const rule = words.join(' ');
  const rules = chains.get(chain);
  if (verb.startsWith(':')) chains.set(verb.slice(1), []);
  else if (verb === '-X') chains.delete(chain);
  else if (!verb.startsWith('-')) return;
  else if (rules === undefined) throw refused(line, 'no such chain');
  else if (verb === '-A') rules.push(rule);
  else if (verb === '-I') rules.unshift(rule);
  else if (verb === '-F') rules.length = 0;
  else if (rules.includes(rule)) rules.splice(rules.indexOf(rule), 1);
  else throw refused(line, 'no such rule');
}

function noPeer(): Peer {
  return { endpoint: null, allowed: [], keepalive: 0, handshake: 0, received: 0 };
}

function builtIn(...names: readonly string[]): Map<string, string[]> {
  return new Map(names.map((name) => [name, []]));
}

function after(args: readonly string[], word: string): string {
  return args[args.indexOf(word) + 1] ?? '';
}

function refused(call: string, complaint: string): ToolError {
  return new ToolError(
    call,
    call.split(' ')[0] ?? '',
    `ended with 1: ${complaint}`,
    complaint,
    false,
  );
}
