import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import type { GridPreview } from '../../src/model/preview.ts';
import { printMark } from '../../src/model/secret.ts';
import { gridPreview } from '../../src/planner/preview.ts';
import {
  aHostReport,
  aNode,
  aNodeRunning,
  anAffinity,
  aPort,
  aService,
  aSpec,
  assigned,
  aVolumeMount,
  running,
} from '../support/builders.ts';
import { previewOf } from './previewing.ts';

const web = aService({ spec: aSpec({ image: 'web:1' }) });

function withImage(service: Service, image: string): Service {
  return aService({ ...service, spec: { ...service.spec, image }, specHash: `of ${image}` });
}

function dangers({ plan }: GridPreview): readonly string[] {
  return (plan?.steps ?? []).flatMap(({ path, danger }) =>
    danger === null ? [] : [`${path}: ${danger}`],
  );
}

describe('what a merge would do to services', () => {
  test('says which value becomes which', () => {
    const preview = previewOf({
      before: [web],
      after: [withImage(web, 'web:2')],
      nodes: [aNodeRunning('n1', [[web, 1]])],
    });
    expect(preview.changes).toEqual([
      {
        path: 'shop/web',
        kind: 'changed',
        values: [{ key: 'image', before: 'web:1', after: 'web:2' }],
        count: 1,
      },
    ]);
    expect(preview.plan?.steps).toMatchObject([
      { kind: 'replace', path: 'shop/web-1', node: 'n1', danger: null, isDueAnyway: false },
    ]);
  });

  test('has nothing where nothing changes', () => {
    const nodes = [aNodeRunning('n1', [[web, 1]])];
    const preview = previewOf({ before: [web], after: [aService({ ...web })], nodes });
    expect(preview).toMatchObject({ changes: [], settings: [], secrets: [], pulls: [] });
    expect(preview.plan?.steps).toEqual([]);
  });

  test('reads like the stack file', () => {
    const spec = aSpec({
      image: 'web:1',
      env: { 'LOG.LEVEL': 'debug', EMPTY: '' },
      command: ['serve', '--port', '80'],
      ports: [aPort(80), aPort(53, { ip: '10.0.0.1', protocol: 'udp' })],
      mounts: [aVolumeMount()],
      memory: 512 * 1024 ** 2,
      healthCheck: {
        protocol: 'http',
        port: 80,
        uri: '/',
        timeout: 1,
        interval: 2,
        initialDelay: 3,
      },
    });
    const after = [
      aService({ spec, affinity: [anAffinity('label==~ssd')], dependsOn: ['shop/db'] }),
    ];
    const [change] = previewOf({ before: [], after }).changes;
    const values = Object.fromEntries(
      (change?.values ?? []).map(({ key, after: is }) => [key, is]),
    );
    expect(values).toMatchObject({
      image: 'web:1',
      'environment."LOG.LEVEL"': 'debug',
      'environment.EMPTY': '',
      command: '["serve","--port","80"]',
      ports: '["80:8080","10.0.0.1:53:8080/udp"]',
      'volumes./data.volume.name': 'data',
      memory: '512 MiB',
      'health_check.uri': '/',
      affinity: 'label==~ssd',
      depends_on: 'shop/db',
    });
  });

  test('leaves out what every new service has', () => {
    const names = { KONTENA_STACK_NAME: 'shop', KONTENA_SERVICE_NAME: 'another' };
    const after = [aService({ spec: aSpec({ image: 'web:1', env: names }) })];
    const [change] = previewOf({ before: [], after }).changes;
    expect(change?.values.map(({ key }) => key)).toEqual([
      'environment.KONTENA_SERVICE_NAME',
      'image',
      'instances',
    ]);
  });

  test('takes no stack for removed that a problem holds back', () => {
    const preview = previewOf({ before: [web], after: [], held: ['shop'] });
    expect(preview.changes).toEqual([]);
  });

  test('has accounts at registries with the names of their secrets, and what passwords are others', () => {
    const registries = (id: string, name = 'REGISTRY_PASSWORD') => ({
      'registry.example.com': {
        username: 'deploy',
        password: printMark({ kind: 'secret', name, id }),
        sealed: `sealed-canary-${id}`,
        position: { file: 'grids/demo/grid.yml', line: 2, column: 3 },
      },
    });
    const key = (part: string) => `registries."registry.example.com".${part}`;

    const added = previewOf({ gridBefore: {}, grid: { registries: registries('a') } });
    expect(added.settings).toEqual([
      { key: key('password'), before: null, after: '⟦REGISTRY_PASSWORD⟧' },
      { key: key('username'), before: null, after: 'deploy' },
    ]);
    const changed = previewOf({
      gridBefore: { registries: registries('a') },
      grid: { registries: registries('b') },
    });
    expect(changed.settings).toEqual([]);
    expect(changed.secrets).toEqual([
      { name: 'REGISTRY_PASSWORD', kind: 'secret', change: 'changed' },
    ]);
    expect(JSON.stringify([added, changed])).not.toContain('canary');
  });

  test('has the settings of the grid', () => {
    const preview = previewOf({ gridBefore: { mtu: 1370 }, grid: { mtu: 1400 } });
    expect(preview.settings).toEqual([{ key: 'mtu', before: '1370', after: '1400' }]);
  });

  test('tells steps that are due anyway', () => {
    const api = aService({ name: 'api' });
    const { plan } = previewOf({
      before: [web, api],
      after: [withImage(web, 'web:2'), api],
      nodes: [aNodeRunning('n1', [[web, 1]])],
    });
    expect(plan?.steps.map(({ path, isDueAnyway }) => [path, isDueAnyway])).toEqual([
      ['shop/web-1', false],
      ['shop/api-1', true],
    ]);
  });

  test('takes no step for the request’s own because of a setting that moves nothing', () => {
    const stuck = aService({ affinity: [anAffinity('label==gpu')] });
    const scene = { before: [stuck], after: [stuck], nodes: [aNode({ name: 'n1' })] };
    const timeout = previewOf({ ...scene, gridBefore: {}, grid: { deployTimeout: 60 } });
    expect(timeout.counts).toMatchObject({ blocked: 0, blockedAnyway: 1 });
    const affinity = { defaultAffinity: [anAffinity('label==ssd')] };
    const moved = previewOf({ ...scene, gridBefore: {}, grid: affinity });
    expect(moved.counts).toMatchObject({ blocked: 1, blockedAnyway: 0 });
  });

  test('plans nothing where the grid cannot be read', () => {
    const problem = {
      severity: 'error',
      code: 'unknown-key',
      message: 'sub‮net is no key',
      position: { file: 'grids/demo/grid.yml', line: 1, column: 1 },
    } as const;
    const preview = gridPreview({
      grid: 'demo',
      base: null,
      merged: null,
      problems: [{ ...problem, severity: 'warning' }, problem],
      closed: null,
      nodes: [],
      options: { showValues: true },
    });
    expect(preview.plan).toBeNull();
    expect(preview.counts).toMatchObject({ errors: 1, warnings: 1 });
    expect(preview.problems.map(({ severity }) => severity)).toEqual(['error', 'warning']);
    expect(preview.problems[0]?.message).toBe('sub net is no key');
  });
});

