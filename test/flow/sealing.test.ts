import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { EXIT, runGridops, withFolder } from '../cli/test-cli.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { API_TOKEN, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

const files = { [stackFile('web')]: stackOf('web') };
const withSecret = stackOf('web', {
  more: '    secrets: [{secret: password, name: PASSWORD, type: env}]\n',
});

/** Seals a value as a user does, in a working tree with what was sealed before; returns the new secrets.yml. */
async function seal(value: string, before: string | null): Promise<string> {
  const grid = `grids/${world.grid}`;
  const sealed = before === null ? {} : { [`${grid}/secrets.yml`]: before };
  let text = '';
  await withFolder({ [`${grid}/grid.yml`]: '', ...sealed }, async (folder) => {
    const { code, err } = await runGridops(['secret', 'seal', world.grid, 'password'], {
      cwd: folder,
      stdin: `${value}\n`,
      env: { GRIDOPS_URL: world.master.url, GRIDOPS_API_TOKEN: API_TOKEN },
    });
    expect([code, err]).toEqual([EXIT.done, expect.not.stringContaining('warning')]);
    text = await readFile(join(folder, grid, 'secrets.yml'), 'utf8');
  });
  return text;
}

function password(): string | undefined {
  return engine.get('web.web-1').instance.spec.env['PASSWORD'];
}

it('what is sealed for the running master reaches the container, and another value replaces it', async () => {
  ({ world, engine } = await startFlowWorld({ files }));
  await world.final(await world.work.head());

  const first = await seal('first-value', null);
  const sha = await world.push({ 'secrets.yml': first, [stackFile('web')]: withSecret });
  expect(await world.final(sha)).toMatchObject({ state: 'success' });
  expect(password()).toBe('first-value');

  const second = await world.push({ 'secrets.yml': await seal('second-value', first) });
  expect(await world.final(second)).toMatchObject({ state: 'success' });
  expect(password()).toBe('second-value');
  const seen = [await world.deploys(), await world.instances(), await world.events()];
  expect(JSON.stringify(seen)).not.toMatch(/first-value|second-value/);
});
