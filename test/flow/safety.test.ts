import { createHmac, randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { NodeList } from '../../src/protocol/node-api.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function start(files: Readonly<Record<string, string>>, pollSeconds?: number): Promise<void> {
  ({ world, engine } = await startFlowWorld({
    files,
    ...(pollSeconds === undefined ? {} : { pollSeconds }),
  }));
  await world.final(await world.work.head());
}

const web = (of = {}) => ({ [stackFile('web')]: stackOf('web', { instances: 2, ...of }) });
const blog = (of = {}) => ({ [stackFile('blog')]: stackOf('blog', of) });

describe('safety rule 2: a problem holds back its own stack only', () => {
  it('deploys the other stacks, keeps the broken one as it is, and fails the commit', async () => {
    await start({ 'grid.yml': '', ...web(), ...blog() });
    const before = engine.get('web.web-1').id;

    const sha = await world.push({
      [stackFile('web')]: 'stack: test/web\nservices:\n  web:\n    imge: demo:2\n',
      ...blog({ image: 'demo:2' }),
    });

    const status = await world.final(sha);
    expect(status.state).toBe('failure');
    expect(status.description).toContain('stacks/web/kontena.yml:4:5');
    const blogs = (await world.instances()).filter((one) => one.stack === 'blog');
    expect(blogs.map((one) => [one.state, one.revision])).toEqual([['running', sha]]);
    expect(engine.get('web.web-1').id).toBe(before);
  });
});

describe('safety rule 3: the prune budget', () => {
  it('holds a commit that removes too much until a person confirms exactly that plan', async () => {
    await start({ 'grid.yml': '', ...web(), ...blog() });

    const sha = await world.push({ 'stacks/web': null });
    const held = await world.status(sha, (status) => status.description?.includes('held') === true);

    expect(held.state).toBe('pending');
    expect(held.description).toContain('gridops approve');
    expect(engine.names).toContain('web.web-1');
    const [deploy] = await world.deploys();
    const id = deploy?.id ?? '';
    const { plan } = await world.deploy(id);
    expect(plan?.confirmation?.removes).toHaveLength(2);

    await expect(world.api(`deploys/${id}/approve`, { planHash: 'f'.repeat(64) })).rejects.toThrow(
      '409',
    );
    await world.api(`deploys/${id}/approve`, { planHash: plan?.hash ?? '' });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(engine.names).toEqual(['blog.blog-1']);
  });

  it('asks once: what is left of an approved plan needs no other approval', async () => {
    await start({
      'grid.yml': '',
      [stackFile('web')]: stackOf('web', { instances: 6 }),
      ...blog(),
    });
    const sha = await world.push({ 'stacks/web': null });
    await world.status(sha, (status) => status.description?.includes('held') === true);
    const [deploy] = await world.deploys();
    const { plan } = await world.deploy(deploy?.id ?? '');

    await world.api(`deploys/${deploy?.id ?? ''}/approve`, { planHash: plan?.hash ?? '' });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    const { timeline } = await world.deploy(deploy?.id ?? '');
    expect(timeline.filter((entry) => entry.kind === 'held')).toHaveLength(1);
  });

  it('holds on over a restart of the master, in whatever order the nodes report to it', async () => {
    const nodes = ['node-1', 'node-2', 'node-3'];
    const files = { 'grid.yml': '', ...web({ instances: 3 }), ...blog({ instances: 3 }) };
    ({ world, engine } = await startFlowWorld({ nodes, files }));
    await world.final(await world.work.head());
    const sha = await world.push({ 'stacks/web': null });
    const isHeld = ({ description }: { readonly description: string | null }): boolean =>
      description?.startsWith('held: removes 3') === true;
    await world.status(sha, isHeld);
    await Promise.all([...world.agents.values()].map(async (agent) => await agent.stop()));
    await world.stopMaster();
    await world.startMaster();

    for (const node of nodes) {
      await world.startAgent(node);
      const found = async () =>
        (await world.api<NodeList>(`grids/${world.grid}/nodes`)).nodes.find(
          ({ name, status }) => name === node && status === 'online',
        ) ?? null;
      await eventually(found, `${node} online`);
    }

    await eventually(async () => {
      const { deploy } = await world.gridStatus();
      return deploy?.phase === 'held' ? deploy : null;
    }, 'the deploy that is held again');
    expect(engine.names.filter((name) => name.startsWith('web.'))).toHaveLength(3);
  });

  it('never takes an empty grid for a wish to remove everything', async () => {
    await start({ 'grid.yml': '', ...web() });

    const sha = await world.push({ stacks: null });

    expect(await world.final(sha)).toMatchObject({ state: 'failure' });
    expect(engine.names).toEqual(['web.web-1', 'web.web-2']);
  });

  it('never lets a stateful instance go without a word from a person', async () => {
    await start({
      'grid.yml': 'prune: {budget: 100%}\n',
      ...blog({ more: '    stateful: true\n' }),
    });

    const sha = await world.push({ 'stacks/blog': null, ...web() });

    await world.status(sha, (status) => status.description?.includes('held') === true);
    expect(engine.names).toContain('blog.blog-1');
  });
});

