import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { PreviewList } from '../../src/protocol/preview-api.ts';
import type { Log } from '../../src/runtime/log.ts';
import { API_TOKEN, type World } from '../support/world.ts';

/** Keeps everything that is logged, at every level. */
export function listening(logged: string[]): Log {
  const log = (fields: unknown, message = ''): void => {
    logged.push(`${inspect(fields, { depth: 8 })} ${message}`);
  };
  const all: Log = { debug: log, info: log, warn: log, error: log, child: () => all };
  return all;
}

/** Everything that the master keeps, everything that it says when it is asked, and everything that it told the forge. */
export async function everythingSaidIn(world: World, logged: readonly string[]): Promise<string> {
  const deploys = await world.deploys();
  const { previews } = await world.api<PreviewList>(`grids/${world.grid}/previews`);
  const shown = [
    `grids/${world.grid}`,
    ...deploys.map(({ id }) => `deploys/${id}`),
    ...previews.map(({ id }) => `previews/${id}`),
  ];
  const asked = [
    ...shown,
    'repositories',
    `grids/${world.grid}/instances`,
    `grids/${world.grid}/services`,
    `grids/${world.grid}/variables`,
    `grids/${world.grid}/previews`,
    `events?grid=${world.grid}&limit=200`,
  ];
  const answers = await Promise.all(asked.map(async (of) => JSON.stringify(await world.api(of))));
  const said = [await filesOf(world), ...answers, ...(await pagesOf(world, shown)), ...logged];
  return [...said, ...toldTo(world, deploys)].join('\n');
}

/** Also as files travel; an assertion on the text itself would print all of it. */
export function tells(said: string, text: string): boolean {
  return said.includes(text) || said.includes(Buffer.from(text).toString('base64').slice(0, -3));
}

async function filesOf({ masterData }: World): Promise<string> {
  const kept = (await readdir(masterData)).filter((name) => name.startsWith('gridops.db'));
  if (kept.length === 0) throw new Error('the master keeps nothing');
  const files = kept.map(async (name) =>
    (await readFile(join(masterData, name))).toString('latin1'),
  );
  return (await Promise.all(files)).join('\n');
}

async function pagesOf({ master }: World, paths: readonly string[]): Promise<readonly string[]> {
  const body = new URLSearchParams({ token: API_TOKEN });
  const answer = await fetch(`${master.url}/login`, { method: 'POST', body, redirect: 'manual' });
  const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
  return await Promise.all(
    ['', ...paths].map(async (path) => {
      const page = await fetch(`${master.url}/${path}`, { headers: { cookie } });
      if (page.status !== 200) throw new Error(`the page ${path} was answered with ${page.status}`);
      return await page.text();
    }),
  );
}

function toldTo(
  { github, repository }: World,
  deploys: readonly { readonly sha: string }[],
): readonly string[] {
  const shas = [
    ...deploys.map(({ sha }) => sha),
    ...repository.pullRequests.map(({ head }) => head),
  ];
  return [
    ...shas.map((sha) => inspect(github.statuses(sha), { depth: 3 })),
    ...repository.pullRequests.flatMap(({ comments }) => comments.map(({ body }) => body)),
    inspect(repository.deployments, { depth: 5 }),
    inspect(repository.checkRuns, { depth: 6 }),
  ];
}