describe('what would be lost', () => {
  test('comes first: data, then what is removed, then the rest', () => {
    const db = aService({ name: 'db', stateful: true });
    const old = aService({ name: 'old' });
    const preview = previewOf({
      before: [db, old, web],
      after: [withImage(web, 'web:2'), aService({ name: 'new' })],
      nodes: [
        aNodeRunning('n1', [
          [db, 1],
          [old, 1],
          [web, 1],
        ]),
      ],
      grid: { pruneBudget: 1 },
    });
    expect(preview.plan?.steps.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'remove shop/db-1',
      'remove shop/old-1',
      'replace shop/web-1',
      'create shop/new-1',
    ]);
    expect(dangers(preview)).toEqual([
      'shop/db-1: removed, and it is stateful: its data stays on n1',
      'shop/old-1: removed',
    ]);
    expect(preview.counts).toMatchObject({
      create: 1,
      replace: 1,
      remove: 2,
      destructive: 2,
      losingData: 1,
    });
  });

  test('is told although it waits for confirmation', () => {
    const three = aService({ instances: 3 });
    const preview = previewOf({
      before: [three],
      after: [aService({ instances: 1 })],
      nodes: [1, 2, 3].map((n) => aNodeRunning(`n${n}`, [[three, n]])),
    });
    expect(preview.plan?.confirmation).toContain('removes 2 of 3 instances');
    expect(preview.plan?.steps).toMatchObject([
      { path: 'shop/web-2', node: 'n2', wave: null, danger: 'removed' },
      { path: 'shop/web-3', node: 'n3', wave: null, danger: 'removed' },
    ]);
  });

  test('is a volume that has no user any more', () => {
    const keeping = aService({ spec: aSpec({ mounts: [aVolumeMount()] }), specHash: 'with' });
    const node = aNodeRunning('n1', [[keeping, 1]], {
      host: aHostReport({ volumes: ['shop.web.data-1'] }),
    });
    const preview = previewOf({ before: [keeping], after: [web], nodes: [node] });
    expect(dangers(preview)).toEqual([
      'shop/web-1: does not use its data any more; volume shop.web.data-1 stays on n1, used by nothing',
    ]);
  });

  test('is data that an instance moves away from', () => {
    const spec = aSpec({ mounts: [aVolumeMount()] });
    const before = aService({ spec });
    const after = aService({ spec, affinity: [anAffinity('node==n2')] });
    const nodes = [
      aNodeRunning('n1', [[before, 1]], { host: aHostReport({ volumes: ['shop.web.data-1'] }) }),
      aNode({ name: 'n2' }),
    ];
    const preview = previewOf({ before: [before], after: [after], nodes });
    expect(preview.counts.destructive).toBeGreaterThan(0);
    expect(dangers(preview)[0]).toContain('volume shop.web.data-1 stays on n1, used by nothing');
  });

  test('is nothing where a stateless instance moves', () => {
    const after = aService({ affinity: [anAffinity('node==n2')] });
    const before = aService();
    const nodes = [aNodeRunning('n1', [[before, 1]]), aNode({ name: 'n2' })];
    expect(dangers(previewOf({ before: [before], after: [after], nodes }))).toEqual([]);
  });
});

