import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Figures } from './figures.ts';
import { wireguardImage } from './images.ts';
import { NetworkWorld } from './network-world.ts';
import { postgresImage, rowWriterImage } from './postgres.ts';
import { attempt } from './rig/command.ts';
import type { Host } from './rig/host.ts';
import { withoutRig } from './rig/requirements.ts';
import { Rig } from './rig/rig.ts';
import { until } from './rig/until.ts';
import { RowJournal } from './row-journal.ts';

const DEPLOYS = 3;
const INSTANCES = ['app-1', 'app-2'];

/** At the end the application is taken away, which is most of what there is. */
const GRID = 'prune: {budget: 100%}\n';

const data = (command: string) => `stack: test/data
services:
  db:
    image: ${postgresImage().name}
    command: ${command}
    stateful: true
    affinity: [node==h1]
    environment: {POSTGRES_PASSWORD: a-password}
    volumes: [data:/var/lib/postgresql]
    deploy: {wait_for_port: 5432}
volumes:
  data: {}
`;

const app = (version: string, instances = INSTANCES.length) => `stack: test/shop
services:
  app:
    image: ${rowWriterImage().name}
    command: postgresql://postgres@db.data /journal 8080
    instances: ${instances}
    affinity: [node==h2]
    links: [data/db]
    environment: {VERSION: ${version}, PGPASSWORD: a-password}
    volumes: [journal:/journal]
    deploy: {wait_for_port: 8080, min_health: 0.5}
volumes:
  journal: {name: journal}
`;

/** An application that writes all the time, and all that may happen to it and its database. The cases follow each other. */
describe.skipIf(withoutRig)('a database on one host and its application on another', () => {
  const figures = new Figures();
  let rig: Rig;
  let grid: NetworkWorld;
  let one: Host;
  let two: Host;
  let journal: RowJournal;
  /** Containers of the application that there have been, by what was pushed. */
  let containers = INSTANCES.length;

  beforeAll(async () => {
    rig = await Rig.up(2);
    [one, two] = [rig.host(1), rig.host(2)];
    await Promise.all([
      rig.load(wireguardImage()),
      one.load(postgresImage()),
      two.load(rowWriterImage()),
    ]);
    journal = new RowJournal(two, 'journal');
    grid = await NetworkWorld.start(rig, {
      files: {
        'grid.yml': GRID,
        'stacks/data/kontena.yml': data('-c work_mem=4MB'),
        'stacks/shop/kontena.yml': app('one'),
      },
      agentArgs: () => ['--wireguard-image', wireguardImage().name],
    });
    for (const host of rig.hosts) await grid.startAgents(host);
    await journal.each(INSTANCES, { kind: 'acknowledged', since: 0 });
  });

  afterAll(async () => {
    figures.print('a database and its application: the longest time without an acknowledged row');
    await grid?.stop();
    await rig?.down();
  });

  it('goes on writing while the application is deployed anew', async () => {
    const began = Date.now();
    for (let number = 1; number <= DEPLOYS; number += 1)
      await during(`rolling deploy ${number} of the application`, async () => {
        await push({ 'stacks/shop/kontena.yml': app(`version-${number}`) });
        containers += INSTANCES.length;
      });
    expect(await journal.read('unanswered', began)).toEqual([]);
  });

  it('comes back by itself when the database is deployed anew', async () => {
    const began = Date.now();
    const before = await database();
    await during('the database deployed anew, with other settings', async () => {
      await push({ 'stacks/data/kontena.yml': data('-c work_mem=8MB') });
    });
    expect(await database()).not.toBe(before);
    expect(await query('show work_mem')).toBe('8MB');
    const unanswered = await journal.read('unanswered', began);
    for (const { why } of unanswered) expect(why).not.toMatch(/Temporary failure|no answer/);
  });

  it('comes back by itself when the host of the database had no power', async () => {
    await during('host of the database: power cut and boot', async () => {
      const off = Date.now();
      await one.powerOff();
      await journal.each(INSTANCES, { kind: 'unanswered', since: off });
      await one.boot();
      await grid.restartAgent(one);
    });
    expect(await logOf(one, await database())).toContain('was not properly shut down');
  });

  it('is deployed anew as soon as its database is there again', async () => {
    await during('host of the database without power during a deploy', async () => {
      await one.powerOff();
      const began = Date.now();
      const sha = await grid.world.push({ 'stacks/shop/kontena.yml': app('without-a-database') });
      containers += INSTANCES.length;
      await until(
        async () => (await journal.read('started', began)).length > 0,
        'a container of the new version',
      );
      await one.boot();
      await grid.restartAgent(one);
      await succeeds(sha);
    });
  });

  it('comes back by itself when the hosts were cut off from each other', async () => {
    const cut = Date.now();
    await during('hosts cut off from each other', async () => {
      await two.cut();
      // Longer than it takes until a silent node's names are withdrawn.
      await journal.each(INSTANCES, { kind: 'unanswered', since: cut, count: 3 });
      figures.since('  … for', cut, Date.now());
      await two.heal();
    });
  });

  it('has every row that was acknowledged, once, and none that nobody wrote', async () => {
    await push({ 'stacks/shop/kontena.yml': app('the-end', 0) });
    const rows = (await query('select id from rows')).split('\n');
    const acknowledged = idsOf(await journal.read('acknowledged'));
    const unanswered = idsOf(await journal.read('unanswered'));
    const present = new Set(rows);
    const written = new Set([...acknowledged, ...unanswered]);

    figures.add('rows acknowledged', `${acknowledged.length}`);
    figures.add('rows without an answer', `${unanswered.length}`);
    figures.add('  … of which are there', `${unanswered.filter((id) => present.has(id)).length}`);
    expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
    expect(rows.length).toBe(present.size);
    expect(rows.filter((id) => !written.has(id))).toEqual([]);
  });

  it('has needed no container that was not asked for', async () => {
    expect(await journal.read('started')).toHaveLength(containers);
    expect(await journal.read('ended')).toHaveLength(containers);
  });

  /** Until all instances write again. */
  async function during(what: string, act: () => Promise<void>): Promise<void> {
    const began = Date.now();
    await act();
    await journal.each(INSTANCES, { kind: 'acknowledged', since: Date.now() });
    figures.add(what, `${await journal.longestGap(began, Date.now())} ms`);
  }

  async function push(files: Record<string, string>): Promise<void> {
    await succeeds(await grid.world.push(files));
  }

  async function succeeds(sha: string): Promise<void> {
    expect(await grid.world.final(sha, 90_000)).toMatchObject({ state: 'success' });
  }

  async function database(): Promise<string> {
    return await grid.container(one, 'data/db-1');
  }

  async function query(sql: string): Promise<string> {
    const psql = ['psql', '-qAt', '-c', sql];
    return await one.docker(['exec', await database(), ...psql]);
  }
});

async function logOf(host: Host, container: string): Promise<string> {
  const { stdout, stderr } = await attempt([
    'docker',
    '--host',
    `unix://${host.socket}`,
    'logs',
    container,
  ]);
  return stdout + stderr;
}

function idsOf(entries: readonly { readonly id?: string }[]): readonly string[] {
  return entries.flatMap(({ id }) => id ?? []);
}
