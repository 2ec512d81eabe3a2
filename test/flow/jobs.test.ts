import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobList, RunRequested } from '../../src/protocol/job-api.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { eventually, type World, type WorldOptions } from '../support/world.ts';
import { startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

/** A shop of one version: its migration, and what must not start before that has succeeded. */
function shop(version: number, more = ''): Record<string, string> {
  return {
    'stacks/shop/kontena.yml': `stack: test/shop
services:
  migrate:
    image: migrate:${version}
    job: {run: on-deploy}
  web:
    image: demo:${version}
    depends_on: [migrate]
    deploy: {wait_for_port: 8080}
${more}`,
  };
}

const gridFile = (drained: string | null = null) => ({
  'grid.yml': drained === null ? '' : `nodes:\n  ${drained}: {availability: drain}\n`,
});

async function start(
  files: Readonly<Record<string, string>>,
  options: Partial<WorldOptions> = {},
): Promise<void> {
  ({ world, engine } = await startFlowWorld({
    files: { ...gridFile(), ...files },
    images: {
      'migrate:1': { exitAfter: 50, exitCode: 0, log: ['1 migration'] },
      'migrate:2': { exitAfter: 50, exitCode: 4, log: ['column exists'] },
      'migrate:3': { exitAfter: 50, exitCode: 0 },
      'demo:3': { listensAfter: 0 },
      'report:1': { exitAfter: 50, exitCode: 0, log: ['all is well'] },
    },
    ...options,
  }));
  await world.final(await world.work.head());
}

async function jobs(): Promise<JobList['jobs']> {
  const { jobs: list } = await world.api<JobList>(`grids/${world.grid}/jobs`);
  return list;
}

async function theJob(name: string): Promise<JobList['jobs'][number]> {
  const found = (await jobs()).find((one) => one.service === name);
  if (found === undefined) throw new Error(`no job ${name}`);
  return found;
}

const starts = (name: string) => engine.journal.filter((line) => line === `start ${name}`).length;
const outcomes = async (name: string) => (await theJob(name)).runs.map(({ outcome }) => outcome);

async function loseStore(): Promise<void> {
  await world.stopMaster();
  for (const suffix of ['', '-wal', '-shm'])
    await rm(join(world.masterData, `gridops.db${suffix}`), { force: true });
  await world.startMaster();
}

describe('a migration', () => {
  it('has succeeded before anything starts that depends on it', async () => {
    await start(shop(1));

    const order = engine.journal.filter((line) => /^(start|remove) shop\./.test(line));
    expect(order).toEqual(['start shop.migrate-1', 'remove shop.migrate-1', 'start shop.web-1']);
    expect(await theJob('migrate')).toMatchObject({
      kind: 'on-deploy',
      running: null,
      runs: [{ outcome: 'succeeded', exitCode: 0, log: ['1 migration'] }],
    });
    const states = (await world.instances()).map(({ service, state }) => [service, state]);
    expect(states).toEqual([
      ['migrate', 'idle'],
      ['web', 'running'],
    ]);
  });

  it('that fails stops the rollout with its last lines, and the old instances keep serving', async () => {
    await start(shop(1));
    const before = engine.get('shop.web-1').id;

    const bad = await world.push(shop(2));

    const status = await world.final(bad);
    expect(status.state).toBe('failure');
    const [deploy] = await world.deploys();
    const { remaining } = await world.deploy(deploy?.id ?? '');
    expect(remaining?.halted).toMatchObject([
      { service: 'migrate', failure: { code: 'job-failed', exitCode: 4, log: ['column exists'] } },
    ]);
    expect(remaining?.waiting).toMatchObject([
      { service: 'web', reason: 'waits for shop/migrate, whose rollout stopped' },
    ]);
    expect(engine.get('shop.web-1')).toMatchObject({ id: before, phase: 'running' });
    const kinds = (await world.events()).map(({ kind }) => kind);
    expect(kinds).toContain('job-failed');
    expect(kinds).toContain('job-succeeded');

    const good = await world.push(shop(3));

    expect(await world.final(good)).toMatchObject({ state: 'success' });
    expect(engine.get('shop.web-1').instance.spec.image).toBe('demo:3');
    expect(await outcomes('migrate')).toEqual(['succeeded', 'failed', 'succeeded']);
  });

  it('that failed runs again with the deploy, and by nothing else', async () => {
    await start(shop(1));
    await world.final(await world.push(shop(2)));
    await world.stopMaster();
    await world.startMaster();
    for (const name of ['node-1', 'node-2']) {
      await world.agents.get(name)?.stop();
      await world.startAgent(name);
    }
    await eventually(async () => {
      const { counts, head } = await world.gridStatus();
      return counts.nodesOnline === 2 && head !== null ? true : null;
    }, 'both nodes online, and the branch read');
    expect(starts('shop.migrate-1')).toBe(2);

    engine.behave('migrate:2', { exitAfter: 50, exitCode: 0 });
    await world.api(`grids/${world.grid}/deploys`, {});

    await eventually(async () => {
      const { converged } = await world.gridStatus();
      return converged ? true : null;
    }, 'the deploy to be done');
    expect(starts('shop.migrate-1')).toBe(3);
    expect(engine.get('shop.web-1').instance.spec.image).toBe('demo:2');
  });

  it('does not run again with a commit that leaves it as it is, nor when one goes back', async () => {
    await start(shop(1));
    await world.final(await world.push(shop(3)));

    await world.final(await world.push(shop(1)));

    expect(engine.get('shop.web-1').instance.spec.image).toBe('demo:1');
    expect(starts('shop.migrate-1')).toBe(2);
  });

  it.each([false, true])(
    'does not run again on another node (the store was lost before: %s)',
    async (isLost) => {
      await start(shop(1));
      const { node } = await theJob('migrate');
      if (isLost) await loseStore();

      await world.final(await world.push(gridFile(node)));

      await eventually(async () => {
        const job = await theJob('migrate');
        return job.node !== null && job.node !== node ? true : null;
      }, 'the job on another node');
      expect(starts('shop.migrate-1')).toBe(1);
      expect(await outcomes('migrate')).toEqual(['succeeded']);
    },
  );
});

describe('a job with a schedule', () => {
  it('runs at its times while its grid is frozen, as the commit before wants it', async () => {
    const report = (image: string) => ({
      'stacks/shop/kontena.yml': `stack: test/shop
services:
  report: {image: "${image}", job: {schedule: "* * * * *"}}
`,
    });
    // A minute in two seconds.
    await start(report('report:1'), { agentClock: hurriedClock(30) });
    await world.api(`grids/${world.grid}/freeze`, { reason: 'the audit' }, 'PUT');
    const next = await world.push(report('report:2'));
    await world.status(next, ({ description }) => description?.startsWith('held') === true);
    const before = (await theJob('report')).runs.length;

    const runs = await eventually(async () => {
      const job = await theJob('report');
      return job.runs.length > before + 1 ? job.runs : null;
    }, 'two more runs');

    expect(new Set(runs.map(({ id }) => id)).size).toBe(runs.length);
    for (const { id, outcome } of runs) expect([id.split('/')[0], outcome]).toEqual(due);
    expect(await world.status(next, () => true)).toMatchObject({ state: 'pending' });
  });
});

const due = ['schedule', 'succeeded'];

describe('a job that is asked for', () => {
  const files = {
    'stacks/shop/kontena.yml': `stack: test/shop
services:
  report:
    image: report:1
    job: {schedule: "0 3 1 1 *", timezone: Europe/Berlin}
`,
  };

  it('runs once, with its deploy untouched', async () => {
    await start(files);
    expect(await theJob('report')).toMatchObject({
      schedule: '0 3 1 1 *',
      timeZone: 'Europe/Berlin',
      runs: [],
    });
    expect((await theJob('report')).nextAt).toBeGreaterThan(Date.now());

    const asked = await world.api<RunRequested>(`grids/${world.grid}/jobs/shop/report/run`, {});

    const runs = await eventually(async () => {
      const job = await theJob('report');
      return job.runs.length > 0 ? job.runs : null;
    }, 'a run');
    expect(runs).toMatchObject([{ id: asked.id, outcome: 'succeeded', log: ['all is well'] }]);
    expect((await world.gridStatus()).converged).toBe(true);
    await loseStore();
    await eventually(async () => {
      const known = await jobs().catch(() => []);
      return known[0]?.runs[0]?.id === asked.id ? true : null;
    }, 'the run to be told again');
    expect(starts('shop.report-1')).toBe(1);
  });

  it('runs in a frozen grid, where a job of a deploy waits with its commit', async () => {
    const more = '  report: {image: "report:1", job: {schedule: "0 3 1 1 *"}}\n';
    await start(shop(1, more));
    const freeze = `grids/${world.grid}/freeze`;
    await world.api(freeze, { reason: 'the audit' }, 'PUT');
    const next = await world.push(shop(3, more));
    await world.status(next, ({ description }) => description?.startsWith('held') === true);

    await world.api(`grids/${world.grid}/jobs/shop/report/run`, {});

    await eventually(async () => ((await outcomes('report')).length > 0 ? true : null), 'a run');
    expect(await outcomes('report')).toEqual(['succeeded']);
    expect((await theJob('report')).nextAt).toBeGreaterThan(Date.now());
    expect(starts('shop.migrate-1')).toBe(1);
    await world.api(freeze, undefined, 'DELETE');
    expect(await world.final(next)).toMatchObject({ state: 'success' });
    expect(starts('shop.migrate-1')).toBe(2);
  });

  it('follows a new schedule without another container or step', async () => {
    await start(files);
    const later = { 'stacks/shop/kontena.yml': files['stacks/shop/kontena.yml'].replace('3', '4') };

    await world.final(await world.push(later));

    await eventually(async () => {
      const { nextAt } = await theJob('report');
      return new Date(nextAt ?? 0).getUTCHours() === 3 ? true : null;
    }, 'the new time');
    expect(engine.count('create')).toBe(0);
  });

  it('has to be one', async () => {
    await start(files);

    const path = `grids/${world.grid}/jobs/shop/nothing/run`;

    await expect(world.api(path, {})).rejects.toThrow('404');
  });
});
