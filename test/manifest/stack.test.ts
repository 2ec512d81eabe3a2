import { describe, expect, test } from 'vitest';
import {
  brief,
  codes,
  compileService,
  compileStackFile,
  theProblem,
  theService,
} from './source-tree.ts';

const web = 'services:\n  web: {image: web}\n';

describe('a stack file', () => {
  test('may say what it is', () => {
    const compiled = compileStackFile(
      `stack: acme/shop\nversion: 0.1\ndescription: A shop\nlabels: [a=b]\nmeta: {tags: [x], readme: {a: b}}\nx-own: [1]\n${web}`,
    );
    expect(theService(compiled).stack).toBe('shop');
  });

  test.each([
    ['', 'error stack-empty 1:1'],
    ['services:\n', 'error stack-empty 1:1'],
    ['services: {}\n', 'error stack-empty 1:11'],
    ['volumes: {a: {}}\n', 'error stack-empty 1:1'],
    ['services: [web]\n', 'error wrong-type 1:11'],
    ['- services\n', 'error wrong-type 1:1'],
    ['just text\n', 'error wrong-type 1:1'],
    [`serivces: {}\n${web}`, 'error unknown-key 1:1'],
    [`networks: [a]\n${web}`, 'error wrong-type 1:11'],
    [`networks: {a: {internal: true}}\n${web}`, 'warning no-effect 1:1'],
    [`variables: [a]\n${web}`, 'error wrong-type 1:12'],
    [`volumes: [a]\n${web}`, 'error wrong-type 1:10'],
    [`labels: [nothing]\n${web}`, 'error wrong-value 1:10'],
    [`expose: wbe\n${web}`, 'error unknown-service 1:9'],
    [`version: {a: b}\n${web}`, 'error wrong-type 1:10'],
    [`${web}# {% if x %}\n`, 'error bad-template 3:3'],
    [`stack: a\nx-a: {{ x }}\n${web}`, 'error undefined-variable 2:9'],
    [`name: other\nvolumes: {}\n${web}`, 'warning no-effect 1:7'],
    ['registryWeb:\n  image: web\n', 'warning unusual-name 1:1'],
  ])('%j is a problem', (text, expected) => {
    expect(compileStackFile(text).problems.map(brief)).toEqual([expected]);
  });

  test('has one service that answers to its own name', () => {
    const { spec } = theService(compileStackFile(`expose: web\n${web}  db: {image: db}\n`));
    expect(spec.extras?.aliases).toEqual(['shop', 'shop.demo.kontena.local']);
    expect(
      theService(compileStackFile(`expose: web\n${web}  db: {image: db}\n`), 'db').spec,
    ).not.toHaveProperty('extras');
  });

  test('may hold templates of other programs', () => {
    expect(
      codes(compileService('logging: {driver: fluentd, options: {tag: "{{.Name}}"}}')),
    ).toEqual([]);
  });

  test('with a misspelt key is told which was meant', () => {
    expect(theProblem(compileStackFile(`serivces: {}\n${web}`)).hint).toBe(
      'Did you mean "services"?',
    );
  });

  test('may have 500 services and no more', () => {
    const services = (count: number) =>
      `services:\n${Array.from({ length: count }, (_, i) => `  s${i}: {image: a}`).join('\n')}`;
    expect(codes(compileStackFile(services(500)))).toEqual([]);
    expect(codes(compileStackFile(services(501)))).toEqual(['stack-too-large']);
  });

  test('with very many problems reports a bounded number of them', () => {
    const keys = Array.from({ length: 5_000 }, (_, i) => `key${i}: 1`).join('\n');
    const start = performance.now();
    const { problems } = compileService(keys);
    expect(problems.length).toBeGreaterThan(90);
    expect(problems.length).toBeLessThan(110);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('with very many undefined variables is refused quickly', () => {
    const declared = Array.from({ length: 8_000 }, (_, i) => `  variable_${i}: {default: 1}`).join(
      '\n',
    );
    const used = Array.from({ length: 10_000 }, (_, i) => `      A${i}: $varable_${i}x`).join('\n');
    const start = performance.now();
    const file = `variables:\n${declared}\nservices:\n  web:\n    image: a${'$x'.repeat(20_000)}\n    environment:\n${used}`;
    expect(codes(compileStackFile(file)).length).toBeLessThan(110);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test('cannot grow without end by its variables', () => {
    const long = 'x'.repeat(60_000);
    const uses = Array.from({ length: 1_000 }, (_, i) => `A${i}: $v`).join(', ');
    const compiled = compileStackFile(
      `variables: {v: {default: ${long}}}\nservices:\n  web: {image: a, environment: {${uses}}}`,
    );
    expect(codes(compiled)).toContain('interpolation-too-large');
  });
});

describe('volumes', () => {
  test.each([
    [
      'data:',
      { scope: 'instance', external: false, driver: null, driverOptions: {}, name: 'data' },
    ],
    ['data: {}', { scope: 'instance', external: false }],
    ['data: {external: no}', { external: false }],
    [
      'data: {scope: grid, driver: nfs, driver_opts: {o: addr=1, n: 2}}',
      { scope: 'grid', driver: 'nfs', driverOptions: { o: 'addr=1', n: '2' } },
    ],
    ['data: {external: true}', { name: 'data', external: true }],
    ['data: {external: {name: other}}', { name: 'other', external: true }],
    ['data: {external: {name: $STACK}}', { name: 'shop', external: true }],
  ])('%s is read', (line, volume) => {
    const compiled = compileService('volumes: ["data:/data"]', `volumes:\n  ${line}\n`);
    expect(theService(compiled).spec.mounts).toMatchObject([
      { kind: 'volume', target: '/data', volume },
    ]);
  });

  test.each([
    ['data: {scope: node}', 'wrong-value'],
    ['data: {drivr: x}', 'unknown-key'],
    ['data: {labels: [io.gridops.a]}', 'reserved-label'],
    ['data: {name: x, scope: stack}', 'no-effect'],
    ['data: {name: a/b}', 'wrong-value'],
    ['data: {external: maybe}', 'wrong-type'],
    ['data: {external: {nam: x}}', 'unknown-key'],
    ['data: {external: true, driver: nfs}', 'no-effect'],
    ['data: text', 'wrong-type'],
    ['"a/b": {}\n  data: {}', 'invalid-name'],
  ])('%s is a problem', (line, code) => {
    expect(codes(compileService('volumes: ["data:/data"]', `volumes:\n  ${line}\n`))).toEqual([
      code,
    ]);
  });
});
