/**
 * What a host's packet filter does with one packet, from the text of `iptables-save`. It follows the rules as far as they are
 * understood: a rule with a condition that is not counts as one that may let a packet in, never as one that stops it.
 */

/** The first packet of a conversation. */
export interface Packet {
  readonly protocol: 'udp' | 'tcp';
  /** `null`: none that a rule could mean. */
  readonly port: number | null;
  /** IPv4; `null`: from anywhere. */
  readonly source: string | null;
  /** Device it comes in by; `null`: some device that is not the loopback. */
  readonly in: string | null;
  /** Device it leaves by; `null`: it is for this host. */
  readonly out: string | null;
}

export type Verdict =
  | { readonly kind: 'accept' }
  /** Rules that are not understood may let it through. */
  | { readonly kind: 'maybe' }
  /** `where` is the chain with the rule, or whose policy it is. */
  | { readonly kind: 'drop'; readonly where: string };

/** Chains of the table `filter`, each with its rules as they are written, in order. */
export interface FilterTable {
  readonly policies: ReadonlyMap<string, string>;
  readonly rules: ReadonlyMap<string, readonly (readonly string[])[]>;
}

/** Takes what `iptables-save` prints, whatever else is in it. */
export function parseFilter(text: string): FilterTable {
  const policies = new Map<string, string>();
  const rules = new Map<string, string[][]>();
  let isFilter = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) isFilter = line.trim() === '*filter';
    if (!isFilter) continue;
    const chain = /^:(\S+) (\S+)/.exec(line);
    if (chain?.[1] !== undefined) {
      policies.set(chain[1], chain[2] ?? '-');
      rules.set(chain[1], rules.get(chain[1]) ?? []);
    }
    const rule = /^-A (\S+) ?(.*)$/.exec(line);
    if (rule?.[1] === undefined) continue;
    const own = rules.get(rule[1]) ?? [];
    own.push(words(rule[2] ?? ''));
    rules.set(rule[1], own);
  }
  return { policies, rules };
}

/** Rules of anybody, not only policies. */
export function hasRules({ rules }: FilterTable): boolean {
  return [...rules.values()].some((own) => own.length > 0);
}

export function verdictOf(table: FilterTable, chain: 'INPUT' | 'FORWARD', packet: Packet): Verdict {
  const walk = new Walk(table, packet);
  const verdict = walk.chain(chain, 0);
  if (verdict !== null) return verdict;
  if (walk.isDoubtful) return { kind: 'maybe' };
  const policy = table.policies.get(chain) ?? 'ACCEPT';
  return policy === 'DROP' ? { kind: 'drop', where: chain } : { kind: 'accept' };
}

/** Chains cannot contain each other in a circle; this only bounds what the text may be. */
const DEEPEST = 32;
const MOST_RULES = 100_000;

class Walk {
  readonly #table: FilterTable;
  readonly #packet: Packet;
  #seen = 0;
  /** A rule that was not understood could have let the packet through. */
  isDoubtful = false;

  constructor(table: FilterTable, packet: Packet) {
    this.#table = table;
    this.#packet = packet;
  }

  /** `null`: the chain does not decide. */
  chain(name: string, depth: number): Verdict | null {
    if (depth > DEEPEST) return { kind: 'maybe' };
    for (const rule of this.#table.rules.get(name) ?? []) {
      this.#seen += 1;
      if (this.#seen > MOST_RULES) return { kind: 'maybe' };
      const match = matches(rule, this.#packet);
      if (match === 'no') continue;
      const target = valueOf(rule, ['-j', '-g']);
      if (target === null) continue;
      if (target === 'RETURN') {
        if (match === 'yes') return null;
        this.isDoubtful = true;
        continue;
      }
      const verdict = this.#follow(target, name, depth);
      if (verdict === null) {
        if (match === 'yes' && rule.includes('-g')) return null;
        continue;
      }
      if (match === 'yes') return this.#sure(verdict);
      // Nobody knows whether the rule is for this packet.
      if (verdict.kind !== 'drop') this.isDoubtful = true;
    }
    return null;
  }

  #follow(target: string, chain: string, depth: number): Verdict | null {
    if (target === 'ACCEPT') return { kind: 'accept' };
    if (target === 'DROP' || target === 'REJECT') return { kind: 'drop', where: chain };
    return this.#table.rules.has(target) ? this.chain(target, depth + 1) : null;
  }

  #sure(verdict: Verdict): Verdict {
    return verdict.kind === 'drop' && this.isDoubtful ? { kind: 'maybe' } : verdict;
  }
}

