import type { Deploy, DeployList } from '../../src/protocol/deploy-api.ts';
import type { World } from '../support/world.ts';
import type { FoundContainer } from './containers.ts';
import type { Wanted } from './wish.ts';

/** A commit is deployed once: nobody asked for it a second time. */
export async function repeatedDeploys(world: World): Promise<readonly string[]> {
  const counts = new Map<string, number>();
  for (const { sha, phase } of await allDeploys(world))
    if (phase !== 'superseded') counts.set(sha, (counts.get(sha) ?? 0) + 1);
  return [...counts]
    .filter(([, count]) => count > 1)
    .map(([sha, count]) => `${sha.slice(0, 7)} was deployed ${count} times`);
}

/** Every instance that is wanted runs once, as it is wanted, and nothing else of the grid is there. */
export function containerFaults(
  found: readonly FoundContainer[],
  wanted: readonly Wanted[],
): readonly string[] {
  const missing = wanted.flatMap(({ instance, variable }) => {
    const own = found.filter((container) => container.instance === instance);
    if (own.length !== 1) return [`${own.length} of ${instance}: ${own.map(say).join(', ')}`];
    return own.flatMap((container) => unlike(container, variable));
  });
  const names = new Set(wanted.map(({ instance }) => instance));
  const extra = found.filter(({ instance }) => !names.has(instance));
  return [...missing, ...extra.map((container) => `nobody wants ${say(container)}`)];
}

async function allDeploys(world: World): Promise<readonly DeployList['deploys'][number][]> {
  const all: DeployList['deploys'][number][] = [];
  for (let before: Deploy['id'] | null = ''; before !== null; ) {
    const from: string = before === '' ? '' : `&before=${before}`;
    const page: DeployList = await world.api(`grids/${world.grid}/deploys?limit=100${from}`);
    all.push(...page.deploys);
    before = page.before;
  }
  return all;
}

function unlike(container: FoundContainer, variable: string): readonly string[] {
  if (!container.isRunning || container.isPaused) return [`${say(container)} does not run`];
  const fits = variable === '' || container.environment.includes(variable);
  return fits ? [] : [`${say(container)} is not ${variable}`];
}

function say({ name, host, isRunning, isPaused }: FoundContainer): string {
  const state = isPaused ? 'paused' : isRunning ? 'running' : 'stopped';
  return `${name} on ${host} (${state})`;
}
