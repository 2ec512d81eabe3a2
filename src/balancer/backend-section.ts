import { type Backend, settingLines } from '../model/balancing.ts';
import { compareText, servicePath } from '../model/identity.ts';
import type { ConfigInput } from './config.ts';
import type { Slot, Slots } from './slots.ts';
import { escapeRegex, proxyName, quoteWord, serverName, socketAddress } from './words.ts';

/** Of one service, with the list of its users. */
export function backendSection(backend: Backend, input: ConfigInput): readonly string[] {
  const path = servicePath(backend);
  const isClosed = input.closed.has(path);
  const servers = isClosed ? [] : serverLines(backend, input.slots.get(path) ?? []);
  return backend.mode === 'tcp'
    ? tcpSection(backend, { input, servers, isClosed })
    : httpSection(backend, { servers, isClosed });
}

interface Parts {
  readonly servers: readonly string[];
  readonly isClosed: boolean;
}

function tcpSection(
  backend: Backend,
  { input, servers, isClosed }: Parts & { readonly input: ConfigInput },
): readonly string[] {
  const { place, balancing } = input;
  const proxy = balancing.settings.acceptProxy ? ' accept-proxy' : '';
  return [
    `listen ${proxyName(backend)}`,
    `    bind ${place.address}:${backend.externalPort}${proxy}`,
    '    mode tcp',
    '    option tcplog',
    ...(isClosed ? [] : backend.customSettings.map((line) => `    ${line}`)),
    ...balanceLines(backend),
    ...servers,
  ];
}

function httpSection(backend: Backend, { servers, isClosed }: Parts): readonly string[] {
  const name = proxyName(backend);
  if (isClosed) return [`backend ${name}`, '    http-request deny deny_status 503'];
  return [
    ...userLines(backend),
    `backend ${name}`,
    ...backend.customSettings.map((line) => `    ${line}`),
    ...cookieLines(backend),
    ...balanceLines(backend),
    ...(backend.basicAuth === null ? [] : [authLine(backend)]),
    ...stripLines(backend),
    ...checkLines(backend),
    ...servers,
  ];
}

function userLines(backend: Backend): readonly string[] {
  if (backend.basicAuth === null) return [];
  const lines = settingLines(backend.basicAuth).map((line) => `    ${line}`);
  return [`userlist ${proxyName(backend)}`, ...lines];
}

function authLine(backend: Backend): string {
  const name = proxyName(backend);
  return `    http-request auth realm ${name} unless { http_auth(${name}) }`;
}

/** Which server is meant is worked out from its address: all load balancers of a service mean the same by it. */
function cookieLines({ cookie }: Backend): readonly string[] {
  if (cookie === null) return [];
  const words = cookie === '' ? 'KONTENA_SERVERID insert indirect nocache' : cookie;
  return [`    cookie ${words} dynamic`, '    dynamic-cookie-key gridops'];
}

/** Who is sent to one container by address or path stays with it when others come and go. */
function balanceLines({ balance }: Backend): readonly string[] {
  const isHashed = balance === 'source' || balance === 'uri';
  return [`    balance ${balance}`, ...(isHashed ? ['    hash-type consistent'] : [])];
}

function stripLines({ virtualPaths, keepVirtualPath }: Backend): readonly string[] {
  const paths = virtualPaths.filter((path) => path !== '/');
  if (keepVirtualPath || paths.length === 0) return [];
  const longest = paths.toSorted((a, b) => b.length - a.length || compareText(a, b));
  const any = longest.map(escapeRegex).join('|');
  return [`    http-request replace-path ${quoteWord(`^(?:${any})(?:/+(.*))?$`)} '/\\1'`];
}

/** A service that tells its hosts apart is asked by one of its names. */
function checkLines({ check, virtualHosts }: Backend): readonly string[] {
  if (check === null || check.uri === null) return [];
  const host = virtualHosts.find((name) => !name.startsWith('*.'));
  const version = host === undefined ? '' : ` ver HTTP/1.1 hdr Host ${quoteWord(host)}`;
  return [
    '    option httpchk',
    `    http-check send meth GET uri ${quoteWord(check.uri)}${version}`,
  ];
}

function serverLines({ check, internalPort }: Backend, slots: Slots): readonly string[] {
  const checkPort = check === null ? '' : ` port ${check.port}`;
  return slots.map(
    (slot, at) =>
      `    server ${serverName(at)} ${serverAddress(slot, internalPort)}${checkPort}${stateOf(slot)}`,
  );
}

function serverAddress(slot: Slot | null, internalPort: number): string {
  return slot === null
    ? socketAddress('0.0.0.0', internalPort)
    : socketAddress(slot.address, slot.port);
}

/** One that is to get nothing new cannot be written down: it is told so as soon as HAProxy runs. */
function stateOf(slot: Slot | null): string {
  return slot?.state === 'ready' ? '' : ' disabled';
}