type Match = 'yes' | 'no' | 'unknown';

/** Options with a value that say nothing about the packet. */
const SILENT = new Set(['-j', '-g', '--comment', '--reject-with', '--log-prefix', '--log-level']);
const KNOWN_MATCHES = new Set([
  'udp',
  'tcp',
  'comment',
  'multiport',
  'conntrack',
  'state',
  'addrtype',
]);

function matches(rule: readonly string[], packet: Packet): Match {
  let isKnown = true;
  for (let at = 0; at < rule.length; at += 2) {
    const isNot = rule[at] === '!';
    if (isNot) at += 1;
    const [option = '', value = ''] = [rule[at], rule[at + 1]];
    const match = matchOf(option, value, packet);
    if (match === 'unknown') isKnown = false;
    else if ((match === 'yes') === isNot) return 'no';
  }
  return isKnown ? 'yes' : 'unknown';
}

function matchOf(option: string, value: string, packet: Packet): Match {
  if (SILENT.has(option)) return 'yes';
  switch (option) {
    case '-p':
      return decided(value === packet.protocol || value === 'all');
    case '-i':
      return deviceMatch(value, packet.in);
    case '-o':
      return packet.out === null ? 'no' : deviceMatch(value, packet.out);
    case '-s':
      return sourceMatch(value, packet.source);
    case '-d':
      // Which of the host's addresses it is sent to is not known.
      return 'unknown';
    case '-m':
      return KNOWN_MATCHES.has(value) ? 'yes' : 'unknown';
    case '--dport':
    case '--dports':
      return decided(packet.port !== null && portMatch(value, packet.port));
    case '--ctstate':
    case '--state':
      return decided(value.split(',').includes('NEW'));
    case '--dst-type':
      return decided(value === 'LOCAL' && packet.out === null);
    default:
      return 'unknown';
  }
}

function decided(is: boolean): Match {
  return is ? 'yes' : 'no';
}

function deviceMatch(pattern: string, device: string | null): Match {
  const prefix = pattern.endsWith('+') ? pattern.slice(0, -1) : null;
  if (device === null) return pattern === 'lo' ? 'no' : 'unknown';
  return decided(prefix === null ? device === pattern : device.startsWith(prefix));
}

/** From anywhere: a rule for some addresses is not for all. */
function sourceMatch(pattern: string, source: string | null): Match {
  const [address = '', length = '32'] = pattern.split('/');
  if (length === '0') return 'yes';
  if (source === null) return 'unknown';
  const [network, own] = [bits(address), bits(source)];
  if (network === null || own === null || !/^\d{1,2}$/.test(length)) return 'unknown';
  return decided(network.slice(0, Number(length)) === own.slice(0, Number(length)));
}

function bits(address: string): string | null {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !(part >= 0 && part <= 255))) return null;
  return parts.map((part) => part.toString(2).padStart(8, '0')).join('');
}

function portMatch(pattern: string, port: number): boolean {
  return pattern.split(',').some((range) => {
    const [first = '', last = first] = range.split(':');
    return port >= Number(first) && port <= Number(last);
  });
}

/** Words of a rule; what stands in quotation marks is one. */
function words(rule: string): string[] {
  return Array.from(
    rule.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g),
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

function valueOf(rule: readonly string[], options: readonly string[]): string | null {
  const at = rule.findIndex((word) => options.includes(word));
  return at === -1 ? null : (rule[at + 1] ?? null);
}
