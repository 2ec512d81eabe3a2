import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdentity, recipientOf } from '../../src/secrets/age.ts';
import { sealValue } from '../../src/secrets/sealed-value.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { everythingSaidIn, listening, tells } from './everything-said.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

const SECRET = 'correct-horse-battery-staple';

let world: World;
let engine: FakeEngine;
let logged: string[];

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function start(files: Readonly<Record<string, string>> = {}): Promise<void> {
  logged = [];
  const masterPorts = { log: listening(logged) };
  const plain = { 'grid.yml': '', [stackFile('web')]: stackOf('web'), ...files };
  ({ world, engine } = await startFlowWorld({ files: plain, masterPorts }));
  expect(await world.final(await world.work.head())).toMatchObject({ state: 'success' });
}

async function seal(value: string, name = 'db-password'): Promise<string> {
  const key = await readFile(join(world.masterData, 'sealing.key'), 'utf8');
  const recipient = await recipientOf(key.trim());
  return await sealValue(recipient, { grid: world.grid, kind: 'secret', name }, value);
}

const secretive = `variables:
  PASS: {from: {vault: db-password}}
  CHANCE: {from: {random_string: 24}}
configs:
  settings: {content: "password=$PASS"}
services:
  web:
    image: demo:1
    command: run --pass=$PASS
    environment: {CHANCE: $CHANCE, URL: "db://$PASS@db"}
    secrets: [db-password, {secret: db-password, name: PASS, type: env}]
    configs: [settings]
    deploy: {wait_for_port: 8080}
`;

async function deploySecretive(value = SECRET, image = 'demo:1'): Promise<string> {
  return await world.push({
    'secrets.yml': `secrets:\n  db-password: ${await seal(value)}\n`,
    [stackFile('web')]: secretive.replace('demo:1', image),
  });
}

function containerOf(name = 'web.web-1') {
  const { spec } = engine.get(name).instance;
  const file = (target: string): string => {
    const mount = spec.mounts.find((one) => one.target === target);
    if (mount?.kind !== 'bind') throw new Error(`${target} is not mounted`);
    return mount.source;
  };
  return { spec, file };
}

async function everythingSaid(): Promise<string> {
  return await everythingSaidIn(world, logged);
}

describe('safety rule 9: secret values', () => {
  it('are in the container, and nowhere else but in the memory of whoever passes them on', async () => {
    await start();

    expect(await world.final(await deploySecretive())).toMatchObject({ state: 'success' });

    const { spec, file } = containerOf();
    expect(spec.env).toMatchObject({ PASS: SECRET, URL: `db://${SECRET}@db` });
    expect(spec.command).toEqual(['run', `--pass=${SECRET}`]);
    expect(await readFile(file('/run/secrets/db-password'), 'utf8')).toBe(SECRET);
    expect(await readFile(file('/settings'), 'utf8')).toBe(`password=${SECRET}`);
    const chance = spec.env['CHANCE'] ?? '';
    expect(chance).toMatch(/^[A-Za-z0-9]{24}$/);
    const said = await everythingSaid();
    expect(tells(said, 'secret.db-password.')).toBe(true);
    expect(tells(said, SECRET)).toBe(false);
    expect(tells(said, chance)).toBe(false);
  });

  it('are in no preview of a pull request that changes them, seals another and writes one down', async () => {
    await start();
    await world.final(await deploySecretive());
    const other = 'a-canary-in-another-secret';
    const careless = 'a-canary-in-the-clear';
    const secrets = `secrets:
  db-password: ${await seal('a-new-canary')}
  token: ${await seal(other, 'token')}
`;
    const stack = `${secretive.replace('demo:1', 'demo:2')}    labels: {api_token: ${careless}}
`;
    const pull = await world.repository.openPullRequest({
      files: {
        [`grids/${world.grid}/secrets.yml`]: secrets,
        [`grids/${world.grid}/${stackFile('web')}`]: stack,
      },
    });

    await world.github.waitForStatus(
      pull.head,
      'gridops/plan',
      ({ state }) => state !== 'pending',
      30_000,
    );
    const body = await eventually(
      async () => await Promise.resolve(pull.comments.at(-1)?.body ?? null),
      'the comment',
    );

    expect(body).toContain('demo:2');
    expect(body).toContain('db-password');
    const said = await everythingSaid();
    for (const value of [SECRET, 'a-new-canary', other, careless])
      expect(tells(said, value), value).toBe(false);
  });

  it('are hidden where a container that fails prints them', async () => {
    await start();
    engine.behave('leaky:1', {
      listensAfter: null,
      exitAfter: 0,
      exitCode: 1,
      log: [`cannot log in with ${SECRET}`],
    });

    const status = await world.final(await deploySecretive(SECRET, 'leaky:1'));

    expect(status.state).toBe('failure');
    const said = await everythingSaid();
    expect(tells(said, 'cannot log in with [hidden]')).toBe(true);
    expect(tells(said, SECRET)).toBe(false);
  });
});

