import { type Backend, type Balancing, balancerPorts } from '../model/balancing.ts';
import { shortDigest } from '../model/digest.ts';
import { servicePath } from '../model/identity.ts';
import { backendSection } from './backend-section.ts';
import { errorPages } from './error-pages.ts';
import { SOCKETS } from './folder.ts';
import { routesOf } from './routes.ts';
import type { Slots } from './slots.ts';
import { quoteWord } from './words.ts';

/** Where HAProxy runs. */
export interface Place {
  /** The folder as HAProxy sees it. */
  readonly folder: string;
  /** Whom HAProxy becomes once it listens; `null`: it stays who it is. */
  readonly user: string | null;
  /** `*` for all. */
  readonly address: string;
  readonly ports: typeof balancerPorts | Readonly<Record<keyof typeof balancerPorts, number>>;
}

export const containerPlace: Place = {
  folder: '/run/gridops-lb',
  user: 'haproxy',
  address: '*',
  ports: balancerPorts,
};

export interface ConfigInput {
  readonly balancing: Balancing;
  /** By service path. */
  readonly slots: ReadonlyMap<string, Slots>;
  /** Services whose settings HAProxy does not take: nobody is passed on to them. */
  readonly closed: ReadonlySet<string>;
  /** The list of certificate files, as HAProxy sees it; `null`: there are no certificates. */
  readonly certificates: string | null;
  readonly place: Place;
}

export interface Config {
  readonly text: string;
  /** All of it that HAProxy has to read again for, when it is another. */
  readonly structure: string;
  /** Whose each line is: a service's path; `null` for the load balancer's own. */
  readonly owners: readonly (string | null)[];
}

export function renderConfig(input: ConfigInput): Config {
  const empty = new Map(Array.from(input.slots, ([path, slots]) => [path, slots.map(() => null)]));
  const plain = linesOf({ ...input, slots: empty }, '');
  const structure = shortDigest(plain.map(({ text }) => text));
  const lines = linesOf(input, structure);
  return {
    text: lines.map(({ text }) => `${text}\n`).join(''),
    structure,
    owners: lines.map(({ owner }) => owner),
  };
}

interface Line {
  readonly text: string;
  readonly owner: string | null;
}

function linesOf(input: ConfigInput, structure: string): readonly Line[] {
  const { backends } = input.balancing;
  const tcp = tcpOf(input);
  return [
    ...own(globalSection(input, structure)),
    ...own(defaultsSection(input)),
    ...httpSection(input),
    ...own(['backend none', `    ${errorPages.none}`]),
    ...own(statisticsSection(input)),
    ...backends
      .filter((backend) => backend.mode === 'http' || tcp.has(backend))
      .flatMap((backend) => ownedBy(servicePath(backend), backendSection(backend, input))),
  ];
}

function own(texts: readonly string[]): readonly Line[] {
  return texts.map((text) => ({ text, owner: null }));
}

function ownedBy(owner: string, texts: readonly string[]): readonly Line[] {
  return texts.map((text) => ({ text, owner }));
}

/** Long connections outlive a reload, and the old process with them: for that long, and in so many processes. */
const oldProcesses = { seconds: 600, most: 50 };

/** Mozilla's "intermediate". */
const defaultCiphers =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384';

/** Engines without a limit of files would have HAProxy reserve memory for all of them. */
const mostFiles = 200_000;

function globalSection({ balancing, place }: ConfigInput, structure: string): readonly string[] {
  return [
    'global',
    ...(structure === '' ? [] : [`    description ${structure}`]),
    // Listening sockets go over this one from process to process; commands come through the master's.
    `    stats socket ${quoteWord(`${place.folder}/${SOCKETS}/admin.sock`)} mode 600 level admin expose-fd listeners`,
    `    fd-hard-limit ${mostFiles}`,
    `    hard-stop-after ${oldProcesses.seconds}s`,
    `    mworker-max-reloads ${oldProcesses.most}`,
    ...(place.user === null ? [] : [`    user ${place.user}`, `    group ${place.user}`]),
    '    log stdout format raw local0 info',
    '    tune.ssl.default-dh-param 2048',
    '    ssl-default-bind-options ssl-min-ver TLSv1.2',
    `    ssl-default-bind-ciphers ${quoteWord(balancing.settings.ciphers ?? defaultCiphers)}`,
  ];
}

function defaultsSection({ balancing }: ConfigInput): readonly string[] {
  return [
    'defaults',
    '    mode http',
    '    log global',
    '    option dontlognull',
    '    option redispatch',
    // A client that has a connection open is told with its next answer that it ends: else a request may meet its end.
    '    option idle-close-on-response',
    '    retries 3',
    '    timeout http-request 10s',
    '    timeout queue 1m',
    // Another container is tried after it.
    '    timeout connect 2s',
    '    timeout client 1m',
    '    timeout server 1m',
    '    timeout http-keep-alive 10s',
    '    timeout check 2s',
    '    timeout tunnel 1h',
    '    default-server check inter 2s fastinter 500ms downinter 1s fall 2 rise 2',
    ...errorPages.all.map((line) => `    ${line}`),
    ...balancing.settings.customSettings.map((line) => `    ${line}`),
  ];
}

