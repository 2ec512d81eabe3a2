import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DockerClient } from '../../src/agent/docker.ts';
import { DockerEngine } from '../../src/agent/docker-engine.ts';
import { FileStore } from '../../src/agent/file-store.ts';
import { HookRecord } from '../../src/agent/hook-record.ts';
import { JobRecord } from '../../src/agent/job-record.ts';
import { createLanes, defaultConcurrency } from '../../src/agent/lanes.ts';
import { networkProbes } from '../../src/agent/probe.ts';
import { Reconciler } from '../../src/agent/reconciler.ts';
import { createCompiler } from '../../src/manifest/compile.ts';
import { createEncoder, deliveryOf } from '../../src/master/delivery.ts';
import type { Service } from '../../src/model/grid.ts';
import { servicePath } from '../../src/model/identity.ts';
import type { SourceFile } from '../../src/model/source.ts';
import { type Clock, systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { noBalancers, noSecrets, silentPublisher } from '../agent/bench.ts';
import { aSourceTree, aTextFile } from '../manifest/source-tree.ts';
import { anAssignedInstance, aService, aSpec } from '../support/builders.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import {
  bridgedContainers,
  DOCKER_SOCKET,
  docker,
  removeGrid,
  testGrid,
  withoutDocker,
} from './docker-host.ts';

const SECONDS = 30_000;

/** Listings, which are half a minute apart, come within a second. */
const hasty: Clock = {
  now: () => systemClock.now(),
  sleep: (milliseconds, signal) => systemClock.sleep(Math.min(milliseconds, 1_000), signal),
};

/** From the files of a stack to containers, without a master between. */
class Stack {
  readonly grid = testGrid();
  readonly #folder: string;
  readonly #compiler = createCompiler();
  readonly #reconciler: Reconciler;
  #generation = 0;

