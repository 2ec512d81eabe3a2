import { App } from 'octokit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { clientClass, clientOf, refusalOf } from './client.ts';
import type { InstalledApp } from './fake-app.ts';
import { type FakeGithub, startFakeGithub } from './fake-github.ts';
import type { FakeRepository } from './fake-repository.ts';
import { type Receiver, startReceiver } from './receiver.ts';

let fake: FakeGithub;
let repository: FakeRepository;
let receiver: Receiver;
let installed: InstalledApp;
let lead: number;

const named = { owner: 'acme', repo: 'grids' };

beforeEach(async () => {
  lead = 0;
  fake = await startFakeGithub({ clock: { ...systemClock, now: () => Date.now() + lead } });
  repository = await fake.createRepository({ files: { 'a.yml': '1' } });
  receiver = await startReceiver();
  const { url, secret } = receiver;
  installed = await fake.createApp({ webhook: { url, secret, events: ['push'] } });
});

afterEach(async () => {
  await receiver.close();
  await fake.close();
  expect(fake.violations).toEqual([]);
});

function app(privateKey = installed.privateKey): App {
  const { appId } = installed;
  return new App({ appId, privateKey, Octokit: clientClass(fake) });
}

it('an app exchanges its key for a token of an hour and works under its own name', async () => {
  const octokit = await app().getInstallationOctokit(installed.installationId);
  const sha = (await repository.head()) ?? '';
  for (const state of ['pending', 'success'] as const) {
    await octokit.rest.repos.createCommitStatus({ ...named, sha, state, context: 'gridops/prod' });
  }
  expect(fake.statuses(sha).map(({ creator }) => creator.login)).toEqual([
    'gridops[bot]',
    'gridops[bot]',
  ]);
  const exchanges = fake.requests.filter(
    ({ operation }) => operation === 'apps/create-installation-access-token',
  );
  expect(exchanges).toHaveLength(1);
});

it('an installation token ends after an hour', async () => {
  const { octokit } = app();
  const { data } = await octokit.rest.apps.createInstallationAccessToken({
    installation_id: installed.installationId,
  });
  const client = clientOf(fake, data.token);
  expect((await client.rest.repos.get(named)).status).toBe(200);
  lead = 3_600_000;
  expect(await refusalOf(client.rest.repos.get(named))).toMatchObject({ status: 401 });
});

it('an app may do what it was given, on the repositories of the account that installed it', async () => {
  const octokit = await app().getInstallationOctokit(installed.installationId);
  expect(await refusalOf(octokit.rest.repos.listWebhooks(named))).toMatchObject({
    status: 403,
    body: { message: 'Resource not accessible by integration' },
  });
  await fake.createRepository({ owner: 'others' });
  const foreign = octokit.rest.repos.get({ ...named, owner: 'others' });
  expect(await refusalOf(foreign)).toMatchObject({ status: 404 });
  const { data } = await octokit.rest.apps.listReposAccessibleToInstallation();
  expect(data.repositories.map(({ full_name }) => full_name)).toEqual(['acme/grids']);
});

it('an app finds where it is installed', async () => {
  const { octokit } = app();
  const { data } = await octokit.rest.apps.getRepoInstallation(named);
  expect(data).toMatchObject({ id: installed.installationId, account: { login: 'acme' } });
  expect((await octokit.rest.apps.listInstallations()).data).toHaveLength(1);
  expect((await octokit.rest.apps.getAuthenticated()).data).toMatchObject({ slug: 'gridops' });
});

it('a foreign key, a clock that is wrong and a token that lives too long are refused', async () => {
  const other = await fake.createApp({ slug: 'other' });
  const request = app(other.privateKey).octokit.rest.apps.getAuthenticated();
  expect(await refusalOf(request)).toMatchObject({
    status: 401,
    body: { message: 'A JSON web token could not be decoded' },
  });
  lead = -3_600_000;
  const early = await fetch(`${fake.baseUrl}/app`, { headers: await jwtOf(app()) });
  expect(await early.json()).toMatchObject({ message: expect.stringContaining("('iat')") });
  lead = 3_600_000;
  const late = await fetch(`${fake.baseUrl}/app`, { headers: await jwtOf(app()) });
  expect(await late.json()).toMatchObject({ message: expect.stringContaining("('exp')") });
});

it("an app's webhook carries the installation and shares the delivery's id with the repository's hooks", async () => {
  repository.addHook({ url: `${receiver.url}?hook=2`, secret: receiver.secret });
  await fake.settled();
  await repository.commit({ 'a.yml': '2' });
  await fake.settled();
  const pushes = receiver.received.filter(({ event }) => event === 'push');
  expect(pushes).toHaveLength(2);
  expect(new Set(pushes.map(({ guid }) => guid)).size).toBe(1);
  const targets = new Map(
    pushes.map(({ headers, payload }) => [
      headers['x-github-hook-installation-target-type'],
      (payload['installation'] as { id: number } | undefined)?.id,
    ]),
  );
  expect(targets.get('integration')).toBe(installed.installationId);
  expect(targets.get('repository')).toBeUndefined();
  const { octokit } = app();
  const { data } = await octokit.rest.apps.listWebhookDeliveries();
  expect(data).toHaveLength(1);
  await octokit.rest.apps.redeliverWebhookDelivery({ delivery_id: data[0]?.id ?? 0 });
  await fake.settled();
  expect(fake.deliveries.at(-1)).toMatchObject({ redelivery: true, guid: pushes[0]?.guid });
});

it("Git takes an installation's token", async () => {
  const { octokit } = app();
  const { data } = await octokit.rest.apps.createInstallationAccessToken({
    installation_id: installed.installationId,
  });
  const credentials = Buffer.from(`x-access-token:${data.token}`).toString('base64');
  const read = await fetch(`${repository.cloneUrl}/info/refs?service=git-upload-pack`, {
    headers: { authorization: `basic ${credentials}` },
  });
  expect(read.status).toBe(200);
  const write = await fetch(`${repository.cloneUrl}/info/refs?service=git-receive-pack`, {
    headers: { authorization: `basic ${credentials}` },
  });
  expect(write.status).toBe(403);
});

async function jwtOf({ octokit }: App): Promise<Readonly<Record<string, string>>> {
  const { token } = (await octokit.auth({ type: 'app' })) as { readonly token: string };
  return { authorization: `bearer ${token}` };
}
