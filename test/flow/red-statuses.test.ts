import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, type World } from '../support/world.ts';
import { startFlowWorld } from './flow-world.ts';
import * as deploys from './red/deploys.ts';
import * as environments from './red/environments.ts';
import * as previews from './red/previews.ts';
import { type RedScenario, web } from './red/scenario.ts';

/** What is told under one heading of docs/statuses.md, in one state. */
interface Told {
  readonly heading: string;
  readonly state: string;
  readonly scenarios: readonly RedScenario[];
  /** What is said of a commit by now; `null`: nothing. */
  readonly said: (sha: string) => Said | null;
}

interface Said {
  readonly state: string | null;
  readonly text: string | null;
}

let world: World;

afterEach(async () => {
  const { violations } = world.github;
  world.github.calm();
  await world.stop();
  expect(violations).toEqual([]);
});

const DEPLOY = { heading: '`gridops/<grid>`', said: status((grid) => `gridops/${grid}`) };
const PLAN = { heading: '`gridops/plan`', said: status(() => 'gridops/plan') };
const GRID_PLAN = {
  heading: '`gridops/plan (<grid>)`',
  said: status((grid) => `gridops/plan (${grid})`),
};
const ENVIRONMENT = {
  heading: '`gridops/environment (<grid>)`',
  said: status((grid) => `gridops/environment (${grid})`),
};
const FILES = { heading: 'Check run `gridops/files`', said: check(() => 'gridops/files') };
const GRID_FILES = {
  heading: 'Check run `gridops/files (<grid>)`',
  said: check((grid) => `gridops/files (${grid})`),
};
const DEPLOYMENT = { heading: 'Deployments', said: deployment };

/** In the order of the document. */
const all: readonly Told[] = [
  { ...DEPLOY, state: 'failure', scenarios: deploys.deployScenarios },
  { ...DEPLOY, state: 'error', scenarios: deploys.faultScenarios },
  { ...DEPLOY, state: 'pending', scenarios: deploys.heldScenarios },
  { ...PLAN, state: 'failure', scenarios: previews.planScenarios },
  { ...PLAN, state: 'error', scenarios: previews.unplannedScenarios },
  { ...GRID_PLAN, state: 'failure', scenarios: previews.gridPlanScenarios },
  { ...ENVIRONMENT, state: 'failure', scenarios: environments.environmentScenarios },
  { ...ENVIRONMENT, state: 'pending', scenarios: environments.waitingScenarios },
  { ...FILES, state: 'failure', scenarios: previews.filesScenarios },
  { ...GRID_FILES, state: 'failure', scenarios: deploys.gridFilesScenarios },
  { ...DEPLOYMENT, state: 'failure', scenarios: deploys.deploymentScenarios },
  { ...DEPLOYMENT, state: 'inactive', scenarios: deploys.inactiveScenarios },
];

for (const { heading, state, scenarios, said } of all)
  describe(`${heading} in state ${state}`, () => {
    for (const scenario of scenarios)
      it(`says of ${scenario.name} what it is`, async () => {
        const { files = {}, options, arrange, line } = scenario;
        const started = await startFlowWorld({
          ...(await options?.()),
          asApp: heading.startsWith('Check'),
          files: { 'grid.yml': '', ...web(), ...files },
        });
        ({ world } = started);
        await world.final(await world.work.head());

        const { sha, words = {} } = await arrange(world, started.engine);

        const expected = exactly(filled(scenario.said, { grid: world.grid, ...words }));
        const isTold = (): boolean => {
          const now = said(sha);
          return now?.state === state && expected.test(now.text ?? '');
        };
        const told = eventually(
          async () => await Promise.resolve(isTold() ? true : null),
          `${state} ${String(expected)}`,
          20_000,
        );
        await told.catch((error: unknown) => {
          expect(said(sha)).toEqual({ state, text: expect.stringMatching(expected) });
          throw error;
        });
        expect(said(sha)?.text).toMatch(pattern(line));
      }, 60_000);
  });

describe('docs/statuses.md', () => {
  it('has every one of these, once, and no other', () => {
    const shown = all.flatMap(({ heading, state, scenarios }) =>
      scenarios.map(({ line }) => ({ heading, state, line })),
    );
    expect(documented()).toEqual(shown);
  });
});

function status(context: (grid: string) => string): Told['said'] {
  return (sha) => {
    const name = context(world.grid);
    const found = world.github.statuses(sha).findLast((one) => one.context === name);
    return found === undefined ? null : { state: found.state, text: found.description };
  };
}

function check(context: (grid: string) => string): Told['said'] {
  return (sha) => {
    const name = context(world.grid);
    const runs = world.repository.checkRuns;
    const run = runs.findLast((one) => one.sha === sha && one.name === name);
    return run === undefined ? null : { state: run.conclusion, text: run.output?.title ?? null };
  };
}

function deployment(sha: string): Said | null {
  const found = world.repository.deployments.findLast((one) => one.sha === sha);
  const last = found?.statuses.at(-1);
  return last === undefined ? null : { state: last.state, text: last.description };
}

function filled(text: string, words: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, word: string) => words[word] ?? '');
}

/** `*` is a number. */
function exactly(text: string): RegExp {
  return new RegExp(`^${text.split('*').map(escaped).join('\\d+')}$`);
}

/** `<…>` is anything. */
function pattern(line: string): RegExp {
  const parts = line.split(/<(?:[^<>]|<[^<>]*>)*>/).map(escaped);
  return new RegExp(`^${parts.join('.+')}$`);
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The first two columns of each table, and what it is under. */
function documented(): readonly Omit<Told & { readonly line: string }, 'scenarios' | 'said'>[] {
  const path = join(import.meta.dirname, '../../docs/statuses.md');
  const rows = [];
  let heading = '';
  for (const text of readFileSync(path, 'utf8').split('\n')) {
    if (text.startsWith('## ')) heading = text.slice(3);
    const [, state = '', line = ''] = /^\| `(\w+)` \| `(.+?)` \|/.exec(text) ?? [];
    if (state !== '') rows.push({ heading, state, line });
  }
  return rows;
}