/** It answers on port 80 whether or not there is anything behind it, unless a service has that port for its connections. */
function httpSection(input: ConfigInput): readonly Line[] {
  const { settings, backends } = input.balancing;
  const routes = routesOf(backends.filter(({ mode }) => mode === 'http'));
  if ([...tcpOf(input)].some(({ externalPort }) => externalPort === input.place.ports.http))
    return [];
  return [
    ...own([
      'frontend http',
      ...bindLines(input),
      '    option httplog',
      '    option forwardfor',
      '    http-request set-header X-Forwarded-Proto https if { ssl_fc }',
      '    http-request set-header X-Forwarded-Port %[dst_port] if { ssl_fc }',
      '    http-request set-header X-Forwarded-Proto http if !{ ssl_fc } !{ req.hdr(X-Forwarded-Proto) -m found }',
      '    http-request set-header X-Forwarded-Port %[dst_port] if !{ ssl_fc } !{ req.hdr(X-Forwarded-Port) -m found }',
      ...(settings.healthUri === null ? [] : [`    monitor-uri ${quoteWord(settings.healthUri)}`]),
      ...Object.entries(settings.challenges).map(([token, answer]) => challengeLine(token, answer)),
      '    http-request set-var(txn.host) req.hdr(host),host_only,lower',
      // With a slash at the end /a is what /a/b begins with, and /ab is not.
      '    http-request set-var(txn.path) path,concat(/)',
    ]),
    ...routes.flatMap(({ backend, host, path }) =>
      ownedBy(servicePath(backend), [routeLine(backend, host, path)]),
    ),
    ...own(['    default_backend none']),
  ];
}

function bindLines({ balancing, certificates, place }: ConfigInput): readonly string[] {
  const { acceptProxy, http2 } = balancing.settings;
  const proxy = acceptProxy ? ' accept-proxy' : '';
  const plain = `    bind ${place.address}:${place.ports.http}${proxy}`;
  if (certificates === null) return [plain];
  const alpn = http2 ? 'h2,http/1.1' : 'http/1.1';
  const tls = `ssl crt-list ${quoteWord(certificates)} alpn ${alpn}`;
  return [plain, `    bind ${place.address}:${place.ports.https} ${tls}${proxy}`];
}

function challengeLine(token: string, answer: string): string {
  const path = quoteWord(`/.well-known/acme-challenge/${token}`);
  return `    http-request return status 200 content-type text/plain string ${quoteWord(answer)} if { path -m str ${path} }`;
}

function routeLine(backend: Backend, host: string | null, path: string): string {
  const conditions = [
    ...(host === null ? [] : [hostCondition(host)]),
    ...(path === '/' ? [] : [`{ var(txn.path) -m beg ${quoteWord(`${path}/`)} }`]),
  ];
  const condition = conditions.length === 0 ? '' : ` if ${conditions.join(' ')}`;
  return `    use_backend ${servicePath(backend).replace('/', ':')}${condition}`;
}

function hostCondition(host: string): string {
  return host.startsWith('*.')
    ? `{ var(txn.host) -m end ${quoteWord(host.slice(1))} }`
    : `{ var(txn.host) -m str ${quoteWord(host)} }`;
}

/** Nobody reads them without the password. */
function statisticsSection({ balancing, place }: ConfigInput): readonly string[] {
  const { statsPassword } = balancing.settings;
  if (statsPassword === null) return [];
  return [
    'userlist statistics',
    `    user stats insecure-password ${quoteWord(statsPassword)}`,
    'frontend statistics',
    `    bind ${place.address}:${place.ports.statistics}`,
    '    http-request auth realm statistics unless { http_auth(statistics) }',
    '    http-request use-service prometheus-exporter if { path /metrics }',
    '    stats enable',
    '    stats uri /',
    '    stats refresh 10s',
    '    stats show-legends',
  ];
}

/** Services that get a port of their own: the first by name, and none of those that the load balancer needs. */
function tcpOf({ balancing, certificates, place }: ConfigInput): ReadonlySet<Backend> {
  const { settings, backends } = balancing;
  const { http, https, statistics } = place.ports;
  const isHttp =
    backends.some(({ mode }) => mode === 'http') ||
    settings.healthUri !== null ||
    certificates !== null ||
    Object.keys(settings.challenges).length > 0;
  const taken = new Set([
    ...(isHttp ? [http] : []),
    ...(certificates === null ? [] : [https]),
    ...(settings.statsPassword === null ? [] : [statistics]),
  ]);
  const found = new Set<Backend>();
  for (const backend of backends) {
    if (backend.mode !== 'tcp' || backend.externalPort === null) continue;
    if (taken.has(backend.externalPort)) continue;
    taken.add(backend.externalPort);
    found.add(backend);
  }
  return found;
}
