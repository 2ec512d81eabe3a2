/** How a service that is behind a load balancer is to be reached through it (kontena.md 6.2). Texts may have secret marks. */
export interface BackendSettings {
  readonly mode: 'http' | 'tcp';
  /** Where its containers listen, unless a container's own label says otherwise. */
  readonly internalPort: number;
  /** Where the load balancer listens for it; `null` in the mode http. */
  readonly externalPort: number | null;
  readonly balance: Balance;
  /** In lower case, sorted; `*.example.com` is every name below it. Empty: every host. */
  readonly virtualHosts: readonly string[];
  /** Sorted, without a slash at the end; `/` is every path. */
  readonly virtualPaths: readonly string[];
  readonly keepVirtualPath: boolean;
  /** `null`: none. Empty: the load balancer's own; else what follows HAProxy's keyword `cookie`. */
  readonly cookie: string | null;
  /** Lines for HAProxy, one each. */
  readonly customSettings: readonly string[];
  /** Lines of a HAProxy userlist. */
  readonly basicAuth: string | null;
  /** `uri` is `null` where a connection is all that is asked for. */
  readonly check: { readonly port: number; readonly uri: string | null } | null;
}

export const balances = [
  'roundrobin',
  'static-rr',
  'leastconn',
  'source',
  'first',
  'random',
  'uri',
] as const;

export type Balance = (typeof balances)[number];

/** One service behind a load balancer. */
export interface Backend extends BackendSettings {
  readonly stack: string;
  readonly service: string;
}

/** A service that wants to be behind a load balancer: the first of these paths that is one. */
export interface Balanced {
  readonly by: readonly string[];
  readonly settings: BackendSettings;
}

/** What a load balancer's own variables say. They are no part of its containers: a new certificate replaces none of them. */
export interface BalancerSettings {
  readonly healthUri: string | null;
  readonly statsPassword: string | null;
  readonly ciphers: string | null;
  readonly customSettings: readonly string[];
  readonly acceptProxy: boolean;
  readonly http2: boolean;
  /** PEM bundles; each text may have several. The first is what clients get that name no host. */
  readonly certificates: readonly string[];
  /** Token → answer. */
  readonly challenges: Readonly<Record<string, string>>;
}

/** What one load balancer has to serve. Who answers at the moment is no part of it. */
export interface Balancing {
  /** Equal ones have equal hashes. */
  readonly hash: string;
  readonly settings: BalancerSettings;
  /** By stack and service. */
  readonly backends: readonly Backend[];
}

/** What is taken, by the compiler and on the wire alike. */
export const balancingBounds = {
  hosts: 500,
  paths: 100,
  routes: 2_000,
  lines: 200,
  lineLength: 2_000,
  text: 131_072,
  certificates: 1_000,
  challenges: 1_000,
  backends: 100_000,
} as const;

/** Where clients are answered by HTTP, by HTTPS, and where statistics are. */
export const balancerPorts = { http: 80, https: 443, statistics: 1000 } as const;

const sections = new Set([
  'backend',
  'cache',
  'crt-store',
  'defaults',
  'fcgi-app',
  'frontend',
  'global',
  'http-errors',
  'listen',
  'log-forward',
  'log-profile',
  'mailers',
  'peers',
  'program',
  'resolvers',
  'ring',
  'traces',
  'userlist',
]);

/** Why a text cannot be one line of a section of HAProxy's configuration; `null`: it can. */
export function lineReason(line: string): string | null {
  if (line.length > balancingBounds.lineLength) return 'is too long for one line';
  if (hasControl(line)) return 'has a character that ends the line, or cannot be seen';
  const [word = ''] = plainText(line).trim().split(/\s/);
  if (word.startsWith('.')) return 'would be taken for a condition on the whole configuration';
  if (word === 'bind')
    return 'would have it listen on another port (KONTENA_LB_EXTERNAL_PORT is for that)';
  return sections.has(word.toLowerCase()) ? `would begin a section ("${word}")` : null;
}

/** Also quotes and backslashes are nothing to hide a keyword behind. */
function plainText(line: string): string {
  return line.replaceAll(/["'\\]/g, '');
}

/** A tab is a blank to HAProxy. */
export function hasControl(text: string): boolean {
  return /[^\P{Cc}\t]|[\u2028\u2029]/u.test(text);
}

/** Lines with something in them, without the blanks around. Comments are left out. */
export function settingLines(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** Why a text cannot be a line of a userlist; `null`: it can. */
export function userLineReason(line: string): string | null {
  const reason = lineReason(line);
  if (reason !== null) return reason;
  const isUser = /^user\s+\S+\s+(?:password|insecure-password)\s+\S/.test(line);
  return isUser || /^group\s+\S/.test(line)
    ? null
    : 'is not "user NAME password HASH" or "user NAME insecure-password WORD"';
}

const cookieFlags = ['indirect', 'nocache', 'postonly', 'preserve', 'httponly', 'secure'];

/**
 * Why a text cannot follow HAProxy's `cookie`; `null`: it can. Which server a cookie means is worked out from the server's
 * address, so that all load balancers mean the same: HAProxy has to insert the value, or to put it in front of another.
 */
export function cookieReason(text: string): string | null {
  const [name = '', ...words] = text.split(/\s+/);
  if (!/^[A-Za-z0-9_.-]{1,128}$/.test(name)) return 'does not begin with the name of a cookie';
  let isWritten = false;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === 'insert' || word === 'prefix') isWritten = true;
    else if (/^(?:domain|attr)$/.test(word)) {
      if (!/^[A-Za-z0-9_.=-]{1,255}$/.test(words[++at] ?? ''))
        return `has no value after "${word}"`;
    } else if (/^max(?:idle|life)$/.test(word)) {
      if (!/^\d{1,9}[smhd]?$/.test(words[++at] ?? '')) return `has no time after "${word}"`;
    } else if (!cookieFlags.includes(word)) return `has a word that is not known here ("${word}")`;
  }
  return isWritten ? null : 'says neither "insert" nor "prefix"';
}