  constructor(folder: string) {
    this.#folder = folder;
    const client = new DockerClient({ address: DOCKER_SOCKET });
    this.#reconciler = new Reconciler({
      scope: { grid: this.grid, node: 'node-1', publishAddress: '127.0.0.1' },
      containers: bridgedContainers(client),
      engine: new DockerEngine(client),
      publisher: silentPublisher,
      balancers: noBalancers,
      probes: networkProbes,
      files: new FileStore(path.join(folder, 'files')),
      secrets: noSecrets,
      hooks: new HookRecord({ text: null, save: async () => undefined }),
      jobs: new JobRecord({ text: null, save: async () => undefined }),
      lanes: createLanes(defaultConcurrency()),
      clock: hasty,
      random: () => 0.5,
      log: silentLog,
      onChange: () => undefined,
      onEvent: () => undefined,
    });
  }

  async stop(): Promise<void> {
    await this.#reconciler.stop();
    await removeGrid(this.grid);
  }

  /** Deploys the stack that these files are; the stack has the grid's name, so that runs do not meet. */
  async deploy(text: string, files: readonly SourceFile[] = []): Promise<void> {
    const at = `grids/${this.grid}/stacks/${this.grid}`;
    const own = files.map((file) => ({ ...file, path: `${at}/${file.path}` }));
    const all = [aTextFile(text, `${at}/kontena.yml`), ...own];
    const source = { ...aSourceTree({}), files: new Map(all.map((file) => [file.path, file])) };
    const { stacks, problems } = this.#compiler.compile(source, this.grid);
    expect(problems.filter((one) => one.severity === 'error')).toEqual([]);
    const services = stacks.flatMap((stack) => stack.services);
    this.apply(services);
    await this.#settle(services);
  }

  apply(services: readonly Service[]): void {
    const instances = services.map((service) => anAssignedInstance(service));
    const byPath = new Map(
      services.map((one) => [servicePath({ stack: one.stack, service: one.name }), one]),
    );
    const sources = { services: byPath, before: undefined, encode: createEncoder() };
    const delivery = deliveryOf(instances, sources);
    this.#generation += 1;
    this.#reconciler.apply({
      grid: this.grid,
      node: 'node-1',
      generation: this.#generation,
      roster: ['node-1'],
      instances,
      kept: [],
      ...(delivery === null ? {} : { files: delivery }),
    });
  }

  observe(service: string) {
    return this.#reconciler.observe(`${this.grid}/${service}-1`);
  }

  async #settle(services: readonly Service[]): Promise<void> {
    await vi.waitFor(
      () => {
        const seen = this.#reconciler.observed().map(({ service, current, attempt }) => ({
          service,
          specHash: current?.specHash,
          ready: current?.ready,
          attempt,
        }));
        const wanted = services.map(({ name: service, specHash }) => ({
          service,
          specHash,
          ready: true,
          attempt: null,
        }));
        expect(seen).toEqual(wanted.toSorted((a, b) => (a.service < b.service ? -1 : 1)));
      },
      { timeout: SECONDS, interval: 50 },
    );
  }

  async run(service: string, ...command: string[]): Promise<string> {
    return await docker('exec', `${this.grid}.${service}-1`, '/bin/busybox', ...command);
  }

  async inspect<T>(service: string, format: string): Promise<T> {
    const text = await docker('inspect', '-f', `{{json ${format}}}`, `${this.grid}.${service}-1`);
    return JSON.parse(text) as T;
  }

  async bundles(): Promise<readonly string[]> {
    return await readdir(path.join(this.#folder, 'files'));
  }
}

interface SeenMount {
  readonly Type: string;
  readonly Name?: string;
  readonly Source: string;
  readonly Destination: string;
  readonly Mode: string;
  readonly RW: boolean;
  readonly Propagation: string;
}

const IMAGE = TEST_IMAGES.web1;
const png: SourceFile = {
  kind: 'binary',
  path: 'html/logo.png',
  blob: 'png',
  bytes: Uint8Array.of(0x89, 0x50, 0, 0xff),
};

describe.skipIf(withoutDocker)('what containers mount, on a real engine', () => {
  let folder = '';
  let stack: Stack;

  beforeAll(ensureTestImages);

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'gridops-files-'));
    stack = new Stack(folder);
  });

  afterEach(async () => {
    await stack.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('are configs, secrets and folders of the repository, that can only be read', async () => {
    await stack.deploy(
      `
services:
  web:
    image: ${IMAGE}
    volumes: ["./html:/html:ro", "./run.sh:/run.sh:ro,z"]
    configs: [{source: conf, target: /etc/web.conf}, motto]
    secrets: [{source: key, uid: 101, gid: 7, mode: 0400}]
configs:
  conf: {file: ./web.conf}
  motto: {content: "made in \${GRID}"}
secrets:
  key: {file: ./key}
`,
      [
        aTextFile('listen 80\n', 'web.conf'),
        aTextFile('hush', 'key'),
        aTextFile('hello', 'html/sub/index.html'),
        { ...aTextFile('#!/bin/sh\necho it runs\n', 'run.sh'), executable: true },
        png,
      ],
    );

    expect(await stack.run('web', 'cat', '/etc/web.conf')).toBe('listen 80');
    expect(await stack.run('web', 'cat', '/motto')).toBe(`made in ${stack.grid}`);
    expect(await stack.run('web', 'cat', '/html/sub/index.html')).toBe('hello');
    expect(await stack.run('web', 'sh', '-c', '/run.sh')).toBe('it runs');
    expect(await stack.run('web', 'hexdump', '-ve', '1/1 "%02x"', '/html/logo.png')).toBe(
      '895000ff',
    );
    expect(await stack.run('web', 'stat', '-c', '%a %u %g', '/run/secrets/key')).toBe('400 101 7');
    expect(await stack.run('web', 'cat', '/run/secrets/key')).toBe('hush');
    await expect(stack.run('web', 'touch', '/html/new')).rejects.toThrow(/Read-only/);
  });

  it('stay where they are while they are the same, and replace who uses them when not', async () => {
    const text = `
services:
  page: {image: ${IMAGE}, volumes: ["./html:/html:ro"]}
  other: {image: ${IMAGE}, volumes: ["./other:/other:ro"]}
`;
    const other = aTextFile('same', 'other/file');
    await stack.deploy(text, [aTextFile('one', 'html/index.html'), other]);
    const before = {
      page: await stack.inspect<string>('page', '.Id'),
      other: await stack.inspect<string>('other', '.Id'),
      mount: await stack.inspect<SeenMount[]>('other', '.Mounts'),
    };

    await stack.deploy(text, [aTextFile('two', 'html/index.html'), other]);

    expect(await stack.run('page', 'cat', '/html/index.html')).toBe('two');
    expect(await stack.inspect('page', '.Id')).not.toBe(before.page);
    expect(await stack.inspect('other', '.Id')).toBe(before.other);
    expect(await stack.inspect('other', '.Mounts')).toEqual(before.mount);
    expect(before.mount[0]?.Source).toMatch(/\/files\/[0-9a-f]{64}$/);
  });

  it('are taken away when nobody mounts them any more', async () => {
    await stack.deploy(`services: {web: {image: ${IMAGE}, volumes: ["./a:/a:ro"]}}`, [
      aTextFile('a', 'a'),
    ]);
    expect(await stack.bundles()).toHaveLength(1);

    await stack.deploy(`services: {web: {image: ${IMAGE}}}`);

    await vi.waitFor(async () => expect(await stack.bundles()).toEqual([]), {
      timeout: SECONDS,
      interval: 100,
    });
  });

  it('are put back before a container is started again', async () => {
    await stack.deploy(`services: {web: {image: ${IMAGE}, volumes: ["./a:/a:ro"]}}`, [
      aTextFile('a', 'a'),
    ]);
    const id = await stack.inspect<string>('web', '.Id');
    await rm(path.join(folder, 'files'), { recursive: true });

    await docker('kill', id);

    await vi.waitFor(async () => expect(await stack.run('web', 'cat', '/a')).toBe('a'), SECONDS);
    expect(await stack.inspect('web', '.Id')).toBe(id);
  });

  it('are volumes, binds and memory as they are written', async () => {
    const host = path.join(folder, 'host');
    await stack.deploy(`
services:
  web:
    image: ${IMAGE}
    volumes:
      - "own:/own:nocopy"
      - "shared:/shared:ro"
      - {type: volume, source: named, target: /named}
      - "${host}:/made:ro,rprivate"
      - {type: bind, source: ${folder}, target: /strict, bind: {create_host_path: false, propagation: private}}
      - {type: tmpfs, target: /scratch, tmpfs: {size: 1m, mode: 1770}}
volumes:
  own: {}
  shared: {scope: stack, labels: {team: blue}}
  named: {name: ${stack.grid}.exact, driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: size=2m}}
`);

    const mounts = await stack.inspect<SeenMount[]>('web', '.Mounts');
    const at = (target: string) => mounts.find((mount) => mount.Destination === target);
    expect(at('/own')).toMatchObject({ Name: `${stack.grid}.web.own-1`, RW: true });
    expect(at('/shared')).toMatchObject({ Name: `${stack.grid}.shared`, RW: false });
    expect(at('/named')).toMatchObject({ Name: `${stack.grid}.exact` });
    expect(at('/made')).toMatchObject({ Source: host, RW: false, Propagation: 'rprivate' });
    expect(at('/strict')).toMatchObject({ Source: folder, RW: true, Propagation: 'private' });
    expect(await stack.run('web', 'stat', '-c', '%a', '/scratch')).toBe('1770');
    expect(await stack.run('web', 'df', '-k', '/scratch')).toMatch(/^tmpfs\s+1024\s/m);
    const volume = JSON.parse(
      await docker('volume', 'inspect', '-f', '{{json .}}', `${stack.grid}.exact`),
    ) as object;
    expect(volume).toMatchObject({
      Driver: 'local',
      Options: { type: 'tmpfs', device: 'tmpfs', o: 'size=2m' },
    });
    const labels = await docker(
      'volume',
      'inspect',
      '-f',
      '{{json .Labels}}',
      `${stack.grid}.shared`,
    );
    expect(JSON.parse(labels)).toMatchObject({ team: 'blue', 'io.kontena.grid.name': stack.grid });
  });

  it('are those of another container', async () => {
    await stack.deploy(`
services:
  store: {image: ${IMAGE}, stateful: true, volumes: [/data]}
  reader: {image: ${IMAGE}, volumes_from: ["store-%s:ro"]}
  writer: {image: ${IMAGE}, volumes_from: [store]}
`);

    await stack.run('writer', 'sh', '-c', 'echo shared > /data/file');

    expect(await stack.run('reader', 'cat', '/data/file')).toBe('shared');
    await expect(stack.run('reader', 'touch', '/data/file')).rejects.toThrow(/Read-only/);
  });

  it('are those of the new container when both are replaced at once', async () => {
    const text = (version: number) => `
services:
  store: {image: ${IMAGE}, volumes: [/data], environment: [VERSION=${version}]}
  reader: {image: ${IMAGE}, volumes_from: [store]}
`;
    await stack.deploy(text(1));
    await stack.run('store', 'touch', '/data/old');

    await stack.deploy(text(2));
    await stack.run('store', 'touch', '/data/new');

    expect(await stack.run('reader', 'ls', '/data')).toBe('new');
  });

  it('say so when the engine is too old for a part of a volume', async () => {
    const version = await docker('version', '-f', '{{.Server.APIVersion}}');
    const volume = { name: 'data', scope: 'instance', external: false, driver: null } as const;
    const mount = { kind: 'volume', target: '/x', readOnly: false, subpath: 'a' } as const;
    const spec = aSpec({
      image: IMAGE,
      mounts: [{ ...mount, volume: { ...volume, driverOptions: {} } }],
    });

    stack.apply([aService({ stack: stack.grid, spec })]);

    // A newer one does not have that folder in the volume yet.
    const reason = Number(version.split('.')[1]) < 45 ? /Docker to version 26|does not know/ : /a/;
    await vi.waitFor(
      () => expect(stack.observe('web')?.attempt?.failure?.message).toMatch(reason),
      SECONDS,
    );
  });
});

describe.skipIf(withoutDocker)('a container without a network, on a real engine', () => {
  it('has none', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'gridops-files-'));
    const stack = new Stack(folder);
    try {
      await stack.deploy(`services: {web: {image: ${IMAGE}, network_mode: none}}`);

      expect(await stack.inspect('web', '.HostConfig.NetworkMode')).toBe('none');
    } finally {
      await stack.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