describe('what else people want to know before they merge', () => {
  test('who goes down, and why', () => {
    const spec = aSpec({ image: 'web:1', ports: [aPort(80)] });
    const before = aService({ spec, specHash: 'old' });
    const preview = previewOf({
      before: [before],
      after: [aService({ spec: { ...spec, image: 'web:2' } })],
      nodes: [aNodeRunning('n1', [[before, 1]])],
    });
    expect(preview.counts.downtime).toBe(1);
    expect(preview.plan?.steps[0]?.downtime).toBe(
      'it stops before the new one starts: both need port 80/tcp of the node',
    );
  });

  test('which instances no node can take, together', () => {
    const preview = previewOf({
      before: [],
      after: [aService({ instances: 30, affinity: [anAffinity('label==ssd')] })],
      nodes: [aNode({ name: 'n1' })],
    });
    expect(preview.counts.blocked).toBe(30);
    expect(preview.plan?.blocked).toHaveLength(1);
    expect(preview.plan?.blocked[0]).toMatchObject({ instances: 30 });
    expect(preview.plan?.blocked[0]?.paths).toHaveLength(20);
    expect(preview.plan?.blocked[0]?.excluded[0]).toMatchObject({ nodes: ['n1'], count: 1 });
  });

  test('which images have to be pulled where nothing runs with them yet', () => {
    const two = aService({ instances: 2, spec: web.spec });
    const node = aNode({
      name: 'n1',
      instances: [running(web)],
      assigned: [{ ...assigned(web), spec: web.spec }],
    });
    const preview = previewOf({
      before: [web],
      after: [two, aService({ name: 'api', spec: aSpec({ image: 'api:1' }) })],
      nodes: [
        node,
        aNode({ name: 'n2' }),
        aNode({
          name: 'n3',
          availability: 'drain',
          host: aHostReport({ images: [{ name: 'web:1', bytes: 1_000 }] }),
        }),
      ],
    });
    expect(preview.pulls.find(({ image }) => image === 'web:1')).toEqual({
      image: 'web:1',
      nodes: ['n2'],
      bytes: 1000,
    });
    expect(preview.pulls.find(({ image }) => image === 'api:1')?.bytes).toBeNull();
  });

  test('no image that the node has', () => {
    const host = aHostReport({ images: [{ name: 'web:1', bytes: 1_000 }] });
    const nodes = [aNode({ name: 'n1', host })];
    expect(previewOf({ before: [], after: [web], nodes }).pulls).toEqual([]);
    const other = previewOf({ before: [], after: [withImage(web, 'web:2')], nodes });
    expect(other.pulls).toEqual([{ image: 'web:2', nodes: ['n1'], bytes: null }]);
  });

  test('no image of what runs already', () => {
    const preview = previewOf({
      before: [web],
      after: [aService({ spec: aSpec({ image: 'web:1', user: 'app' }) })],
      nodes: [aNodeRunning('n1', [[web, 1]])],
    });
    expect(preview.plan?.steps).toHaveLength(1);
    expect(preview.pulls).toEqual([]);
  });

  test('which secrets change, by name', () => {
    const using = (...marks: readonly string[]) =>
      aService({ spec: aSpec({ env: { A: marks.join(' ') } }), specHash: marks.join() });
    const preview = previewOf({
      before: [using('⟦secret.same.a⟧', '⟦secret.new-value.a⟧', '⟦secret.gone.a⟧')],
      after: [using('⟦secret.same.a⟧', '⟦secret.new-value.b⟧', '⟦random.made.len-16⟧')],
    });
    expect(preview.secrets).toEqual([
      { name: 'gone', kind: 'secret', change: 'removed' },
      { name: 'made', kind: 'random', change: 'added' },
      { name: 'new-value', kind: 'secret', change: 'changed' },
    ]);
    expect(preview.changes[0]?.values).toEqual([
      {
        key: 'environment.A',
        before: '⟦same⟧ ⟦new-value⟧ ⟦gone⟧',
        after: '⟦same⟧ ⟦new-value⟧ ⟦made⟧',
      },
    ]);
  });
});

