import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isMachineGitUsable } from '../support/machine-git.ts';
import { TestEngine } from '../support/test-engine.ts';
import { eventually, startWorld, type World } from '../support/world.ts';

const engine = new TestEngine();
let world: World;

beforeAll(async () => await engine.prepare(), 120_000);

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  await engine.clear(world.grid);
  expect(violations).toEqual([]);
});

/** A web service that answers with its greeting on a port of each node, and a stateful one beside it. */
const files = (greeting: string, overrides: { image?: string } = {}) => ({
  'grid.yml': 'deploy: {timeout: 60s}\nprune: {budget: 50%}\n',
  'stacks/web/kontena.yml': `stack: test/web
services:
  web:
    image: ${overrides.image ?? engine.image}
    instances: 2
    command: ${engine.answering('$GREETING', 8080)}
    environment:
      GREETING: ${greeting}
    ports:
      - "18080:8080"
    deploy: {wait_for_port: 8080}
    stop_grace_period: 1s
`,
  'stacks/data/kontena.yml': `stack: test/data
services:
  keeper:
    image: ${engine.image}
    stateful: true
    command: sleep 86400
    volumes: [/data]
    stop_signal: SIGKILL
`,
});

const answers = async (): Promise<readonly string[]> =>
  await Promise.all(
    ['127.0.0.21', '127.0.0.22'].map(async (node) => await ask(`http://${node}:18080/`)),
  );

async function failures() {
  return (await world.instances()).flatMap(({ attempt }) => attempt?.failure ?? []);
}

async function ask(url: string): Promise<string> {
  const response = await fetch(url);
  return (await response.text()).trim();
}

const engines = ['isomorphic', ...(isMachineGitUsable() ? (['native'] as const) : [])] as const;

describe.each(engines)('push to deploy with %s git', (gitEngine) => {
  it('goes from a push over http to real containers on two nodes, and back by git revert', async () => {
    world = await startWorld({
      nodes: ['node-1', 'node-2'],
      files: files('hello'),
      engine: gitEngine,
    });
    const first = await world.work.head();

    const success = await world.final(first);

    expect(success).toMatchObject({
      state: 'success',
      description: '3 instances updated, 3 running',
    });
    expect(success.targetUrl).toMatch(/^https:\/\/gridops\.example\.com\/deploys\/[0-9a-f-]{36}$/);
    expect(await answers()).toEqual(['hello', 'hello']);
    const before = await engine.containers(world.grid);

    const second = await world.push(files('good day'));
    await world.status(second, (status) => status.state === 'pending');
    expect(await world.final(second)).toMatchObject({ state: 'success' });
    expect(await answers()).toEqual(['good day', 'good day']);
    const after = await engine.containers(world.grid);
    expect(after.get('data.keeper-1')?.id).toBe(before.get('data.keeper-1')?.id);
    expect(after.get('web.web-1')?.id).not.toBe(before.get('web.web-1')?.id);

    const third = await world.work.revert(second);
    await world.work.push();
    expect(await world.final(third)).toMatchObject({ state: 'success' });
    expect(await answers()).toEqual(['hello', 'hello']);
    const reverted = await engine.containers(world.grid);
    expect(reverted.get('web.web-1')?.specHash).toBe(before.get('web.web-1')?.specHash);
  }, 120_000);
});

describe('a broken commit', () => {
  it('fails with file, line and column, touches nothing, and its fix deploys at once', async () => {
    world = await startWorld({ nodes: ['node-1', 'node-2'], files: files('hello') });
    await world.final(await world.work.head());
    const before = await engine.containers(world.grid);

    const broken = await world.push({
      'stacks/web/kontena.yml': files('hello')['stacks/web/kontena.yml'].replace(
        'instances:',
        'instnces:',
      ),
    });
    const fixed = await world.push({
      'stacks/web/kontena.yml': files('fixed')['stacks/web/kontena.yml'],
    });

    // The two pushes may be seen as one; the broken commit is looked at on its own in the next test.
    const statuses = world.github.statuses(broken);
    for (const status of statuses) expect(status.state).not.toBe('success');
    expect(await world.final(fixed)).toMatchObject({ state: 'success' });
    expect(await answers()).toEqual(['fixed', 'fixed']);
    expect((await engine.containers(world.grid)).get('data.keeper-1')).toEqual(
      before.get('data.keeper-1'),
    );
  }, 60_000);

  it('shows where the problem is in the status and on the deploy, and leaves everything running', async () => {
    world = await startWorld({ nodes: ['node-1', 'node-2'], files: files('hello') });
    await world.final(await world.work.head());
    const before = await engine.containers(world.grid);

    const broken = await world.push({
      'stacks/web/kontena.yml': files('hello')['stacks/web/kontena.yml'].replace(
        'instances:',
        'instnces:',
      ),
    });

    const status = await world.final(broken);
    expect(status.state).toBe('failure');
    expect(status.description).toContain(`grids/${world.grid}/stacks/web/kontena.yml:5:5`);
    expect(status.description).toContain('instnces');
    expect(await engine.containers(world.grid)).toEqual(before);
    const [newest] = await world.deploys();
    const deploy = await world.deploy(newest?.id ?? '');
    expect(deploy.problems[0]).toMatchObject({
      code: 'unknown-key',
      position: { line: 5, column: 5 },
    });
    expect(deploy.problems[0]?.hint).toContain('instances');
    expect(deploy.problems[0]?.frame).toContain('instnces: 2');
  }, 60_000);

  it('whose containers exit fails with their last lines, and the old ones keep serving', async () => {
    world = await startWorld({ nodes: ['node-1', 'node-2'], files: files('hello') });
    await world.final(await world.work.head());
    const text = files('hello')['stacks/data/kontena.yml'];

    const broken = await world.push({
      'stacks/extra/kontena.yml': `stack: test/extra
services:
  job:
    image: ${engine.image}
    command: sh -c "echo no database here; exit 3"
`,
      'stacks/data/kontena.yml': text,
    });

    const status = await world.final(broken);
    expect(status).toMatchObject({ state: 'failure' });
    expect(status.description).toContain('extra/job-1');
    const failing = await eventually(
      // An engine under load may refuse to start what exits at once; the next attempt tells more.
      async () => (await failures()).find((failure) => failure.code === 'container-exited') ?? null,
      'an exit that is reported',
    );
    expect(failing).toMatchObject({ exitCode: 3, log: ['no database here'] });
    expect(await answers()).toEqual(['hello', 'hello']);
  }, 60_000);
});

describe('drift', () => {
  it('is repaired within seconds when a container is removed by hand, also while the master is away', async () => {
    world = await startWorld({ nodes: ['node-1', 'node-2'], files: files('hello') });
    await world.final(await world.work.head());
    const victim = (await engine.containers(world.grid)).get('web.web-1');

    await engine.remove(victim?.id ?? '');
    const repaired = await engine.waitForRunning(world.grid, 'web.web-1', {
      not: victim?.id ?? '',
    });
    await world.stopMaster();
    await engine.remove(repaired);
    await engine.waitForRunning(world.grid, 'web.web-1', { not: repaired });

    await eventually(
      async () => ((await answers().catch(() => [])).length === 2 ? true : null),
      'answers',
    );
    await world.startMaster();
  }, 60_000);
});
