import { afterEach, describe, expect, it } from 'vitest';
import type { Deploy } from '../../src/protocol/deploy-api.ts';
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

async function start(files: Readonly<Record<string, string>> = {}): Promise<void> {
  ({ world, engine } = await startFlowWorld({ files: { 'grid.yml': '', ...web(), ...files } }));
  await world.final(await world.work.head());
}

const web = (of = {}) => ({ [stackFile('web')]: stackOf('web', { instances: 2, ...of }) });
const CLOSED = 'deploy: {windows: [{schedule: "* * * * *", duration: 1h, kind: deny}]}\n';

async function freeze(until: number | null = null): Promise<void> {
  const body = { reason: 'the audit', ...(until === null ? {} : { until }) };
  await world.api(`grids/${world.grid}/freeze`, body, 'PUT');
}

async function unfreeze(): Promise<void> {
  await world.api(`grids/${world.grid}/freeze`, undefined, 'DELETE');
}

async function held(sha: string) {
  return await world.status(sha, (status) => status.description?.startsWith('held') === true);
}

async function soon(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  await eventually(async () => ((await holds()) ? true : null), what);
}

function image(name: string): string {
  return engine.get(name).instance.spec.image;
}

async function newest(): Promise<Deploy> {
  const [deploy] = await world.deploys();
  return await world.deploy(deploy?.id ?? '');
}

describe('a commit that is pushed while the grid is frozen', () => {
  it('is compiled and planned, waits with the reason, and is deployed by itself at the end', async () => {
    await start();
    const journal = engine.journal.length;
    const until = Date.now() + 3_600_000;
    await freeze(until);

    const sha = await world.push(web({ image: 'demo:2' }));

    const status = await held(sha);
    const minute = new Date(until).toISOString().slice(0, 16).replace('T', ' ');
    expect(status).toMatchObject({ state: 'pending' });
    expect(status.description).toContain(
      `held: closed until ${minute} UTC: frozen by api (the audit)`,
    );
    const deploy = await newest();
    expect(deploy).toMatchObject({ phase: 'held', closed: { because: 'frozen', until } });
    expect(deploy.remaining?.waves.flatMap((wave) => wave.steps)).toHaveLength(2);
    expect(await world.gridStatus()).toMatchObject({
      freeze: { reason: 'the audit', actor: 'api' },
      converged: true,
    });
    expect(engine.journal.length).toBe(journal);

    const soonOver = Date.now() + 1_000;
    await freeze(soonOver);
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(Date.now()).toBeGreaterThanOrEqual(soonOver);
    expect((await newest()).timeline.map((entry) => entry.kind)).toContain('held');
  });

  it('is deployed at once when the freeze is lifted', async () => {
    await start();
    await freeze();
    const sha = await world.push(web({ image: 'demo:2' }));
    const status = await held(sha);
    expect(status.description).toContain('closed until somebody unfreezes the grid');

    await unfreeze();

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    const kinds = (await world.events()).map((event) => event.kind);
    expect(kinds).toEqual(expect.arrayContaining(['frozen', 'unfrozen', 'deploy-held']));
  });

  it('waits on over a restart of the master, and what runs is repaired all the while', async () => {
    await start();
    await freeze();
    const sha = await world.push(web({ image: 'demo:2' }));
    await held(sha);

    await world.stopMaster();
    await world.startMaster();
    const before = engine.get('web.web-1').id;
    engine.removeByHand('web.web-1');

    await soon('the repair', () => engine.names.includes('web.web-1'));
    expect(engine.get('web.web-1').id).not.toBe(before);
    await soon('the first look', async () => (await newest()).closed !== undefined);
    expect(image('web.web-1')).toBe('demo:1');
    expect(await newest()).toMatchObject({ phase: 'held', sha });
    expect(await world.deploys()).toHaveLength(2);

    await unfreeze();
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
  });

  it('goes through when a person confirms exactly the plan that is shown', async () => {
    await start();
    await freeze();
    const sha = await world.push(web({ image: 'demo:2' }));
    await held(sha);
    const { id, remaining } = await newest();

    await expect(world.api(`deploys/${id}/approve`, { planHash: 'f'.repeat(64) })).rejects.toThrow(
      '409',
    );
    await world.api(`deploys/${id}/approve`, { planHash: remaining?.hash ?? '' });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(image('web.web-1')).toBe('demo:2');
  });

  it('goes through by force, and the history says whose', async () => {
    await start();
    await freeze();
    const sha = await world.push(web({ image: 'demo:2' }));
    await held(sha);

    await expect(world.api(`grids/${world.grid}/deploys`, {})).rejects.toThrow('is closed until');
    await world.api(`grids/${world.grid}/deploys`, { force: true });

    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    const { timeline } = await newest();
    const forced = timeline.find((entry) => entry.kind === 'forced');
    expect(forced?.message).toContain('api deploys it now, although the grid is closed until');
  });

  it('fails at once when it has a problem', async () => {
    await start();
    await freeze();

    const sha = await world.push({ 'grid.yml': 'subnet: nowhere\n' });

    expect(await world.final(sha)).toMatchObject({ state: 'failure' });
  });

  it('gives way to a newer one, and to one that takes it back', async () => {
    await start();
    const journal = engine.journal.length;
    await freeze();
    const one = await world.push(web({ image: 'demo:2' }));
    await held(one);
    const two = await world.push(web({ image: 'broken:1' }));
    await held(two);
    expect((await world.final(one)).description).toContain(`superseded by ${two.slice(0, 7)}`);

    const back = await world.push(web());

    expect(await world.final(back)).toMatchObject({ state: 'success' });
    expect((await world.final(two)).description).toContain(`superseded by ${back.slice(0, 7)}`);
    expect(engine.journal.length).toBe(journal);
  });
});

describe('a deploy that was begun before the grid was closed', () => {
  it('gets to its end, and then the next commit waits', async () => {
    await start({ 'grid.yml': 'deploy: {timeout: 3s}\n' });
    const stuck = await world.push(web({ image: 'deaf:1' }));
    await world.status(stuck, (status) => status.description?.includes('updated') === true);
    await freeze();

    const next = await world.push(web({ image: 'demo:2' }));

    const status = await world.final(stuck);
    expect(status.state).toBe('failure');
    expect(status.description).not.toContain('superseded');
    await held(next);
    expect(image('web.web-2')).toBe('demo:1');
  });
});

describe('deploy windows', () => {
  it('hold a commit by what its own grid.yml says, and let go the one that opens them', async () => {
    await start();
    const sha = await world.push({ 'grid.yml': CLOSED, ...web({ image: 'demo:2' }) });
    const status = await held(sha);
    expect(status.description).toContain('in a deploy window that denies');
    expect(image('web.web-1')).toBe('demo:1');

    const open = await world.push({ 'grid.yml': '' });

    expect(await world.final(open)).toMatchObject({ state: 'success' });
    expect(image('web.web-1')).toBe('demo:2');
  });

  it('hold the first commit of a grid as well', async () => {
    ({ world, engine } = await startFlowWorld({ files: { 'grid.yml': CLOSED, ...web() } }));

    await held(await world.work.head());

    const { remaining } = await newest();
    expect(remaining?.waves.flatMap((wave) => wave.steps)).toHaveLength(2);
    expect(engine.names).toEqual([]);
  });
});
