import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConfigInput, renderConfig } from '../../src/balancer/config.ts';
import { objectionsOf, objectionsTo } from '../../src/balancer/objections.ts';
import { fillSlots } from '../../src/balancer/slots.ts';
import {
  type Backend,
  type Balancing,
  balancerPorts,
  balances,
} from '../../src/model/balancing.ts';
import { servicePath } from '../../src/model/identity.ts';
import { aBackend, aBalancerSettings, aBalancing, aTcpBackend } from '../support/a-balancing.ts';
import { anUpstream } from './an-upstream.ts';
import { aBundle, aPlace, checkFile, hasHaproxy } from './real-haproxy.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lb-cfg-'));
  if (!hasHaproxy) return;
  writeFileSync(path.join(folder, 'a.pem'), aBundle('a.example.com'));
  writeFileSync(path.join(folder, 'all.list'), `${path.join(folder, 'a.pem')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function render(balancing: Balancing, overrides: Partial<ConfigInput> = {}) {
  const slots = new Map(
    balancing.backends.map((one) => [
      servicePath(one),
      fillSlots([], [anUpstream('web', 8080)], one.internalPort),
    ]),
  );
  const place = aPlace(folder, balancerPorts);
  const fixed = { balancing, slots, closed: new Set<string>(), certificates: null, place };
  return renderConfig({ ...fixed, ...overrides });
}

const routes = (text: string) =>
  text.split('\n').flatMap((line) => /use_backend (.*)/.exec(line)?.[1] ?? []);

describe("HAProxy's configuration", () => {
  it('tries whole hosts, then the ends of hosts, then any; and long paths before short ones', () => {
    const { text } = render(
      aBalancing([
        aBackend('any'),
        aBackend('api', { virtualPaths: ['/api', '/api/v2'] }),
        aBackend('wild', { virtualHosts: ['*.a.com', '*.b.a.com'] }),
        aBackend('web', { virtualHosts: ['www.a.com'], virtualPaths: ['/', '/x'] }),
      ]),
    );
    expect(routes(text)).toEqual([
      "shop:web if { var(txn.host) -m str 'www.a.com' } { var(txn.path) -m beg '/x/' }",
      "shop:web if { var(txn.host) -m str 'www.a.com' }",
      "shop:wild if { var(txn.host) -m end '.b.a.com' }",
      "shop:wild if { var(txn.host) -m end '.a.com' }",
      "shop:api if { var(txn.path) -m beg '/api/v2/' }",
      "shop:api if { var(txn.path) -m beg '/api/' }",
      'shop:any',
    ]);
  });

  it('leaves a path of a host to the first by name', () => {
    const { text } = render(aBalancing([aBackend('b'), aBackend('a')]));
    expect(routes(text)).toEqual(['shop:a']);
  });

  it('is another structure when HAProxy has to read it again, and the same when containers come and go', () => {
    const balancing = aBalancing([aBackend('web')]);
    const { structure } = render(balancing);
    const empty = new Map([['shop/web', fillSlots([], [], 80)]]);
    const many = Array.from({ length: 9 }, (_, at) => anUpstream('web', 1 + at));
    expect(render(balancing, { slots: empty }).structure).toBe(structure);
    const grown = new Map([['shop/web', fillSlots([], many, 80)]]);
    expect(render(balancing, { slots: grown }).structure).not.toBe(structure);
    expect(render(aBalancing([aBackend('web', { cookie: '' })])).structure).not.toBe(structure);
  });

  it('knows whose each line is', () => {
    const { text, owners } = render(aBalancing([aBackend('web'), aTcpBackend('db', 5432)]));
    const lines = text.split('\n');
    expect(owners[lines.indexOf('backend shop:web')]).toBe('shop/web');
    expect(owners[lines.indexOf('listen shop:db')]).toBe('shop/db');
    expect(owners[0]).toBeNull();
    expect(owners).toHaveLength(lines.length - 1);
  });

  it('gives one port to one service, and never those of the load balancer', () => {
    const two = [aTcpBackend('a', 1000), aTcpBackend('b', 5000), aTcpBackend('c', 5000)];
    const { text } = render(aBalancing([...two, aTcpBackend('d', 80)], { statsPassword: 'x' }));
    expect(text.match(/^listen .*$/gm)).toEqual(['listen shop:b', 'listen shop:d']);
    expect(text).not.toContain('frontend http');
    expect(render(aBalancing([aTcpBackend('d', 80), aBackend('e')])).text).not.toContain(
      'listen shop',
    );
  });

  it('closes a service that HAProxy does not take', () => {
    const bad = aBackend('web', { customSettings: ['nonsense'] });
    const { text } = render(aBalancing([bad]), { closed: new Set(['shop/web']) });
    expect(text).not.toContain('nonsense');
    expect(text).toContain('deny_status 503');
  });
});

/** Anything that fits on a line. */
const anyWord = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 30 })
  .filter((text) => !/[\p{Cc}\u2028\u2029]/u.test(text));
const nastyWord = fc.oneof(
  anyWord,
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '#', '$', '{', '}', '%', '[', ' ', 'a'),
    minLength: 1,
    maxLength: 12,
  }),
);
const aName = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
const aPath = fc.stringMatching(/^\/[A-Za-z0-9._~!$&'()*+,;=:@%-]{1,12}$/);
const aHost = fc
  .tuple(fc.boolean(), fc.stringMatching(/^[a-z0-9]{1,8}\.(?:com|example\.org)$/))
  .map(([wild, host]) => (wild ? `*.${host}` : host));
const aLine = fc.constantFrom(
  'timeout server 5m',
  'http-request set-header X-A "it\'s"',
  'acl x hdr_reg(host) ^\\w*\\.foo.com\\w*',
  'redirect code 301 location foo.com%[capture.req.uri] if { path /x }',
  'compression algo gzip',
);
const unique = (of: fc.Arbitrary<string>, least = 0) =>
  fc.uniqueArray(of, { minLength: least, maxLength: 3 });

const anHttpBackend: fc.Arbitrary<Backend> = fc
  .record({
    service: aName,
    internalPort: fc.integer({ min: 1, max: 65_535 }),
    balance: fc.constantFrom(...balances),
    virtualHosts: unique(aHost),
    virtualPaths: unique(fc.oneof(aPath, fc.constant('/')), 1),
    keepVirtualPath: fc.boolean(),
    cookie: fc.constantFrom(null, '', 'SID prefix nocache', 'SID insert maxlife 1h domain .a.com'),
    customSettings: fc.array(aLine, { maxLength: 2 }),
    basicAuth: fc.constantFrom(null, '', 'user a insecure-password b\n\n# c\ngroup d users a'),
    check: fc.option(
      fc.record({
        port: fc.integer({ min: 1, max: 65_535 }),
        uri: fc.option(nastyWord.map((text) => `/${text.replaceAll(/\s/gu, '')}`)),
      }),
    ),
  })
  .map(({ service, ...rest }) => aBackend(service, rest));
const anyBackend = fc.oneof(
  anHttpBackend,
  fc
    .tuple(aName, fc.integer({ min: 2000, max: 9000 }))
    .map(([name, port]) => aTcpBackend(name, port)),
);
const anyBalancing = fc
  .record({
    backends: fc.uniqueArray(anyBackend, { maxLength: 5, selector: servicePath }),
    settings: fc.record({
      healthUri: fc.option(aPath),
      statsPassword: fc.option(nastyWord),
      customSettings: fc.array(fc.constantFrom('option http-ignore-probes', 'timeout client 2m'), {
        maxLength: 2,
      }),
      acceptProxy: fc.boolean(),
      http2: fc.boolean(),
      challenges: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/), nastyWord, {
        maxKeys: 2,
      }),
    }),
  })
  .map(({ backends, settings }) => aBalancing(backends, aBalancerSettings(settings)));

describe.runIf(hasHaproxy)('HAProxy itself', () => {
  async function check(balancing: Balancing, withCertificates: boolean) {
    const list = path.join(folder, 'all.list');
    const config = render(balancing, { certificates: withCertificates ? list : null });
    const file = path.join(folder, 'fuzz.cfg');
    writeFileSync(file, config.text);
    return { config, ...(await checkFile(file)) };
  }

  it('takes whatever can be said', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(anyBalancing, fc.boolean(), async (balancing, withCertificates) => {
        fc.pre(objectionsTo(balancing).length === 0);
        const { accepted, messages, config } = await check(balancing, withCertificates);
        if (!accepted) throw new Error(`${messages.join('\n')}\n${config.text}`);
      }),
      { numRuns: 40 },
    );
  });

  it('has objections to nobody but who wrote the line', { timeout: 120_000 }, async () => {
    const hostile = fc.oneof(
      nastyWord,
      fc
        .tuple(
          fc.constantFrom(
            'server',
            'acl',
            'http-request',
            'option',
            'userlist',
            'use_backend',
            '.endif',
            'timeout',
          ),
          nastyWord,
        )
        .map((words) => words.join(' ')),
    );
    await fc.assert(
      fc.asyncProperty(hostile, async (line) => {
        const balancing = aBalancing([
          aBackend('bad', { customSettings: [line.trim()] }),
          aBackend('good', { virtualPaths: ['/good'] }),
          aTcpBackend('tcp', 5000),
        ]);
        fc.pre(objectionsTo(balancing).length === 0);
        const { accepted, messages, config } = await check(balancing, false);
        const owners = objectionsOf(messages, config, balancing.backends).map(({ owner }) => owner);
        if (accepted) return;
        expect(owners).not.toEqual([]);
        expect(new Set(owners)).toEqual(new Set(['shop/bad']));
      }),
      { numRuns: 40 },
    );
  });
});

it('knows of whom HAProxy speaks, and of whom it does not', () => {
  const balancing = aBalancing([aBackend('web')]);
  const config = render(balancing);
  const line = config.owners.indexOf('shop/web') + 1;
  const told = (...messages: readonly string[]) =>
    objectionsOf(
      messages.map((message) => `[ALERT]    (1) : config : ${message}`),
      config,
      balancing.backends,
    );
  const end = 'Fatal errors found in configuration.';
  expect(told(`parsing [/x/next.cfg:${line}] : no`, end)).toEqual([
    { owner: 'shop/web', reason: 'no' },
  ]);
  expect(told(`Parsing [next.cfg:${line}]: no`)).toEqual([{ owner: 'shop/web', reason: 'no' }]);
  expect(told(`[next.cfg:1] : 'global' no`, end)).toEqual([{ owner: null, reason: "'global' no" }]);
  expect(told("Proxy 'shop:web': no table", end).map(({ owner }) => owner)).toEqual(['shop/web']);
  expect(told(end)).toEqual([{ owner: null, reason: end }]);
});

describe('a value that was secret', () => {
  it.each([
    [aBackend('web', { customSettings: ['a\nbackend x'] }), 'ends the line'],
    [aBackend('web', { basicAuth: 'user a insecure-password b\nbackend x' }), 'no user'],
    [aBackend('web', { cookie: 'SID insert\nbackend x' }), 'not known here'],
    [aBackend('web', { check: { port: 1, uri: '/a b' } }), 'has a blank'],
  ])('cannot end the line that it stands on (%#)', (backend, reason) => {
    const objections = objectionsTo(aBalancing([backend]));
    expect(objections.map(({ owner }) => owner)).toEqual(['shop/web']);
    expect(objections[0]?.reason).toContain(reason);
  });

  it('of the load balancer itself cannot either', () => {
    const [objection] = objectionsTo(aBalancing([], { statsPassword: 'a\nb' }));
    expect(objection?.owner).toBeNull();
  });

  it('is not repeated', () => {
    const told = objectionsTo(aBalancing([aBackend('web', { basicAuth: 'hunter2 hunter2' })]));
    expect(JSON.stringify(told)).not.toContain('hunter2');
  });
});
