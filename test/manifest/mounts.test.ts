import { describe, expect, test } from 'vitest';
import { createBundler } from '../../src/manifest/bundler.ts';
import { createGridCache } from '../../src/manifest/cache.ts';
import { readMounts } from '../../src/manifest/mounts.ts';
import { readTree } from '../../src/manifest/read.ts';
import { createReport } from '../../src/manifest/report.ts';
import { openSecretBook } from '../../src/manifest/secrets-file.ts';
import { indexSources } from '../../src/manifest/source-index.ts';
import { createSources } from '../../src/manifest/sources.ts';
import type { Mount } from '../../src/model/spec.ts';
import {
  aTextFile,
  brief,
  compileService,
  compileStackFile,
  theProblem,
  theService,
} from './source-tree.ts';

const data = {
  name: 'data',
  scope: 'instance',
  external: false,
  driver: null,
  driverOptions: {},
} as const;

function mountsOf(lines: string, rest = 'volumes: {data: {}}'): readonly Mount[] {
  return theService(compileService(lines, rest)).spec.mounts;
}

describe("Compose's long syntax", () => {
  test.each<[string, Mount]>([
    [
      '{type: volume, source: data, target: /x}',
      { kind: 'volume', volume: data, target: '/x', readOnly: false },
    ],
    [
      '{type: volume, source: data, target: /x/, read_only: yes, volume: {nocopy: true, subpath: a/b}}',
      {
        kind: 'volume',
        volume: data,
        target: '/x',
        readOnly: true,
        noCopy: true,
        subpath: 'a/b',
      },
    ],
    ['{type: volume, target: /x}', { kind: 'anonymous', target: '/x' }],
    [
      '{type: bind, source: /srv, target: /x, bind: {propagation: rshared, create_host_path: false}}',
      {
        kind: 'bind',
        source: '/srv',
        target: '/x',
        readOnly: false,
        propagation: 'rshared',
        mustExist: true,
      },
    ],
    [
      '{type: bind, source: /srv, target: /x, read_only: true, bind: {selinux: Z}}',
      { kind: 'bind', source: '/srv', target: '/x', readOnly: true, selinux: 'Z' },
    ],
    [
      '{type: tmpfs, target: /x}',
      { kind: 'tmpfs', target: '/x', readOnly: false, size: null, mode: null },
    ],
    [
      '{type: tmpfs, target: /x, tmpfs: {size: 64m, mode: 1777}}',
      { kind: 'tmpfs', target: '/x', readOnly: false, size: 67_108_864, mode: 0o1777 },
    ],
  ])('%s is read', (text, mount) => expect(mountsOf(`volumes: [${text}]`)).toEqual([mount]));

  test.each([
    ['{type: npipe, source: x, target: /x}', 'error wrong-value 4:22'],
    ['{type: cluster, source: x, target: /x}', 'error wrong-value 4:22'],
    ['{source: data, target: /x}', 'error missing-key 4:15'],
    ['{type: volume, source: data}', 'error missing-key 4:15'],
    ['{type: volume, source: date, target: /x}', 'error unknown-volume 4:38'],
    ['{type: volume, source: data, target: x}', 'error bad-volume 4:15'],
    ['{type: bind, target: /x}', 'error bad-volume 4:15'],
    ['{type: bind, source: ./gone, target: /x}', 'error file-missing 4:36'],
    ['{type: bind, source: "/a:b", target: /x}', 'error bad-volume 4:15'],
    ['{type: bind, source: /a, target: /x, tmpfs: {}}', 'error bad-volume 4:15'],
    ['{type: bind, source: /a, target: /x, bind: {recursive: x}}', 'error not-supported-yet 4:59'],
    ['{type: bind, source: /a, target: /x, bind: {propagation: x}}', 'error wrong-value 4:72'],
    [
      '{type: bind, source: /a, target: /x, bind: {create_host_path: false, selinux: z}}',
      'error bad-volume 4:36',
    ],
    ['{type: tmpfs, source: x, target: /x}', 'error bad-volume 4:15'],
    ['{type: tmpfs, target: /x, tmpfs: {mode: 9}}', 'error bad-mode 4:15'],
    ['{type: tmpfs, target: /x, tmpfs: {size: big}}', 'error bad-size 4:15'],
    ['{type: volume, source: data, target: /x, volume: {subpath: ../x}}', 'error bad-volume 4:15'],
    ['{type: volume, source: data, target: /x, consistency: cached}', 'warning no-effect 4:15'],
    ['"/srv:/x:cached"', 'warning no-effect 4:15'],
    ['"/srv:/x:nocopy"', 'warning no-effect 4:15'],
    ['"data:/x:z"', 'warning no-effect 4:15'],
    ['"data:/x:rshared"', 'warning no-effect 4:15'],
  ])('%s is a problem', (text, problem) => {
    const compiled = compileService(`volumes: [${text}]`, 'volumes: {data: {}}');

    expect(brief(theProblem(compiled))).toBe(problem);
  });
});

describe('a volume', () => {
  const volumeOf = (entry: string) => {
    const [mount] = mountsOf('volumes: ["data:/x"]', `volumes: {data: ${entry}}`);
    return mount?.kind === 'volume' ? mount.volume : null;
  };

  test('has labels, as a map or a list', () => {
    expect(volumeOf('{labels: {a: b}}')).toEqual({ ...data, labels: { a: 'b' } });
    expect(volumeOf('{labels: [a=b]}')).toEqual({ ...data, labels: { a: 'b' } });
    expect(volumeOf('{labels: {}}')).toEqual(data);
  });

  test('with a name of its own is under exactly that name', () => {
    expect(volumeOf('{name: shared.data}')).toEqual({
      ...data,
      name: 'shared.data',
      scope: 'grid',
    });
    expect(volumeOf('{name: there, external: true}')).toMatchObject({
      name: 'there',
      external: true,
    });
  });
});

