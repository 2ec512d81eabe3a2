import { describe, expect, test } from 'vitest';
import { mergeServices } from '../../src/manifest/merge-services.ts';
import { readTree } from '../../src/manifest/read.ts';
import {
  aTextFile,
  brief,
  codes,
  compileFiles,
  compileStackFile,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

const beside = (name: string) => `grids/demo/stacks/shop/${name}`;

describe('a service that extends another', () => {
  test('of the same file has its keys, and its own instead where both say something', () => {
    const compiled = compileStackFile(`
services:
  base:
    image: base:1
    stateful: yes
    instances: 2
    ports: ["80:80", "81:81"]
    environment: [A=1, B=2]
    deploy: {strategy: daemon, min_health: 0.5}
  web:
    extends: base
    image: web:1
    ports: ["82:82"]
    environment: {B: own, C: 3}
    deploy: {min_health: 1}
`);
    const web = theService(compiled);
    expect(web).toMatchObject({ stateful: true, instances: 2, strategy: 'ha', minHealth: 1 });
    expect(web.spec).toMatchObject({
      image: 'web:1',
      ports: [{ nodePort: 82 }],
      env: { A: '1', B: 'own', C: '3' },
    });
    expect(theService(compiled, 'base').spec.env).toMatchObject({ A: '1', B: '2' });
  });

  test('of a Compose file has its environment files, beside that file', () => {
    const compiled = compileFiles({
      [STACK_FILE]:
        'services:\n  web:\n    extends: {file: ../../../../stacks/docker-compose.yml, service: app}\n',
      'stacks/docker-compose.yml':
        'version: "2"\nnetworks: {front: {}}\nservices:\n  app: {image: "app:$GRID", env_file: app.env}\n  other: {build: .}\n',
      'stacks/app.env': 'A=1\n',
    });
    expect(theService(compiled).spec).toMatchObject({ image: 'app:demo', env: { A: '1' } });
  });

  test.each([
    ['cap_add: [SYS_TIME]', 'cap_add: [NET_ADMIN]', { capAdd: ['NET_ADMIN', 'SYS_TIME'] }],
    ['labels: {a: 1, b: 1}', 'labels: [b=2, c=2]', { labels: { a: '1', b: '2', c: '2' } }],
    ['labels: [a=1, b=1]', 'labels: [b=2]', { labels: { a: '1', b: '2' } }],
    [
      'sysctls: [net.core.somaxconn=1]',
      'sysctls: {net.ipv4.tcp_syncookies: 0}',
      { extras: { sysctls: { 'net.core.somaxconn': '1', 'net.ipv4.tcp_syncookies': '0' } } },
    ],
    [
      'extra_hosts: {a: 10.0.0.1}',
      'extra_hosts: ["b:10.0.0.2"]',
      { extras: { extraHosts: ['a:10.0.0.1', 'b:10.0.0.2'] } },
    ],
    ['dns: 10.0.0.1', 'dns: [10.0.0.2]', { extras: { dns: ['10.0.0.1', '10.0.0.2'] } }],
    [
      'logging: {driver: json-file, options: {max-size: 1m}}',
      'logging: {driver: json-file, options: {max-file: 2}}',
      { logging: { driver: 'json-file', options: { 'max-file': '2', 'max-size': '1m' } } },
    ],
    [
      'logging: {driver: json-file, options: {max-size: 1m}}',
      'logging: {driver: syslog, options: {tag: a}}',
      { logging: { driver: 'syslog', options: { tag: 'a' } } },
    ],
  ])('of Compose merges %s and %s', (base, own, spec) => {
    const file = `services:\n  base:\n    image: a\n    ${base}\n  web:\n    extends: {service: base}\n    ${own}\n`;
    const compiled = compileFiles({ [beside('compose.yaml')]: file });
    expect(theService(compiled).spec).toMatchObject(spec);
  });

  test("of Compose's first format finds it at the top", () => {
    const compiled = compileStackFile(
      'services:\n  web: {extends: {file: docker-compose.yml, service: app}}',
      {
        [beside('docker-compose.yml')]: 'app:\n  image: app:1\n',
      },
    );
    expect(theService(compiled).spec.image).toBe('app:1');
  });

  test('of another stack file uses the variables of its own', () => {
    const compiled = compileStackFile(
      'variables: {tag: {default: 7}}\nservices:\n  web: {extends: {file: base.yml, service: app}}',
      {
        [beside('base.yml')]:
          'stack: base\nvariables: {tag: {default: 1}}\nservices: {app: {image: "app:$tag"}}',
      },
    );
    expect(theService(compiled).spec.image).toBe('app:7');
  });

  test('of a template whose variables have a problem is told of that problem only', () => {
    const base = `stack: base
variables: {amount: {type: integer, required: true}}
services:
  web: {image: "web:{{ amount }}", instances: {{ amount }}}
`;
    const compiled = compileStackFile(
      'services:\n  web: {extends: {file: base.yml, service: web}}\n',
      { [beside('base.yml')]: base },
    );

    expect(codes(compiled)).toEqual(['variable-without-value']);
  });

  test('goes on through several files, each relative to itself', () => {
    const compiled = compileFiles({
      [STACK_FILE]: 'services:\n  web: {extends: {file: a/one.yml, service: one}}',
      [beside('a/one.yml')]:
        'services: {one: {extends: {file: ../b/two.yml, service: two}, user: one}}',
      [beside('b/two.yml')]: 'services: {two: {extends: three, user: two}, three: {image: three}}',
    });
    expect(theService(compiled).spec).toMatchObject({ image: 'three:latest', user: 'one' });
  });

  test('takes a stack of the repository as a file, as Kontena had it', () => {
    const compiled = compileStackFile(
      'services:\n  web: {extends: {stack: ../../../../stacks/base.yml, service: app}}',
      { 'stacks/base.yml': 'stack: me/base\nservices: {app: {image: app, user: base}}' },
    );
    expect(theService(compiled).spec).toMatchObject({ image: 'app:latest', user: 'base' });
  });

  test.each([
    ['{stack: kontena/redis, service: app}', 'error bad-path 2:26'],
    ['{stack: a.yml, file: a.yml, service: app}', 'error wrong-value 2:26'],
    ['{stack: a.yml}', 'error missing-key 2:18'],
  ])('takes nothing from a registry, and not two files: %s', (written, shown) => {
    const compiled = compileStackFile(`services:\n  web: {extends: ${written}}`);
    expect(compiled.problems.map(brief)).toEqual([shown]);
  });

  test('shows problems where they are written, in the other file', () => {
    const compiled = compileStackFile(
      'services:\n  web: {extends: {file: docker-compose.yml, service: app}}',
      {
        [beside('docker-compose.yml')]:
          'services:\n  app:\n    image: app\n    stop_grace_period: soon\n    ports: ["80"]\n',
      },
    );
    expect(compiled.problems).toMatchObject([
      {
        code: 'bad-duration',
        stack: 'shop',
        position: { file: beside('docker-compose.yml'), line: 4, column: 24 },
      },
      {
        code: 'bad-port',
        stack: 'shop',
        position: { file: beside('docker-compose.yml'), line: 5, column: 13 },
      },
    ]);
  });

  test.each([
    ['extends: bse', 'error unknown-service'],
    ['extends: {}', 'error missing-key'],
    ['extends: [base]', 'error wrong-type'],
    ['extends: {service: base, fil: x}', 'error unknown-key'],
    ['extends: {stack: acme/base, service: x}', 'error bad-path'],
    ['extends: {service: x, file: none.yml}', 'error file-missing'],
    ['extends: {service: x, file: /etc/passwd}', 'error bad-path'],
    ['extends: {service: x, file: ../../../../../x.yml}', 'error bad-path'],
    ['extends: {service: x, file: link.yml}', 'error file-refused'],
    ['extends: {service: x, file: empty.yml}', 'error unknown-service'],
    ['extends: {service: x, file: list.yml}', 'error wrong-type'],
    ['extends: {service: x, file: broken.yml}', 'error yaml-syntax'],
    ['extends: {service: x, file: bad-services.yml}', 'error wrong-type'],
    ['extends: web', 'error extends-cycle'],
  ])('%s is a problem', (line, expected) => {
    const compiled = compileStackFile(`services:\n  base: {image: base}\n  web:\n    ${line}\n`, {
      [beside('link.yml')]: { refused: 'symlink' },
      [beside('empty.yml')]: '',
      [beside('list.yml')]: '- a',
      [beside('broken.yml')]: 'a: [',
      [beside('bad-services.yml')]: 'services: [a]',
    });
    expect(compiled.problems.map((p) => `${p.severity} ${p.code}`)).toEqual([expected]);
  });

  test('of a misspelt service is told which was meant', () => {
    const compiled = compileStackFile('services:\n  base: {image: base}\n  web: {extends: bse}\n');
    expect(theProblem(compiled).hint).toBe('Did you mean "base"?');
  });

  test('in a circle is one problem that names the whole circle', () => {
    const compiled = compileStackFile(
      'services:\n  a: {extends: b}\n  b: {extends: {file: kontena.yml, service: c}}\n  c: {extends: a}\n',
    );
    const problem = theProblem(compiled);
    expect(brief(problem)).toBe('error extends-cycle 4:16');
    expect(problem.message.match(/shop\/kontena\.yml: \w/g)?.map((s) => s.at(-1))).toEqual([
      'a',
      'b',
      'c',
      'a',
    ]);
  });

  test('may be one of a long chain, within bounds', () => {
    const chain = (length: number) =>
      `services:\n  s0: {image: a}\n${Array.from({ length }, (_, i) => `  s${i + 1}: {extends: s${i}}`).join('\n')}`;
    expect(codes(compileStackFile(chain(300)))).toEqual([]);
    const backwards = `services:\n${Array.from({ length: 300 }, (_, i) => `  s${i}: {extends: s${i + 1}}`).join('\n')}\n  s300: {image: a}`;
    expect(codes(compileStackFile(backwards))).toContain('extends-too-deep');
  });

  test('cannot multiply what it extends without end', () => {
    const big = Array.from({ length: 1_900 }, (_, i) => `A${i}: ${'x'.repeat(50)}`).join(', ');
    const services = Array.from({ length: 400 }, (_, i) => `  s${i}: {extends: base}`).join('\n');
    const start = performance.now();
    const compiled = compileStackFile(
      `services:\n  base: {image: a, environment: {${big}}}\n${services}\n`,
    );
    expect(codes(compiled)).toContain('stack-too-large');
    expect(performance.now() - start).toBeLessThan(10_000);
  });
});

describe('merging', () => {
  test('keeps the place of each value', () => {
    const [base, own] = ['a: 1\nenvironment: {X: 1}', '\n\nb: 2\nenvironment: {Y: 2}'].map(
      (text) => readTree(aTextFile(text)).root,
    );
    if (base?.kind !== 'map' || own?.kind !== 'map') throw new Error('maps wanted');
    const { entries } = mergeServices(base, own, 'stack');
    expect([...entries].map(([key, { value }]) => [key, value.line])).toEqual([
      ['a', 1],
      ['environment', 4],
      ['b', 3],
    ]);
  });
});
