import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import { aDeploy, OLD_SHA, SHA } from './fake-operations.ts';
import { startServer, type TestServer } from './test-server.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await server.close();
});

const PAGE = '/grids/production/rollback';

async function textOf(path: string): Promise<string> {
  return await (await server.page(path)).text();
}

/** The fields of the form whose button says `label`. */
async function fieldsOf(path: string, label: string): Promise<URLSearchParams> {
  const text = await textOf(path);
  const forms = text.match(/<form class="action"[^]*?<\/form>/g) ?? [];
  const form = forms.find((one) => one.includes(`>${label}<`)) ?? '';
  const inputs = form.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return new URLSearchParams(
    Object.fromEntries([...inputs].map(([, name = '', value = '']) => [name, value])),
  );
}

it('a grid leads to what going back would do, and nothing is done by looking', async () => {
  expect(await textOf('/grids/production')).toContain(`<a class="button" href="${PAGE}">`);

  const text = await textOf(PAGE);

  expect(server.operations.calls.at(-1)).toBe('rollback production {"dryRun":true} page');
  expect(text).toContain('grids/production/stacks/shop/kontena.yml');
  expect(text).toContain('Serve &lt;it&gt; over two ports');
  expect(text).toContain('Use nginx 1.27');
  expect(text).toContain('Stays as it is now: grids/production/secrets.yml');
  expect(text).toContain('shop/web-1: replace');
});

it('an older deploy that succeeded leads there with its commit', async () => {
  const older = aDeploy({ id: 'older', sha: OLD_SHA, phase: 'succeeded' });
  server.operations.deployList = [aDeploy({ phase: 'succeeded' }), older];

  expect(await textOf('/deploys/older')).toContain(`href="${PAGE}?to=${OLD_SHA}"`);
});

it('one click pushes exactly what was shown', async () => {
  const body = await fieldsOf(PAGE, 'Push to main');

  const answer = await server.page(PAGE, { method: 'POST', body });

  expect([answer.status, answer.headers.get('location')]).toEqual([303, '/grids/production']);
  const wish = { to: OLD_SHA, head: SHA, dryRun: false };
  expect(server.operations.calls.at(-1)).toBe(`rollback production ${JSON.stringify(wish)} page`);
});

it('another opens a pull request, and leads to it', async () => {
  const body = await fieldsOf(`${PAGE}?shared=yes`, 'Open a pull request');

  const text = await (await server.page(PAGE, { method: 'POST', body })).text();

  expect(server.operations.calls.at(-1)).toContain('"pullRequest":true,"shared":true');
  expect(text).toContain('<a href="https://forge.example/pull/7">Pull request 7</a>');
});

it('what is refused is said with what to do, before and after the click', async () => {
  const body = await fieldsOf(PAGE, 'Push to main');
  server.operations.refusal = new GridError({
    code: 'invalid-request',
    message: 'other grids <use> it',
    hint: 'Take all.',
  });

  expect(await textOf(PAGE)).toContain('other grids &lt;use&gt; it');
  const answer = await server.page(PAGE, { method: 'POST', body });
  expect(answer.status).toBe(409);
  expect(await answer.text()).toContain('Take all.');
});

it('no other site can click', async () => {
  const body = new URLSearchParams({ to: OLD_SHA, head: SHA });

  expect((await server.page(PAGE, { method: 'POST', body })).status).toBe(403);
  expect(server.operations.calls.filter((call) => !call.includes('dryRun":true'))).toEqual([]);
});