describe('the password of an account at a registry', () => {
  const PASSWORD = 'a-canary-for-the-registry';
  const image = 'registry.example.com/shop/web:1';

  async function withAccount(value: string | null, more = ''): Promise<string> {
    const account = '{username: deploy, password: REGISTRY_PASSWORD}';
    const registries = `registries: {registry.example.com: ${account}}\n`;
    const sealed = await seal(value ?? '-', 'REGISTRY_PASSWORD');
    return await world.push({
      'grid.yml': `${more}${value === null ? '' : registries}`,
      'secrets.yml': `secrets:\n  REGISTRY_PASSWORD: ${sealed}\n`,
      [stackFile('web')]: stackOf('web', { image }),
    });
  }

  beforeEach(async () => {
    await start();
    const privateTo = { username: 'deploy', password: PASSWORD };
    engine.behave(image, { listensAfter: 0, pullTakes: 10, privateTo });
  });

  it('pulls images, and is told to nobody else', async () => {
    expect(await world.final(await withAccount(PASSWORD))).toMatchObject({ state: 'success' });

    expect(engine.get('web.web-1').instance.spec.image).toBe(image);
    const said = await everythingSaid();
    expect(tells(said, 'secret.REGISTRY_PASSWORD.')).toBe(true);
    expect(tells(said, PASSWORD)).toBe(false);
  });

  it('is made good without a change of the stack, and a wrong one is not repeated either', async () => {
    const wrong = 'another-canary-for-the-registry';
    const without = await world.final(await withAccount(null));
    expect(without.description).toContain('registry.example.com wants an account');
    const refused = await world.final(await withAccount(wrong));
    expect(refused.state).toBe('failure');
    expect(refused.description).toContain('registry.example.com refused the user deploy');

    expect(await world.final(await withAccount(PASSWORD))).toMatchObject({ state: 'success' });

    const said = await everythingSaid();
    expect(tells(said, 'whose password is the secret REGISTRY_PASSWORD')).toBe(true);
    for (const value of [PASSWORD, wrong]) expect(tells(said, value), value).toBe(false);
  });

  it('has tried once more what was rolled back for want of it', async () => {
    const rollback = 'deploy: {on_failure: rollback}\n';
    const back = await world.final(await withAccount(null, rollback));
    expect(back.description).toContain('rolled back');
    expect(engine.get('web.web-1').instance.spec.image).toBe('demo:1');

    const sha = await withAccount(PASSWORD, rollback);

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(engine.get('web.web-1').instance.spec.image).toBe(image);
  });

  it('that somebody wrote in the clear is a problem of the commit, and goes nowhere from there', async () => {
    const account = `{username: deploy, password: ${PASSWORD}}`;
    const sha = await world.push({
      'grid.yml': `registries:\n  registry.example.com: ${account}\n`,
      [stackFile('web')]: stackOf('web', { image }),
    });

    const status = await world.final(sha);
    expect(status.state).toBe('failure');
    expect(status.description).toContain('grid.yml:2');
    const said = await everythingSaid();
    expect(tells(said, 'not the name of a secret')).toBe(true);
    expect(tells(said, PASSWORD)).toBe(false);
    expect(engine.get('web.web-1').instance.spec.image).toBe('demo:1');
  });

  it('that the master cannot open keeps all as it is, before a node is told of it', async () => {
    const other = await recipientOf(await createIdentity());
    const of = { grid: world.grid, kind: 'secret', name: 'REGISTRY_PASSWORD' } as const;
    const account = '{username: deploy, password: REGISTRY_PASSWORD}';

    const status = await world.final(
      await world.push({
        'grid.yml': `registries: {registry.example.com: ${account}}\n`,
        'secrets.yml': `secrets: {REGISTRY_PASSWORD: ${await sealValue(other, of, PASSWORD)}}\n`,
        [stackFile('web')]: stackOf('web', { image: 'demo:2' }),
      }),
    );

    expect(status.state).toBe('failure');
    expect(status.description).toContain('which the master cannot open');
    expect(engine.get('web.web-1').instance.spec.image).toBe('demo:1');
  });

  it('is in no preview of a pull request that changes it', async () => {
    await world.final(await withAccount(PASSWORD));
    const young = 'a-young-canary-for-the-registry';
    const sealed = await seal(young, 'REGISTRY_PASSWORD');
    const pull = await world.repository.openPullRequest({
      files: {
        [`grids/${world.grid}/grid.yml`]:
          'registries: {registry.example.com: {username: robot, password: REGISTRY_PASSWORD}}\n',
        [`grids/${world.grid}/secrets.yml`]: `secrets:\n  REGISTRY_PASSWORD: ${sealed}\n`,
      },
    });

    const body = await eventually(
      async () => await Promise.resolve(pull.comments.at(-1)?.body ?? null),
      'the comment',
      30_000,
    );

    expect(body).toContain('robot');
    expect(body).toContain('REGISTRY_PASSWORD');
    const said = await everythingSaid();
    for (const value of [PASSWORD, young]) expect(tells(said, value), value).toBe(false);
  });
});