describe('a health check of several instances', () => {
  const check = `    health_check: {protocol: http, port: 8080, interval: 2, timeout: 1, initial_delay: 0, retries: 2}
`;

  it('lets a bad version get no further than its first ones, and a good one through all of them', async () => {
    const many = (image: string) =>
      web({ image, instances: 4, more: check }) as Readonly<Record<string, string>>;
    await start({ 'grid.yml': '', ...many('demo:1') });
    engine.behave('sick:1', { listensAfter: 0, status: 500 });
    const running = (image: string): number =>
      engine.names.filter((name) => {
        const isRunning = !name.includes('(');
        return isRunning && engine.get(name).instance.spec.image === image;
      }).length;

    const bad = await world.final(await world.push(many('sick:1')));

    expect(bad.state).toBe('failure');
    expect(running('demo:1')).toBe(4);
    const good = await world.final(await world.push(many('demo:2')));
    expect(good.state).toBe('success');
    expect(running('demo:2')).toBe(4);
  });
});

describe('safety rule 5: the newest commit wins', () => {
  it('at once, although the one before still waits for its containers to be ready', async () => {
    await start({ 'grid.yml': 'deploy: {timeout: 1h}\n', ...web() });

    const bad = await world.push(web({ image: 'deaf:1' }));
    await world.status(bad, (status) => status.description?.includes('updated') === true);
    const good = await world.push(web({ image: 'demo:2' }));

    expect(await world.final(good)).toMatchObject({ state: 'success' });
    const superseded = await world.final(bad);
    expect(superseded.state).toBe('failure');
    expect(superseded.description).toContain(`superseded by ${good.slice(0, 7)}`);
    expect((await world.instances()).every((one) => one.state === 'running')).toBe(true);
  });
});

describe('a commit that was overtaken before anybody looked', () => {
  it('gets a final status as well', async () => {
    await start({ 'grid.yml': '', ...web() });
    await world.work.write(`grids/${world.grid}/README.md`, 'one');
    const between = await world.work.commit('pushed a moment before');
    const head = await world.push(web({ image: 'demo:2' }));
    await world.final(head);

    await world.announcePush(between);

    const status = await world.final(between);
    expect(status).toMatchObject({
      state: 'failure',
      description: `superseded by ${head.slice(0, 7)}`,
    });
  });
});

describe('safety rule 6: a webhook is a hint', () => {
  it('whose claims are not believed, and without which the poll finds the commit', async () => {
    await start({ 'grid.yml': '', ...web() }, 1);
    world.github.disturb({ kind: 'drop-delivery' });

    const sha = await world.push(web({ image: 'demo:2' }));

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
  });

  it('that nobody signed wakes nothing', async () => {
    await start({ 'grid.yml': '', ...web() });
    const body = JSON.stringify({
      ref: 'refs/heads/main',
      repository: { full_name: 'acme/grids' },
    });
    const forged = createHmac('sha256', 'guessed').update(body).digest('hex');

    const answer = await fetch(`${world.master.url}/webhooks/github`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-github-event': 'push',
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': `sha256=${forged}`,
      },
      body,
    });

    expect(answer.status).toBe(401);
  });
});

describe('safety rule 7: an unchanged grid', () => {
  it('gets its final status for the commit and no work: no new deploy, no new assignment', async () => {
    await start({ 'grid.yml': '', ...web() });
    const journal = [...engine.journal];
    const deploys = await world.deploys();

    await world.work.write('README.md', 'nothing of a grid');
    const sha = await world.work.commit('elsewhere');
    await world.work.push();

    expect(await world.final(sha)).toMatchObject({
      state: 'success',
      description: 'no changes for this grid',
    });
    expect(await world.deploys()).toEqual(deploys);
    expect(engine.journal).toEqual(journal);
  });
});

describe('safety rule 8: a failed rollout', () => {
  it('leaves the old instances serving, says why with the last lines, and recovers by the next commit', async () => {
    await start({ 'grid.yml': '', ...web() });

    const bad = await world.push(web({ image: 'broken:1' }));

    const status = await world.final(bad);
    expect(status).toMatchObject({ state: 'failure' });
    expect(status.description).toContain('web/web-1');
    expect(engine.get('web.web-1').phase).toBe('running');
    expect(engine.get('web.web-2').phase).toBe('running');
    const failing = await eventually(
      async () => (await world.instances()).find((one) => one.state === 'failing') ?? null,
      'the failure',
    );
    expect(failing.attempt?.failure?.log).toEqual(['no database', 'giving up']);
    expect((await world.instances()).filter((one) => one.state === 'failing')).toHaveLength(1);

    const good = await world.push(web({ image: 'demo:2' }));
    expect(await world.final(good)).toMatchObject({ state: 'success' });
  });

  it('is tried again on request, and its failure becomes a success when the cause is gone', async () => {
    await start({ 'grid.yml': '', ...web() });
    const bad = await world.push(web({ image: 'broken:1' }));
    await world.final(bad);

    engine.behave('broken:1', { listensAfter: 0 });
    await world.api(`grids/${world.grid}/deploys`, {});

    expect(await world.status(bad, (status) => status.state === 'success')).toBeDefined();
  });
});
