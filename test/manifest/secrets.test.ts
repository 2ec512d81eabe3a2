import { describe, expect, test } from 'vitest';
import { deriveChance } from '../../src/manifest/chance.ts';
import { createCompiler } from '../../src/manifest/compile.ts';
import { marksWithin, printMark } from '../../src/model/secret.ts';
import {
  aSourceTree,
  brief,
  codes,
  compileService,
  compileStackFile,
  type Files,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

const SECRETS_FILE = 'grids/demo/secrets.yml';
const idOf = (letter: string) => letter.repeat(16);
const aSealed = (letter: string) => `g1.${idOf(letter)}.${'QUJD'.repeat(20)}`;
const markOf = (name: string, letter: string) =>
  printMark({ kind: 'secret', name, id: idOf(letter) });

const sealed: Files = {
  [SECRETS_FILE]: `secrets:\n  db-password: ${aSealed('a')}\n  api-key: ${aSealed('b')}\ncertificates:\n  "*.example.com": ${aSealed('c')}\n`,
};

describe('a sealed value', () => {
  test('is a variable of the environment in the form that Kontena had', () => {
    const { spec, secrets } = theService(
      compileService('secrets: [{secret: db-password, name: PASS, type: env}]', '', sealed),
    );
    expect(spec.env['PASS']).toBe(markOf('db-password', 'a'));
    expect(secrets).toEqual({ [markOf('db-password', 'a')]: aSealed('a') });
  });

  test('stands on a line of its own beside others of the same name', () => {
    const lines =
      'secrets: [{secret: db-password, name: ALL}, {secret: api-key, name: ALL}, {secret: api-key}]';
    const { env } = theService(compileService(lines, '', sealed)).spec;
    expect(env['ALL']).toBe(`${markOf('db-password', 'a')}\n${markOf('api-key', 'b')}`);
    expect(env['api-key']).toBe(markOf('api-key', 'b'));
  });

  test('wins over the environment, which is said', () => {
    const compiled = compileService(
      'environment: {PASS: plain}\nsecrets: [{secret: db-password, name: PASS}]',
      '',
      sealed,
    );
    expect(compiled.problems.map(brief)).toEqual(['warning no-effect 4:19']);
    expect(compiled.stacks[0]?.services[0]?.spec.env['PASS']).toBe(markOf('db-password', 'a'));
  });

  test.each([
    ['secrets: [api-key]', ''],
    ['secrets: [{source: api-key}]', ''],
    ['secrets: [api-key]', 'secrets: {api-key: {external: true}}'],
    ['secrets: [{source: k, target: api-key}]', 'secrets: {k: {external: true, name: api-key}}'],
    ['secrets: [{source: k, target: api-key}]', 'secrets: {k: {external: {name: api-key}}}'],
  ])('is a file in the form of Compose: %s %s', (lines, rest) => {
    const { spec, secrets } = theService(compileService(lines, rest, sealed));
    expect(spec.mounts).toEqual([
      {
        kind: 'secret',
        target: '/run/secrets/api-key',
        text: markOf('api-key', 'b'),
        mode: 0o444,
        uid: null,
        gid: null,
      },
    ]);
    expect(Object.keys(secrets ?? {})).toEqual([markOf('api-key', 'b')]);
  });

  test('has another hash with another id only', () => {
    const hashWith = (letter: string) =>
      theService(
        compileService('secrets: [s]', '', { [SECRETS_FILE]: `secrets: {s: ${aSealed(letter)}}` }),
      ).specHash;
    expect(hashWith('a')).toBe(hashWith('a'));
    expect(hashWith('a')).not.toBe(hashWith('b'));
  });

  test('that is not there is named, with what to do', () => {
    const problem = theProblem(compileService('secrets: [nothing]', '', sealed));
    expect(brief(problem)).toBe('error unknown-secret 4:15');
    expect(problem.hint).toContain('gridops secret seal demo nothing');
    const name = `CERTIFICATE_${'of-a-long-domain_'.repeat(5)}BUNDLE`;
    expect(theProblem(compileService(`secrets: [${name}]`, '', sealed)).hint).toBe(
      `Add it: "gridops secret seal demo ${name}".`,
    );
    expect(theProblem(compileService('secrets: [db-pasword]', '', sealed)).hint).toContain(
      '"db-password"',
    );
  });
});

test('a certificate is a variable with all that belongs to it', () => {
  const { spec } = theService(
    compileService('certificates: [{subject: "*.example.com"}]', '', sealed),
  );
  expect(spec.env['SSL_CERTS']).toBe(
    printMark({ kind: 'certificate', name: '*.example.com', id: idOf('c') }),
  );
});

describe('a variable from the vault', () => {
  const withVariable = (declaration: string, service: string) =>
    compileStackFile(
      `variables:\n  P: ${declaration}\nservices:\n  web: {${service.includes('image:') ? '' : 'image: web, '}${service}}\n`,
      sealed,
    );

  test('stands for what is sealed, inside of other texts too', () => {
    const { spec } = theService(
      withVariable(
        '{from: {vault: db-password}}',
        'command: "run --pass=$P", environment: {URL: "postgres://a:${P}@db/x"}',
      ),
    );
    expect(spec.env['URL']).toBe(`postgres://a:${markOf('db-password', 'a')}@db/x`);
    expect(spec.command).toEqual(['run', `--pass=${markOf('db-password', 'a')}`]);
  });

  test('goes on to what comes next when nothing is sealed', () => {
    const service = 'environment: {T: $P}';
    expect(
      theService(withVariable('{from: {vault: nothing}, default: x}', service)).spec.env['T'],
    ).toBe('x');
    const chance = theService(withVariable('{from: {vault: nothing, random_uuid: }}', service));
    expect(chance.spec.env['T']).toMatch(/^⟦random\.P\./);
    expect(brief(theProblem(withVariable('{from: {vault: nothing}}', service)))).toBe(
      'error unknown-secret 2:21',
    );
  });

  test('is found among the secrets under the name that it is written to', () => {
    const service = 'secrets: [{secret: wp-root, name: PASS, type: env}]';
    const { spec } = theService(
      withVariable('{from: {vault: wp-root, random_string: 16}, to: {vault: wp-root}}', service),
    );
    expect(deriveChance(spec.env['PASS'] ?? '', 'demo', new Uint8Array(32))).toMatch(
      /^[A-Za-z0-9]{16}$/,
    );
    const problem = theProblem(withVariable('{required: false, to: {vault: wp-root}}', service));
    expect(problem.code).toBe('unknown-secret');
  });

  test('of a file that is extended is found under its name, too', () => {
    const compiled = compileStackFile(
      'services:\n  web: {extends: {file: common.yml, service: base}}\n',
      {
        ...sealed,
        'grids/demo/stacks/shop/common.yml':
          'stack: common\nvariables:\n  P: {value: a, to: {vault: own}}\nservices:\n  base: {image: web, secrets: [{secret: own, name: OWN, type: env}]}\n',
      },
    );
    expect(theService(compiled).spec.env['OWN']).toBe('a');
  });

  test.each([
    ['{type: integer, from: {vault: db-password}}', 'environment: {T: $P}'],
    ['{upcase: true, from: {vault: db-password}}', 'environment: {T: $P}'],
    ['{from: {vault: db-password}}', 'only_if: {P: x}'],
    ['{from: {vault: db-password}}', "environment: {T: '{{ P | upcase }}'}"],
    ['{from: {vault: db-password}}', 'environment: {T: \'{% if P == "x" %}a{% endif %}\'}'],
    ['{from: {vault: db-password}}', "environment: {T: '{% case P %}{% when 1 %}a{% endcase %}'}"],
    ['{from: {vault: db-password}}', "environment: {T: '{{ P.size }}'}"],
    ['{from: {vault: db-password}}', "environment: {T: '{{ P[0] }}'}"],
    ['{from: {vault: db-password}}', 'environment: {T: \'{{ P | split: "" | first }}\'}'],
  ])('cannot be looked into: %s with %s', (declaration, service) => {
    expect(codes(withVariable(declaration, service))).toEqual(['secret-inspected']);
  });

  test.each([
    ['only_if: P', ''],
    ['environment: {T: "{{ P }}"}', 'T'],
    ['environment: {T: \'{{ P | append: "" }}\'}', 'T'],
    ['environment: {T: \'{% if P != "" %}{{ P }}{% endif %}\'}', 'T'],
  ])('can be put somewhere and asked for: %s', (service, name) => {
    const { spec } = theService(withVariable('{from: {vault: db-password}}', service));
    if (name !== '') expect(spec.env[name]).toBe(markOf('db-password', 'a'));
  });

  test.each([
    'labels: {a: $P}',
    'hostname: $P',
    'image: $P',
    'ports: ["$P:80"]',
    'environment: {$P: a}',
  ])('cannot stand where it would be known too early: %s', (service) => {
    const [code] = codes(withVariable('{from: {vault: db-password}}', service));
    expect(['secret-misplaced', 'bad-environment']).toContain(code);
  });

  test('makes a config a file of the node alone', () => {
    const compiled = compileStackFile(
      'variables:\n  P: {from: {vault: db-password}}\nconfigs: {c: {content: "pass=$P"}}\nservices:\n  web: {image: web, configs: [c]}\n',
      sealed,
    );
    expect(theService(compiled).spec.mounts).toMatchObject([
      { kind: 'secret', target: '/c', text: `pass=${markOf('db-password', 'a')}` },
    ]);
  });

  test('works in the stacks that come along', () => {
    const { stacks, problems } = compileStackFile(
      'stack: shop\ndepends:\n  db: {stack: ../../../../stacks/db.yml}\nservices:\n  web: {image: web}\n',
      {
        ...sealed,
        'stacks/db.yml':
          'stack: db\nvariables:\n  Q: {from: {vault: db-password}}\nservices:\n  db: {image: db, environment: {T: $Q}}\n',
      },
    );
    expect(problems).toEqual([]);
    const db = stacks.find(({ name }) => name === 'shop-db')?.services[0];
    expect(Object.keys(db?.secrets ?? {})).toEqual([markOf('db-password', 'a')]);
  });
});

describe('secrets.yml', () => {
  test.each([
    ['secrets: {a: plain}', 'error secret-not-sealed 1:14'],
    ['certificates: {a.example: plain}', 'error secret-not-sealed 1:27'],
    ['secrets: {a: [plain]}', 'error wrong-type 1:14'],
    ['secrets: {"a b": g1.x}', 'error invalid-name 1:11'],
    ['secrets: [a]', 'error wrong-type 1:10'],
    ['recipients: a', 'error unknown-key 1:1'],
    ['recipient: AGE', 'error wrong-value 1:12'],
    ['secrets: {', 'error yaml-syntax 1:11'],
  ])('%s holds back the grid', (text, shown) => {
    const compiled = compileService('user: a', '', { [SECRETS_FILE]: text });
    expect(compiled.grid).toBeNull();
    expect(compiled.problems.map(brief)).toContain(shown);
    expect(compiled.problems[0]?.position.file).toBe(SECRETS_FILE);
  });

  test('never has its contents repeated in a problem', () => {
    const { problems } = compileService('user: a', '', {
      [SECRETS_FILE]: 'secrets: {a: correct-horse-battery}',
    });
    expect(JSON.stringify(problems)).not.toContain('correct-horse');
  });

  test('that changes has only those stacks compiled again that use it', () => {
    const compiler = createCompiler();
    const files = (letter: string) =>
      aSourceTree({
        [SECRETS_FILE]: `secrets: {s: ${aSealed(letter)}}`,
        [STACK_FILE]: 'services: {web: {image: web, secrets: [s]}}',
        'grids/demo/stacks/other/kontena.yml': 'services: {web: {image: web}}',
      });
    const [before, after] = [
      compiler.compile(files('a'), 'demo'),
      compiler.compile(files('b'), 'demo'),
    ];
    expect(after.stacks[0]).toBe(before.stacks[0]);
    expect(after.stacks[1]?.services[0]?.specHash).not.toBe(
      before.stacks[1]?.services[0]?.specHash,
    );
  });
});

test('what only looks like a secret is text', () => {
  const written = '⟦secret.db-password.zzzzzzzzzzzzzzzz⟧';
  const { spec, secrets } = theService(compileService(`environment: {T: ${written}}`, '', sealed));
  expect(marksWithin(spec)).toEqual([written]);
  expect(secrets).toBeUndefined();
});

test('more secrets than anybody has in one service are a problem', () => {
  const marks = Array.from({ length: 201 }, (_, at) =>
    printMark({ kind: 'random', name: `n${at}`, id: 'a' }),
  );
  const problem = theProblem(compileService(`environment: {ALL: "${marks.join(' ')}"}`));
  expect(brief(problem)).toBe('error stack-too-large 2:3');
});