describe('a secret that somebody wrote in the clear', () => {
  it('is a problem of the commit, and goes nowhere from there', async () => {
    await start();

    const sha = await world.push({ 'secrets.yml': `secrets:\n  db-password: ${SECRET}\n` });

    const status = await world.final(sha);
    expect(status.state).toBe('failure');
    expect(status.description).toContain('secrets.yml:2');
    const said = await everythingSaid();
    expect(tells(said, 'is not sealed')).toBe(true);
    expect(tells(said, SECRET)).toBe(false);
  });
});

describe('sealed secrets', () => {
  it('come back while the master is away', async () => {
    await start();
    await world.final(await deploySecretive());
    const before = engine.get('web.web-1').id;
    await world.stopMaster();

    engine.removeByHand('web.web-1');

    const made = await eventually(
      async () => await Promise.resolve(engine.names.includes('web.web-1') ? containerOf() : null),
      'the container is made again',
    );
    expect(engine.get('web.web-1').id).not.toBe(before);
    expect(made.spec.env['PASS']).toBe(SECRET);
  });

  it('are sent again to a node that has lost them', async () => {
    await start();
    await world.final(await deploySecretive());
    const nodes = ['node-1', 'node-2'];
    for (const name of nodes) {
      await world.agents.get(name)?.stop();
      const { directory } = await world.agentOptions(name);
      await rm(join(directory, 'secrets.json'), { force: true });
    }
    engine.removeByHand('web.web-1');

    for (const name of nodes) await world.startAgent(name);

    const made = await eventually(
      async () => await Promise.resolve(engine.names.includes('web.web-1') ? containerOf() : null),
      'the container is made again',
    );
    expect(made.spec.env['PASS']).toBe(SECRET);
  });

  it('that change replace who uses them, and nobody else', async () => {
    await start({ [stackFile('blog')]: stackOf('blog') });
    await world.final(await deploySecretive());
    const [web, blog] = [engine.get('web.web-1').id, engine.get('blog.blog-1').id];

    const status = await world.final(await deploySecretive('another-battery'));

    expect(status.state).toBe('success');
    expect(engine.get('web.web-1').id).not.toBe(web);
    expect(containerOf().spec.env['PASS']).toBe('another-battery');
    expect(engine.get('blog.blog-1').id).toBe(blog);
  });

  it('that the master cannot open hold back their stack, and say so on the commit', async () => {
    await start({ [stackFile('blog')]: stackOf('blog') });
    const web = engine.get('web.web-1').id;
    const other = await recipientOf(await createIdentity());
    const of = { grid: world.grid, kind: 'secret', name: 'db-password' } as const;

    const sha = await world.push({
      'secrets.yml': `secrets:\n  db-password: ${await sealValue(other, of, SECRET)}\n`,
      [stackFile('web')]: secretive,
      [stackFile('blog')]: stackOf('blog', { image: 'demo:2' }),
    });

    const status = await world.final(sha);
    expect(status.state).toBe('failure');
    expect(status.description).toContain('secret');
    expect(engine.get('web.web-1').id).toBe(web);
    expect(engine.get('blog.blog-1').instance.spec.image).toBe('demo:2');
  });

  it('survive the loss of the store', async () => {
    await start();
    await world.final(await deploySecretive());
    const before = engine.get('web.web-1').id;
    await world.stopMaster();
    for (const name of await readdir(world.masterData))
      if (name.startsWith('gridops.db')) await rm(join(world.masterData, name));

    await world.startMaster();

    const sha = await world.push({ 'note.txt': 'again' });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(engine.get('web.web-1').id).toBe(before);
    expect(containerOf().spec.env['PASS']).toBe(SECRET);
  });
});
