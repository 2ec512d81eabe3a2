import { describe, expect, test } from 'vitest';
import type { BackendSettings } from '../../src/model/balancing.ts';
import {
  brief,
  codes,
  compileFiles,
  compileStackFile,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

const SEALED = {
  'grids/demo/secrets.yml': `secrets:\n  users: g1.${'a'.repeat(16)}.${'QUJD'.repeat(20)}\ncertificates:\n  "*.example.com": g1.${'c'.repeat(16)}.${'QUJD'.repeat(20)}\n`,
};
const edge = '  edge: {image: gridops/lb}\n';
const web = (environment: string) =>
  `services:\n${edge}  web:\n    image: web:1\n    links: [edge]\n    environment: ${environment}\n`;
const compileWeb = (environment: string) => compileStackFile(web(environment));
const settingsOf = (environment: string) =>
  theService(compileWeb(environment)).balanced?.settings as BackendSettings;
const compileEdge = (environment: string, more = '') =>
  compileStackFile(
    `services:\n  edge:\n    image: gridops/lb:1\n    environment: ${environment}\n${more}`,
    SEALED,
  );
const balancerOf = (environment: string, more = '') =>
  theService(compileEdge(environment, more), 'edge').balancer;

describe('a load balancer', () => {
  test.each(['gridops/lb', 'gridops/lb:2', 'registry.example.com:5000/gridops/lb:1'])(
    'is known by its image: %s',
    (image) => {
      const compiled = compileStackFile(`services:\n  edge: {image: "${image}"}\n`);
      const { balancer, spec } = theService(compiled, 'edge');
      expect(balancer?.http2).toBe(true);
      expect(spec.image).toContain(image);
    },
  );

  test.each(['kontena/lb', 'kontena/lb:edge', 'registry.example.com/kontena/lb:1'])(
    "runs as ours where Kontena's is written: %s",
    (image) => {
      const compiled = compileStackFile(`services:\n  edge: {image: "${image}"}\n`);
      expect(brief(theProblem(compiled))).toBe('warning image-replaced 2:17');
      expect(compiled.stacks[0]?.services[0]?.spec.image).toBe('gridops/lb:latest');
    },
  );

  test('is not asked what it links to when something is behind it', () => {
    const app = '  app: {image: "app:1", links: [edge], environment: [KONTENA_LB_MODE=http]}\n';
    const { problems } = compileEdge('{KONTENA_LB_HEALTH_URI: /up}', app);
    expect(problems.map(brief)).toEqual([]);
  });

  test('is one by its role, too', () => {
    const lines = 'services:\n  edge: {image: "mine:1", environment: [KONTENA_SERVICE_ROLE=lb]}\n';
    const { balancer, spec } = theService(compileStackFile(lines), 'edge');
    expect(balancer).toBeDefined();
    expect(spec.image).toBe('mine:1');
  });

  test.each(['haproxy:3.0', 'kontena/lbx:1', 'mykontena/lb:1', 'gridops/lb-stats'])(
    '%s is none',
    (image) => {
      const compiled = compileStackFile(`services:\n  edge: {image: "${image}"}\n`);
      expect(theService(compiled, 'edge').balancer).toBeUndefined();
    },
  );

  test('has its settings beside its containers, so that a change of them replaces none', () => {
    const one = theService(compileEdge('{A: b, KONTENA_LB_HEALTH_URI: /up}'), 'edge');
    const two = theService(
      compileEdge('{A: b, KONTENA_LB_HTTP2: "false", STATS_PASSWORD: x}'),
      'edge',
    );
    expect(one.balancer?.healthUri).toBe('/up');
    expect(two.balancer).toMatchObject({ http2: false, statsPassword: 'x', healthUri: null });
    expect(Object.keys(one.spec.env)).not.toContain('KONTENA_LB_HEALTH_URI');
    expect(one.spec.env['A']).toBe('b');
    expect(two.specHash).toBe(one.specHash);
  });

  test('reads everything that Kontena had', () => {
    const lines =
      '{KONTENA_LB_SSL_CIPHERS: "A-B:C", KONTENA_LB_ACCEPT_PROXY: "true", ACME_CHALLENGE_a-B_1: a-B_1.x, KONTENA_LB_CUSTOM_SETTINGS: "option http-ignore-probes\\n\\n# not this\\ntimeout server 5m"}';
    expect(balancerOf(lines)).toEqual({
      healthUri: null,
      statsPassword: null,
      ciphers: 'A-B:C',
      customSettings: ['option http-ignore-probes', 'timeout server 5m'],
      acceptProxy: true,
      http2: true,
      certificates: [],
      challenges: { 'a-B_1': 'a-B_1.x' },
    });
  });

  test('gets sealed certificates, of which the first is the default', () => {
    const more =
      '    certificates: [{subject: "*.example.com", name: SSL_CERT_a}, {subject: "*.example.com"}]\n';
    const service = theService(compileEdge('{A: b}', more), 'edge');
    const [mark = ''] = Object.keys(service.secrets ?? {});
    expect(service.balancer?.certificates).toEqual([mark, mark]);
    expect(JSON.stringify(service.spec)).not.toContain('SSL_CERT');
  });

  test.each([
    ['{KONTENA_LB_HEALTH_URI: up}', 'is not the path of an address'],
    ['{KONTENA_LB_HTTP2: perhaps}', 'neither true nor false'],
    ['{KONTENA_LB_SSL_CIPHERS: "a b"}', 'not names of ciphers'],
    ['{KONTENA_LB_CUSTOM_SETTINGS: "frontend x"}', 'would begin a section'],
    ['{KONTENA_LB_CUSTOM_SETTINGS: "\\"front\\"end x"}', 'would begin a section'],
    ['{KONTENA_LB_CUSTOM_SETTINGS: ".if defined(X)"}', 'condition on the whole configuration'],
    ['{KONTENA_LB_CUSTOM_SETTINGS: "a\\vb"}', 'ends the line'],
    ['{SSL_CERTS: nothing}', 'has no certificate in it'],
    ['{"ACME_CHALLENGE_a.b": x}', 'is not the token'],
    ['{ACME_CHALLENGE_a: "x y"}', 'not the answer'],
    ['{STATS_PASSWORD: "a\\nb"}', 'ends the line'],
  ])('says what is wrong with %s', (environment, message) => {
    const problem = theProblem(compileEdge(environment));
    expect([problem.code, problem.severity]).toEqual(['bad-load-balancing', 'error']);
    expect(problem.message).toContain(message);
    expect(problem.position.line).toBe(4);
  });

  test.each([
    [
      '{KONTENA_LB_HELTH_URI: /up}',
      'no load balancer knows',
      'Did you mean "KONTENA_LB_HEALTH_URI"?',
    ],
    ['{KONTENA_LB_MODE: tcp}', 'belongs to the services behind', undefined],
  ])('says that %s does nothing', (environment, message, hint) => {
    const problem = theProblem(compileEdge(environment));
    expect(brief(problem)).toBe('warning no-effect 4:19');
    expect(problem.message).toContain(message);
    expect(problem.hint).toBe(hint);
  });
});

describe('a service that links to a load balancer', () => {
  test("has Kontena's defaults and labels", () => {
    const { balanced, spec, dependsOn } = theService(compileWeb('{A: b}'));
    expect(balanced).toEqual({
      by: ['shop/edge'],
      settings: {
        mode: 'http',
        internalPort: 80,
        externalPort: null,
        balance: 'roundrobin',
        virtualHosts: [],
        virtualPaths: ['/'],
        keepVirtualPath: false,
        cookie: null,
        customSettings: [],
        basicAuth: null,
        check: null,
      },
    });
    expect(spec.labels).toEqual({
      'io.kontena.load_balancer.name': 'shop/edge',
      'io.kontena.load_balancer.internal_port': '80',
      'io.kontena.load_balancer.mode': 'http',
    });
    expect(dependsOn).toEqual([]);
  });

  test('has everything that Kontena had', () => {
    const settings = settingsOf(
      '{KONTENA_LB_INTERNAL_PORT: 8080, KONTENA_LB_BALANCE: leastcon, KONTENA_LB_VIRTUAL_HOSTS: "WWW.example.com, *.a.com,", KONTENA_LB_VIRTUAL_PATH: "/b/,/a", KONTENA_LB_KEEP_VIRTUAL_PATH: "true", KONTENA_LB_COOKIE: "cookie SID prefix nocache", KONTENA_LB_CUSTOM_SETTINGS: "http-request set-header A b", KONTENA_LB_BASIC_AUTH_SECRETS: "user a insecure-password b"}',
    );
    expect(settings).toMatchObject({
      internalPort: 8080,
      balance: 'leastconn',
      virtualHosts: ['*.a.com', 'www.example.com'],
      virtualPaths: ['/a', '/b'],
      keepVirtualPath: true,
      cookie: 'SID prefix nocache',
      customSettings: ['http-request set-header A b'],
      basicAuth: 'user a insecure-password b',
    });
    expect(settingsOf('{KONTENA_LB_COOKIE: ""}').cookie).toBe('');
  });

  test('may be balanced by connections, on port 5000 unless another is said', () => {
    const lines = '{KONTENA_LB_MODE: tcp, KONTENA_LB_INTERNAL_PORT: 3306}';
    expect(settingsOf(lines)).toMatchObject({ mode: 'tcp', externalPort: 5000, virtualPaths: [] });
  });

  test('has users that are a secret, whose value the load balancer needs', () => {
    const compiled = compileStackFile(
      `${web('{A: b}')}    secrets: [{secret: users, name: KONTENA_LB_BASIC_AUTH_SECRETS}]\n`,
      SEALED,
    );
    const { balanced, secrets } = theService(compiled);
    expect([balanced?.settings.basicAuth]).toEqual(Object.keys(secrets ?? {}));
  });

  test('is checked as its own health check says', () => {
    const checked = `${web('{A: b}')}    health_check: {protocol: http, port: 8080, uri: /up}\n`;
    const settings = theService(compileStackFile(checked)).balanced?.settings;
    expect(settings?.check).toEqual({ port: 8080, uri: '/up' });
  });

  test.each([
    ['KONTENA_LB_MODE', 'udp', 'is not a mode'],
    ['KONTENA_LB_INTERNAL_PORT', '0', 'is not a port'],
    ['KONTENA_LB_INTERNAL_PORT', '80 # x', 'is not a port'],
    ['KONTENA_LB_BALANCE', 'fastest', 'is not a way to balance'],
    ['KONTENA_LB_VIRTUAL_HOSTS', 'a.com:80', 'is not the name of a host'],
    ['KONTENA_LB_VIRTUAL_HOSTS', '*', 'is not the name of a host'],
    ['KONTENA_LB_VIRTUAL_HOSTS', 'a.*.com', 'is not the name of a host'],
    ['KONTENA_LB_VIRTUAL_PATH', 'api', 'is not the path'],
    ['KONTENA_LB_VIRTUAL_PATH', "/a'b\\\\c", 'is not the path'],
    ['KONTENA_LB_KEEP_VIRTUAL_PATH', 'maybe', 'neither true nor false'],
    ['KONTENA_LB_COOKIE', 'SID', 'says neither "insert" nor "prefix"'],
    ['KONTENA_LB_COOKIE', 'SID insert rewrite', 'not known here'],
    ['KONTENA_LB_COOKIE', 'SID insert domain', 'has no value'],
    ['KONTENA_LB_CUSTOM_SETTINGS', 'ok\\nuserlist x', 'would begin a section'],
    ['KONTENA_LB_BASIC_AUTH_SECRETS', 'user a', 'is not "user NAME'],
    ['KONTENA_LB_BASIC_AUTH_SECRETS', 'user a insecure-password b\\nbackend x', 'section'],
  ])('is told what is wrong with %s=%s', (name, value, message) => {
    const problem = theProblem(compileWeb(`{A: b, ${name}: "${value}"}`));
    expect([problem.code, problem.severity]).toEqual(['bad-load-balancing', 'error']);
    expect(problem.message).toContain(message);
    expect(problem.position).toMatchObject({ line: 6, column: 27 + name.length });
  });

  test.each([
    ['{KONTENA_LB_EXTERNAL_PORT: 1}', 'has no effect in the mode http'],
    ['{KONTENA_LB_MODE: tcp, KONTENA_LB_COOKIE: ""}', 'has no effect in the mode tcp'],
    ['{KONTENA_LB_HEALTH_URI: /up}', 'belongs to the load balancer itself'],
    ['{KONTENA_LB_VIRTUAL_HOST: a.com}', 'no load balancer knows'],
  ])('is told that %s does nothing', (environment, message) => {
    const problem = theProblem(compileWeb(environment));
    expect(problem.code).toBe('no-effect');
    expect(problem.message).toContain(message);
  });

  test('is told where a secret would have to be planned with', () => {
    const compiled = compileStackFile(
      `${web('{A: b}')}    secrets: [{secret: users, name: KONTENA_LB_VIRTUAL_HOSTS}]\n`,
      SEALED,
    );
    expect(codes(compiled)).toEqual(['secret-inspected']);
  });

  test('is told once when it links to none', () => {
    const lines = 'services:\n  web:\n    image: web:1\n    environment: [KONTENA_LB_MODE=http]\n';
    expect(brief(theProblem(compileStackFile(lines)))).toBe('warning no-effect 4:19');
  });

  test('is behind the first of two, and does without the other', () => {
    const compiled = compileStackFile(
      `services:\n${edge}  other: {image: gridops/lb}\n  web: {image: "web:1", links: [other, edge]}\n`,
    );
    expect(brief(theProblem(compiled))).toBe('warning no-effect 4:40');
    const found = compiled.stacks[0]?.services.find(({ name }) => name === 'web');
    expect(found?.balanced?.by).toEqual(['shop/other', 'shop/edge']);
    expect(found?.dependsOn).toEqual([]);
  });

  test('may be linked to by it: they do not wait for each other', () => {
    const lines =
      'services:\n  edge: {image: gridops/lb, links: [web]}\n  web: {image: "web:1", links: [edge]}\n';
    expect(codes(compileStackFile(lines))).toEqual([]);
  });

  test('has another hash when its port is another, and the same when only its host is', () => {
    const one = theService(compileWeb('{KONTENA_LB_INTERNAL_PORT: 1}'));
    const two = theService(compileWeb('{KONTENA_LB_INTERNAL_PORT: 2}'));
    expect(one.specHash).not.toBe(two.specHash);
  });
});

describe('a load balancer of another stack', () => {
  const INGRESS = 'grids/demo/stacks/ingress/kontena.yml';
  const ingress = 'services:\n  lb: {image: gridops/lb}\n  db: {image: "db:1"}\n';
  const linked = (links: string, environment = '{KONTENA_LB_MODE: http}') =>
    `services:\n  web:\n    image: web:1\n    links: ${links}\n    environment: ${environment}\n`;
  const compile = (shop: string, other = ingress) =>
    compileFiles({ [STACK_FILE]: shop, [INGRESS]: other });

  test('is not waited for', () => {
    const service = theService(compile(linked('[ingress/lb]')));
    expect(service.balanced?.by).toEqual(['ingress/lb']);
    expect(service.dependsOn).toEqual([]);
    expect(service.spec.labels['io.kontena.load_balancer.name']).toBe('ingress/lb');
  });

  test('and what else is linked to are told apart', () => {
    const service = theService(compile(linked('[ingress/db, ingress/lb]')));
    expect(service.dependsOn).toEqual(['ingress/db']);
    expect(service.balanced?.by).toEqual(['ingress/db', 'ingress/lb']);
  });

  test('is missed where the link leads to something else', () => {
    const problem = theProblem(compile(linked('[ingress/db]')));
    expect(brief(problem)).toBe('warning no-effect 5:19');
  });

  test('costs no container anything while its file cannot be read', () => {
    const good = theService(compile(linked('[ingress/lb]')));
    const broken = compile(linked('[ingress/lb]'), 'services: [');
    const found = broken.stacks.flatMap(({ services }) => services)[0];
    expect(found?.specHash).toBe(good.specHash);
    expect(found?.balanced).toEqual(good.balanced);
    expect(codes(broken)).not.toContain('no-effect');
  });

  test('passes each port on to one service', () => {
    const tcp = '{KONTENA_LB_MODE: tcp}';
    const compiled = compileFiles({
      [INGRESS]: ingress,
      'grids/demo/stacks/a/kontena.yml': linked('[ingress/lb]', tcp),
      'grids/demo/stacks/b/kontena.yml': linked('[ingress/lb]', tcp),
    });
    expect(compiled.failed).toEqual(['a', 'b']);
    expect(new Set(codes(compiled))).toEqual(new Set(['bad-load-balancing']));
    expect(compiled.problems[0]?.message).toContain('port 5000 for this service and for "b/web"');
  });

  test('passes a path of a host on to the first by name', () => {
    const host = (name: string) => `{KONTENA_LB_VIRTUAL_HOSTS: "${name}.com"}`;
    const compiled = compileFiles({
      [INGRESS]: ingress,
      'grids/demo/stacks/a/kontena.yml': linked('[ingress/lb]', host('one')),
      'grids/demo/stacks/b/kontena.yml': linked('[ingress/lb]', host('one')),
      'grids/demo/stacks/c/kontena.yml': linked('[ingress/lb]', host('two')),
    });
    expect(compiled.problems.map(({ stack }) => stack)).toEqual(['a', 'b']);
    expect(codes(compiled)).toEqual(['ambiguous-route', 'ambiguous-route']);
    expect(compiled.problems[0]?.message).toContain('"one.com/": "a/web" does');
  });
});

test.each([
  ['1000', '{A: b}', 'statistics'],
  ['443', '{SSL_CERTS: "-----BEGIN CERTIFICATE-----"}', 'HTTPS'],
])("port %s is the load balancer's own", (port, environment, use) => {
  const compiled = compileStackFile(
    `services:\n  edge: {image: gridops/lb, environment: ${environment}}\n  web:\n    image: web:1\n    links: [edge]\n    environment: {KONTENA_LB_MODE: tcp, KONTENA_LB_EXTERNAL_PORT: ${port}}\n`,
  );
  expect(theProblem(compiled).message).toContain(`for ${use}`);
});
