import { type BalancerSettings, balancingBounds } from '../model/balancing.ts';
import { hasMark } from '../model/secret.ts';
import {
  bad,
  faultAt,
  parsePath,
  parseSettings,
  parseSwitch,
  parseWord,
  read,
  readOpen,
  type Variables,
} from './balancer-variables.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/** Of a load balancer itself. */
export const balancerVariables = [
  'KONTENA_LB_HEALTH_URI',
  'KONTENA_LB_SSL_CIPHERS',
  'KONTENA_LB_CUSTOM_SETTINGS',
  'KONTENA_LB_ACCEPT_PROXY',
  'KONTENA_LB_HTTP2',
] as const;

/** Whether a load balancer's variable is for gridops, and no part of its container. */
export function isBalancerVariable(name: string): boolean {
  return (
    name.startsWith('KONTENA_LB_') ||
    name === 'STATS_PASSWORD' ||
    name === 'SSL_CERTS' ||
    name.startsWith('SSL_CERT_') ||
    name.startsWith('ACME_CHALLENGE_')
  );
}

export function readBalancer(variables: Variables): BalancerSettings {
  return {
    healthUri: read<string | null>(variables, 'KONTENA_LB_HEALTH_URI', {
      fallback: null,
      parse: parsePath,
    }),
    statsPassword: readOpen<string | null>(variables, 'STATS_PASSWORD', {
      fallback: null,
      parse: parseWord,
    }),
    ciphers: read<string | null>(variables, 'KONTENA_LB_SSL_CIPHERS', {
      fallback: null,
      parse: parseCiphers,
    }),
    customSettings: readOpen(variables, 'KONTENA_LB_CUSTOM_SETTINGS', {
      fallback: [],
      parse: parseSettings,
    }),
    acceptProxy: read(variables, 'KONTENA_LB_ACCEPT_PROXY', {
      fallback: false,
      parse: parseSwitch,
    }),
    http2: read(variables, 'KONTENA_LB_HTTP2', { fallback: true, parse: parseSwitch }),
    certificates: readCertificates(variables),
    challenges: readChallenges(variables),
  };
}

function parseCiphers(text: string): Parsed<string> {
  if (/^[A-Za-z0-9:!+@=_-]{1,2000}$/.test(text)) return { value: text };
  return bad('these are not names of ciphers', 'Write names of OpenSSL, separated by ":".');
}

/** `SSL_CERTS` first: what it begins with is for clients that name no host. */
function readCertificates(variables: Variables): readonly string[] {
  const names = Object.keys(variables.values).filter((name) => /^SSL_CERT(?:S$|_)/.test(name));
  const order = names.toSorted((a, b) => Number(b === 'SSL_CERTS') - Number(a === 'SSL_CERTS'));
  const [, ...more] = order.slice(balancingBounds.certificates - 1);
  for (const name of more.slice(0, 1))
    faultAt(variables, name, bad(`more than ${balancingBounds.certificates} certificates`).fault);
  return order.slice(0, balancingBounds.certificates).flatMap((name) =>
    readOpen<readonly string[]>(variables, name, {
      fallback: [],
      parse: (text) => parseCertificate(name, text),
    }),
  );
}

function parseCertificate(name: string, text: string): Parsed<readonly string[]> {
  if (hasMark(text) || text.includes('-----BEGIN ')) return { value: [text] };
  return bad(
    `${name} has no certificate in it`,
    'It is PEM: the certificate, its chain, and the key last.',
  );
}

const challenge = 'ACME_CHALLENGE_';

function readChallenges(variables: Variables): Readonly<Record<string, string>> {
  const names = Object.keys(variables.values).filter((name) => name.startsWith(challenge));
  const most = balancingBounds.challenges;
  for (const name of names.slice(most, most + 1))
    faultAt(variables, name, bad(`more than ${most} challenges`).fault);
  const entries = names.slice(0, most).map((name): readonly [string, string] => {
    const token = name.slice(challenge.length);
    const parse = (text: string) => parseAnswer(token, text.trim());
    return [token, readOpen(variables, name, { fallback: '', parse })];
  });
  return Object.fromEntries(entries.filter(([, answer]) => answer !== ''));
}

function parseAnswer(token: string, text: string): Parsed<string> {
  if (!/^[A-Za-z0-9_-]{1,255}$/.test(token))
    return bad(`${quote(token)} is not the token of a challenge`);
  if (hasMark(text) || /^[A-Za-z0-9_.-]{1,1000}$/.test(text)) return { value: text };
  return bad(
    'this is not the answer to a challenge',
    'It is the token, a dot, and the thumbprint of the account.',
  );
}
