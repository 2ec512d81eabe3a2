import { afterEach, expect, it } from 'vitest';
import type { ApiRequest } from '../forge/rest-api.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { eventually, type World } from '../support/world.ts';
import { startFlowWorld } from './flow-world.ts';

/** `npm run load:forge` has all of it; with every test run goes a small one. */
const { grids, pulls } =
  process.env['GRIDOPS_LOAD'] === 'full' ? { grids: 100, pulls: 200 } : { grids: 10, pulls: 20 };
/** GitHub takes 80 writes a minute, so most of the time is waiting: here it passes faster. */
const HURRY = 60;
const clock = hurriedClock(HURRY);

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

const stack = (cpus: number): string => `stack: test/web
services:
  web: {image: "demo:1", instances: 0, cpus: ${cpus}}
`;
const gridFile = (label: string): string => `nodes: {n: {labels: [${label}]}}
stacks: {web: {file: ../../stacks/web/kontena.yml}}
`;
const nameOf = (n: number): string => `load-${n}`;

it(`${grids} grids and ${pulls} open pull requests get to final states after one push, within every limit`, async () => {
  const files: Record<string, string> = {
    'grid.yml': '',
    '../../stacks/web/kontena.yml': stack(1),
  };
  for (let n = 0; n < grids; n += 1) files[`../${nameOf(n)}/grid.yml`] = gridFile('a=1');
  ({ world } = await startFlowWorld({
    files,
    nodes: [],
    forgeClock: clock,
    masterPorts: { clock },
  }));
  world.github.limitRate({ writesPerMinute: 80 });
  await deployed(await world.work.head());
  const heads: string[] = [];
  for (let n = 0; n < pulls; n += 1) {
    const file = { [`grids/${nameOf(n % grids)}/grid.yml`]: gridFile(`b=${n}`) };
    const pull = await world.repository.openPullRequest({ branch: `change-${n}`, files: file });
    heads.push(pull.head);
  }
  await planned(heads);

  const before = world.github.requests.length;
  const began = clock.now();
  const sha = await world.push({ '../../stacks/web/kontena.yml': stack(2) });
  await deployed(sha);
  const deployedAfter = clock.now() - began;
  await told(sha);
  const all = clock.now() - began;

  const requests = world.github.requests.slice(before);
  const refused = requests.filter(({ status }) => status === 403 || status === 429);
  process.stdout.write(tableOf(requests, { deployedAfter, all }));
  expect(refused).toEqual([]);
  const { comments } = world.repository.pullRequest(1 + pulls - 1);
  expect(comments).toHaveLength(1);
});

/** Every grid has a final status on the commit. */
async function deployed(sha: string): Promise<void> {
  for (let n = 0; n < grids; n += 1)
    await world.github.waitForStatus(
      sha,
      `gridops/${nameOf(n)}`,
      ({ state }) => state !== 'pending',
      300_000,
    );
}

async function planned(heads: readonly string[]): Promise<void> {
  for (const head of heads)
    await world.github.waitForStatus(
      head,
      'gridops/plan',
      ({ state }) => state !== 'pending',
      300_000,
    );
}

/** Every comment is of the plan onto that commit. */
async function told(sha: string): Promise<void> {
  const isTold = (): boolean =>
    world.repository.pullRequests.every(({ comments }) =>
      comments.some(({ body }) => body.includes(sha.slice(0, 7))),
    );
  await eventually(
    async () => await Promise.resolve(isTold() ? true : null),
    'every comment is of the new plan',
    300_000,
  );
}

function tableOf(
  requests: readonly ApiRequest[],
  { deployedAfter, all }: { readonly deployedAfter: number; readonly all: number },
): string {
  const counts = new Map<string, number>();
  for (const { method, path } of requests) {
    const kind = `${method} ${path.replace(/\?.*/, '').replace(/[0-9a-f]{40}|\d+/g, '*')}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const rows = [...counts].toSorted(([, a], [, b]) => b - a).map(([kind, count]) => [kind, count]);
  const lines = [
    ['requests in all', requests.length],
    ['all deploys told', `${Math.round(deployedAfter / 1_000)} s`],
    ['all previews told', `${Math.round(all / 1_000)} s`],
    ...rows,
  ];
  const text = lines.map(([what, value]) => `  ${String(what).padEnd(64)}${String(value)}`);
  return `\none push, ${grids} grids, ${pulls} open pull requests\n${text.join('\n')}\n`;
}