describe('what is not for everybody', () => {
  const secretive = {
    env: {
      DB_PASSWORD: 'hunter2',
      URL: 'https://me:hunter2@host/',
      API_KEY: 'hunter2',
      PIN: 'hunter2',
    },
    command: ['serve', '--token=hunter2'],
    labels: { 'com.example.secret': 'hunter2' },
    logging: { driver: 'splunk', options: { 'splunk-token': 'hunter2' } },
  };

  test('is hidden where it looks like a secret', () => {
    const after = [aService({ spec: aSpec(secretive) })];
    const preview = previewOf({ before: [], after });
    expect(JSON.stringify(preview)).not.toContain('hunter2');
    expect(preview.changes[0]?.values).toContainEqual({
      key: 'environment.DB_PASSWORD',
      before: null,
      after: '(hidden)',
    });
    expect(preview.changes[0]?.values).toContainEqual({
      key: 'environment.URL',
      before: null,
      after: 'https://(hidden)@host/',
    });
  });

  test('is still told to differ', () => {
    const of = (password: string) =>
      aService({ spec: aSpec({ env: { PASSWORD: password } }), specHash: password });
    const preview = previewOf({ before: [of('a')], after: [of('b')] });
    expect(preview.changes[0]?.values).toEqual([
      { key: 'environment.PASSWORD', before: '(hidden)', after: '(hidden)' },
    ]);
  });

  test('is all free text in a repository that is open to all', () => {
    const spec = aSpec({
      image: 'web:1',
      env: { GREETING: 'hi' },
      command: ['serve'],
      labels: { a: 'b' },
    });
    const [change] = previewOf({
      before: [],
      after: [aService({ spec })],
      showValues: false,
    }).changes;
    const shown = Object.fromEntries((change?.values ?? []).map(({ key, after }) => [key, after]));
    expect(shown).toMatchObject({
      image: 'web:1',
      'environment.GREETING': '(hidden)',
      command: '(hidden)',
      'labels.a': '(hidden)',
    });
  });
});
