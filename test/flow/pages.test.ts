import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { World } from '../support/world.ts';
import { API_TOKEN } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let browser: Browser;
let world: World;

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  });
});

afterEach(async () => await world.stop());
afterAll(async () => await browser.close());

async function logIn(): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(world.master.url);
  await page.getByLabel(/token/i).fill(API_TOKEN);
  await page.getByRole('button').click();
  return page;
}

describe('in a browser', () => {
  it('a deploy’s page shows the failure with its last lines, and becomes green by itself when it recovers', async () => {
    const started = await startFlowWorld({
      files: { 'grid.yml': '', [stackFile('web')]: stackOf('web', { image: 'broken:1' }) },
    });
    world = started.world;
    await world.final(await world.work.head());
    const [deploy] = await world.deploys();
    const page = await logIn();

    await page.goto(`${world.master.url}/deploys/${deploy?.id}`);
    await page.getByText('no database').first().waitFor();
    expect(await page.getByRole('main').innerText()).toContain('web/web-1');

    started.engine.behave('broken:1', { listensAfter: 0 });
    await page.getByText('succeeded').first().waitFor();
  });

  it('a problem stands there with its lines, and leads to what its code means', async () => {
    const shop = `${stackOf('web')}    imagee: <b>demo</b>\n`;
    ({ world } = await startFlowWorld({ files: { 'grid.yml': '', [stackFile('web')]: shop } }));
    await world.final(await world.work.head());
    const [deploy] = await world.deploys();
    const page = await logIn();

    await page.goto(`${world.master.url}/deploys/${deploy?.id}`);
    const frame = page.locator('pre.frame');
    expect(await frame.locator('mark').innerText()).toContain('imagee: <b>demo</b>');
    const text = await frame.innerText();
    const caret = text.split('\n').find((line) => line.endsWith('^')) ?? '';
    expect(caret.indexOf('^')).toBe((text.split('\n').find(isMarked) ?? '').indexOf('imagee'));

    await page.getByRole('link', { name: 'unknown-key' }).click();
    expect(await page.locator(':target').innerText()).toContain('A key that nobody knows');
  });

  it('nothing is shown without the token', async () => {
    ({ world } = await startFlowWorld({
      files: { 'grid.yml': '', [stackFile('web')]: stackOf('web') },
    }));
    const page = await browser.newPage();

    await page.goto(`${world.master.url}/grids/${world.grid}`);

    await page.getByLabel(/token/i).waitFor();
    expect(await page.content()).not.toContain('web-1');
  });
});

function isMarked(line: string): boolean {
  return line.startsWith('>');
}
