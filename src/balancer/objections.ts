import {
  type Backend,
  type Balancing,
  cookieReason,
  hasControl,
  lineReason,
  settingLines,
  userLineReason,
} from '../model/balancing.ts';
import { servicePath } from '../model/identity.ts';
import type { Config } from './config.ts';
import { proxyName } from './words.ts';

/** Why what was said cannot be served. `owner` is a service's path; `null`: the load balancer itself. */
export interface Objection {
  readonly owner: string | null;
  readonly reason: string;
}

/**
 * What the values of secrets have made of the settings: nobody could look at them before. Nothing that passes here ends the
 * line that it stands on.
 */
export function objectionsTo({ settings, backends }: Balancing): readonly Objection[] {
  const { statsPassword, healthUri, ciphers, challenges } = settings;
  const words = [statsPassword, healthUri, ciphers, ...Object.values(challenges)];
  const isBroken = words.some((word) => word !== null && (word === '' || hasControl(word)));
  return [
    ...(isBroken
      ? [{ owner: null, reason: 'a value is empty, or ends the line that it stands on' }]
      : []),
    ...lineObjections(null, settings.customSettings),
    ...backends.flatMap(backendObjections),
  ];
}

function backendObjections(backend: Backend): readonly Objection[] {
  const owner = servicePath(backend);
  const { customSettings, cookie, basicAuth, check } = backend;
  const cookieFault = cookie === null || cookie === '' ? null : cookieReason(cookie);
  const users = basicAuth === null ? [] : settingLines(basicAuth);
  // What they say is a secret.
  const isNoUser = users.some((line) => userLineReason(line) !== null);
  const isNoUri =
    check !== null && check.uri !== null && (hasControl(check.uri) || !/^\S+$/.test(check.uri));
  return [
    ...lineObjections(owner, customSettings),
    ...(cookieFault === null ? [] : [{ owner, reason: `the cookie ${cookieFault}` }]),
    ...(isNoUser
      ? [{ owner, reason: 'KONTENA_LB_BASIC_AUTH_SECRETS has a line that is no user' }]
      : []),
    ...(isNoUri ? [{ owner, reason: 'the path of the health check has a blank in it' }] : []),
  ];
}

function lineObjections(owner: string | null, lines: readonly string[]): readonly Objection[] {
  return lines.flatMap((line, at) => {
    const reason = lineReason(line);
    return reason === null
      ? []
      : [{ owner, reason: `line ${at + 1} of KONTENA_LB_CUSTOM_SETTINGS ${reason}` }];
  });
}

/**
 * What `haproxy -c` said, with whom it is about. What follows from a fault is said without a place: it counts only where
 * nothing has one.
 */
export function objectionsOf(
  messages: readonly string[],
  config: Config,
  backends: readonly Backend[],
): readonly Objection[] {
  const byProxy = new Map(backends.map((one) => [proxyName(one), servicePath(one)]));
  const alerts = messages.filter((line) => line.startsWith('[ALERT]'));
  const objections = alerts.map((line) => objectionOf(line, config, byProxy));
  const placed = objections.filter(({ owner }) => owner !== null);
  const telling = objections.filter(
    ({ reason }) => !/^(?:Error\(s\)|Fatal errors) found/.test(reason),
  );
  return [placed, telling, objections].find((some) => some.length > 0) ?? [];
}

/** HAProxy may list all words that it knows. */
const MAX_REASON = 300;

function objectionOf(
  line: string,
  { owners }: Config,
  byProxy: ReadonlyMap<string, string>,
): Objection {
  const text = line.replace(/^\[ALERT\]\s*\(\d+\) : (?:config : )?/, '');
  const [, place, message = text] = /\[[^\][]*\.cfg:(\d+)\] ?: ?(.*)$/.exec(text) ?? [];
  const reason = message.slice(0, MAX_REASON);
  const placed = place === undefined ? undefined : owners[Number(place) - 1];
  const names = Array.from(text.matchAll(/[A-Za-z0-9_-]+:[A-Za-z0-9_-]+/g), ([name]) => name);
  const named = names.map((name) => byProxy.get(name)).find((path) => path !== undefined);
  return { owner: placed ?? named ?? null, reason };
}
