import {
  type BackendSettings,
  type Balance,
  balances,
  balancingBounds,
} from '../model/balancing.ts';
import { compareText } from '../model/identity.ts';
import type { HealthCheck } from '../model/spec.ts';
import {
  bad,
  faultAt,
  parseCookie,
  parsePath,
  parsePort,
  parseSettings,
  parseSwitch,
  parseUsers,
  read,
  readOpen,
  type Variables,
  warnAt,
} from './balancer-variables.ts';
import { alternatives, quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';

/** Of a service behind a load balancer, in the order of Kontena's guide. */
export const backendVariables = [
  'KONTENA_LB_MODE',
  'KONTENA_LB_INTERNAL_PORT',
  'KONTENA_LB_EXTERNAL_PORT',
  'KONTENA_LB_BALANCE',
  'KONTENA_LB_VIRTUAL_HOSTS',
  'KONTENA_LB_VIRTUAL_PATH',
  'KONTENA_LB_KEEP_VIRTUAL_PATH',
  'KONTENA_LB_COOKIE',
  'KONTENA_LB_CUSTOM_SETTINGS',
  'KONTENA_LB_BASIC_AUTH_SECRETS',
] as const;

const onlyHttp = [
  'KONTENA_LB_VIRTUAL_HOSTS',
  'KONTENA_LB_VIRTUAL_PATH',
  'KONTENA_LB_KEEP_VIRTUAL_PATH',
  'KONTENA_LB_COOKIE',
  'KONTENA_LB_BASIC_AUTH_SECRETS',
];
const onlyTcp = ['KONTENA_LB_EXTERNAL_PORT'];

export function readBackend(variables: Variables, check: HealthCheck | null): BackendSettings {
  const mode = read<Mode>(variables, 'KONTENA_LB_MODE', { fallback: 'http', parse: parseMode });
  warnOfOtherMode(variables, mode);
  const common = {
    mode,
    internalPort: read(variables, 'KONTENA_LB_INTERNAL_PORT', { fallback: 80, parse: parsePort }),
    balance: read<Balance>(variables, 'KONTENA_LB_BALANCE', {
      fallback: 'roundrobin',
      parse: (text) => parseBalance(text, mode),
    }),
    customSettings: readOpen<readonly string[]>(variables, 'KONTENA_LB_CUSTOM_SETTINGS', {
      fallback: [],
      parse: parseSettings,
    }),
    check: check === null ? null : checkOf(check, mode),
  };
  return mode === 'http' ? { ...common, ...readHttp(variables) } : { ...common, ...tcp(variables) };
}

type Mode = BackendSettings['mode'];

type OfMode = Pick<
  BackendSettings,
  'externalPort' | 'virtualHosts' | 'virtualPaths' | 'keepVirtualPath' | 'cookie' | 'basicAuth'
>;

function readHttp(variables: Variables): OfMode {
  return {
    externalPort: null,
    ...readRoutes(variables),
    keepVirtualPath: read(variables, 'KONTENA_LB_KEEP_VIRTUAL_PATH', {
      fallback: false,
      parse: parseSwitch,
    }),
    // Set to nothing, it is the load balancer's own cookie.
    cookie: readOpen<string | null>(variables, 'KONTENA_LB_COOKIE', {
      fallback: Object.hasOwn(variables.values, 'KONTENA_LB_COOKIE') ? '' : null,
      parse: parseCookie,
    }),
    basicAuth: readOpen<string | null>(variables, 'KONTENA_LB_BASIC_AUTH_SECRETS', {
      fallback: null,
      parse: parseUsers,
    }),
  };
}

type Routes = Pick<BackendSettings, 'virtualHosts' | 'virtualPaths'>;

function readRoutes(variables: Variables): Routes {
  const virtualHosts = read<readonly string[]>(variables, 'KONTENA_LB_VIRTUAL_HOSTS', {
    fallback: [],
    parse: parseHosts,
  });
  const virtualPaths = read<readonly string[]>(variables, 'KONTENA_LB_VIRTUAL_PATH', {
    fallback: ['/'],
    parse: parsePaths,
  });
  const count = virtualHosts.length * virtualPaths.length;
  if (count <= balancingBounds.routes) return { virtualHosts, virtualPaths };
  const message = `there are ${count} pairs of a host and a path, and ${balancingBounds.routes} are taken`;
  faultAt(variables, 'KONTENA_LB_VIRTUAL_PATH', bad(message).fault);
  return { virtualHosts: [], virtualPaths: ['/'] };
}

/** Kontena's. */
const defaultExternalPort = 5_000;

function tcp(variables: Variables): OfMode {
  const port = { fallback: defaultExternalPort, parse: parsePort };
  return {
    externalPort: read(variables, 'KONTENA_LB_EXTERNAL_PORT', port),
    virtualHosts: [],
    virtualPaths: [],
    keepVirtualPath: false,
    cookie: null,
    basicAuth: null,
  };
}

function warnOfOtherMode(variables: Variables, mode: Mode): void {
  for (const name of mode === 'http' ? onlyTcp : onlyHttp)
    if (Object.hasOwn(variables.values, name)) warnAt(variables, name, ofOtherMode(name, mode));
}

function ofOtherMode(name: string, mode: string): Fault {
  return { code: 'no-effect', message: `${name} has no effect in the mode ${mode}` };
}

function parseMode(text: string): Parsed<Mode> {
  if (text === 'http' || text === 'tcp') return { value: text };
  return bad(`${quote(text)} is not a mode of a load balancer`, 'Write http or tcp.');
}

/** `leastcon` is how Kontena's guide wrote it. */
function parseBalance(text: string, mode: Mode): Parsed<Balance> {
  const known = balances.find(
    (one) => one === text || (one === 'leastconn' && text === 'leastcon'),
  );
  if (known !== undefined && (known !== 'uri' || mode === 'http')) return { value: known };
  const choices = balances.filter((one) => one !== 'uri' || mode === 'http');
  return bad(`${quote(text)} is not a way to balance`, `Write ${alternatives(choices)}.`);
}

function parseHosts(text: string): Parsed<readonly string[]> {
  const { hosts: most } = balancingBounds;
  return parseList(text, most, (host) => {
    const name = host.toLowerCase();
    if (hostName.test(name) && name.length <= 255) return { value: name };
    const message = `${quote(host)} is not the name of a host`;
    return bad(
      message,
      'Write names as "www.example.com" or "*.example.com", without port or path.',
    );
  });
}

const hostName =
  /^(?:\*\.)?[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/;

/** `/api` and `/api/` are one. */
function parsePaths(text: string): Parsed<readonly string[]> {
  return parseList(text, balancingBounds.paths, (path) => {
    const parsed = parsePath(path);
    return parsed.fault === undefined ? { value: parsed.value.replace(/\/+$/, '') || '/' } : parsed;
  });
}

/** Separated by commas: sorted, each once. */
function parseList(
  text: string,
  most: number,
  parse: (item: string) => Parsed<string>,
): Parsed<readonly string[]> {
  const items = text.split(',').map((item) => item.trim());
  const written = items.filter((item) => item !== '');
  if (written.length > most)
    return bad(`there are ${written.length} of them, and ${most} are taken`);
  const values = new Set<string>();
  for (const item of written) {
    const { value, fault } = parse(item);
    if (fault !== undefined) return { fault };
    values.add(value);
  }
  return { value: [...values].toSorted(compareText) };
}

/** As in Kontena: a check by HTTP is the load balancer's too, where it speaks HTTP. */
function checkOf({ protocol, port, uri }: HealthCheck, mode: string): BackendSettings['check'] {
  return { port, uri: protocol === 'http' && mode === 'http' ? uri : null };
}