describe('volumes_from', () => {
  const stack = (lender: string, borrower: string) =>
    compileStackFile(
      `services:\n  store:\n    image: store:1\n    volumes: [/data]\n${lender}\n  web:\n    image: web:1\n${borrower}\n`,
    );
  const web = (borrower: string, lender = '    instances: 3') =>
    theService(stack(lender, `    ${borrower}`), 'web');

  test.each([
    ['store', { service: 'store', number: 1, readOnly: false }],
    ['store:ro', { service: 'store', number: 1, readOnly: true }],
    ['store-2', { service: 'store', number: 2, readOnly: false }],
    ['"store-%s:rw"', { service: 'store', number: null, readOnly: false }],
  ])('%s is read', (text, value) => {
    expect(web(`volumes_from: [${text}]`).spec.volumesFrom).toEqual([value]);
  });

  test('waits for the other service, and is placed with its instance', () => {
    expect(web('volumes_from: ["store-%s"]')).toMatchObject({
      dependsOn: ['shop/store'],
      affinity: [],
      beside: [{ key: 'container', negated: false, soft: false, value: 'shop.store-%s' }],
    });
  });

  test('makes another container of a service whose lender is another', () => {
    const before = web('volumes_from: [store]');
    const after = web('volumes_from: [store]', '    environment: {A: b}');
    const more = web('volumes_from: [store]', '    instances: 5');

    expect(after.specHash).not.toBe(before.specHash);
    expect(after.spec).toEqual(before.spec);
    expect(more.specHash).toBe(before.specHash);
  });

  test('means the service whose name it is, when that ends with a number', () => {
    const compiled = compileStackFile(
      'services:\n  a: {image: x, instances: 2}\n  b-2: {image: x, volumes_from: [a]}\n  web: {image: x, volumes_from: [b-2]}\n',
    );

    expect(theService(compiled).spec.volumesFrom).toMatchObject([{ service: 'b-2', number: 1 }]);
  });

  test.each([
    ['volumes_from: [stor]', 'error unknown-service 8:20'],
    ['volumes_from: [container:abc]', 'error bad-volumes-from 8:20'],
    ['volumes_from: ["store:rx"]', 'error bad-volumes-from 8:20'],
    ['volumes_from: [store-4]', 'error bad-volumes-from 8:20'],
    ['instances: 4\n    volumes_from: ["store-%s"]', 'error bad-volumes-from 9:20'],
    ['stateful: true\n    volumes_from: [store]', 'error bad-volumes-from 9:19'],
    ['volumes_from: [web]', 'error dependency-cycle 8:20'],
  ])('%s is a problem', (lines, problem) => {
    const compiled = stack('    instances: 3', `    ${lines}`);

    expect(brief(theProblem(compiled))).toBe(problem);
  });

  test('in a circle is a problem, and ends', () => {
    const compiled = compileStackFile(
      'services:\n  a: {image: x, volumes_from: [b]}\n  b: {image: x, volumes_from: [a]}\n',
    );

    expect(theProblem(compiled).code).toBe('dependency-cycle');
  });
});

describe('mounts of all kinds together', () => {
  const configs = 'configs: {a: {content: x}}\nvolumes: {data: {}}';
  const targets = Array.from({ length: 1_000 }, (_, at) => `data:/data/${at}`);

  test('are at most a thousand, whatever the lists are that they stand in', () => {
    const volumes = `volumes: ${JSON.stringify(targets)}`;

    expect(compileService(volumes, configs).problems).toEqual([]);
    expect(brief(theProblem(compileService(`${volumes}\nconfigs: [a]`, configs)))).toBe(
      'error bad-volume 5:15',
    );
  });

  test('have paths that fit', () => {
    const problem = theProblem(compileService(`volumes: ["/${'x'.repeat(5_000)}"]`));

    expect(brief(problem)).toBe('error wrong-value 4:15');
  });
});

describe('a volume that nobody declared', () => {
  const read = (undeclared: 'refuse' | 'declare', name = 'cache') => {
    const { root } = readTree(aTextFile(`volumes: ["${name}:/x"]\n`));
    if (root === null) throw new Error('no tree');
    const report = createReport('shop');
    const section = { value: { volumes: [`${name}:/x`] }, node: root, report };
    const sources = createSources({
      files: indexSources(new Map()),
      shared: createGridCache(),
      duplicates: 'refuse',
    });
    const bundler = createBundler(sources);
    const book = openSecretBook('demo', sources);
    const none = { volumes: new Map(), configs: new Map(), secrets: new Map(), book };
    return { mounts: readMounts(section, { ...none, undeclared, bundler }), report };
  };

  test('is a problem', () => {
    expect(read('refuse').report.problems()).toMatchObject([{ code: 'unknown-volume' }]);
  });

  test('is a volume of the stack in formats that know no declaration', () => {
    const { mounts, report } = read('declare');

    expect(report.problems()).toEqual([]);
    expect(mounts).toMatchObject([{ volume: { name: 'cache', scope: 'stack', external: false } }]);
  });

  test('is a problem there, too, when no volume can be called so', () => {
    expect(read('declare', 'my cache').report.problems()).toMatchObject([{ code: 'invalid-name' }]);
  });
});
