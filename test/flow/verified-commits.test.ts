import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { commitAs, createSigners, type Signer, type Signers } from '../support/signers.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let signers: Signers;
let ada: Signer;

beforeAll(async () => {
  signers = await createSigners();
  ada = await signers.ssh('ada');
});
afterAll(() => signers.dispose());
afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function push(signer: Signer | null, image: string): Promise<string> {
  const path = `grids/${world.grid}/${stackFile('web')}`;
  const sha = await commitAs(world.work, signer, { [path]: stackOf('web', { image }) });
  await world.work.push();
  return sha;
}

/** The comment on a pull request whose only commit somebody has signed, or nobody. */
async function preview(signer: Signer | null, branch: string): Promise<string> {
  const { work, repository } = world;
  const main = await work.head();
  const path = `grids/${world.grid}/${stackFile('web')}`;
  await commitAs(work, signer, { [path]: stackOf('web', { instances: 2 }) });
  await work.git('push', '-q', 'origin', `HEAD:refs/heads/${branch}`);
  await work.reset(main);
  const pull = await repository.openPullRequest({ branch });
  const status = await world.github.waitForStatus(
    pull.head,
    'gridops/plan',
    ({ state }) => state !== 'pending',
    30_000,
  );
  expect(status.state).toBe('success');
  return await eventually(
    async () => await Promise.resolve(pull.comments[0]?.body ?? null),
    'the comment',
  );
}

async function images(): Promise<readonly string[]> {
  const { services } = await world.api<{ services: { image: string }[] }>(
    `grids/${world.grid}/services`,
  );
  return services.map(({ image }) => image);
}

it('a commit that is not signed changes nothing, says so, and is made good by one that is', async () => {
  const keys = { gpg: null, ssh: ada.publicKey, sshRevoked: null };
  const policy = { path: '', mode: 'head', seal: null, ...keys } as const;
  ({ world } = await startFlowWorld({
    files: { 'grid.yml': '' },
    tracked: { verify: [policy] },
  }));
  const first = await world.work.head();
  expect(await world.final(first)).toMatchObject({
    state: 'failure',
    description: expect.stringMatching(/commit \w{12} of Ada Example \("first"\) is not signed/),
  });
  const signed = await push(ada, 'demo:1');
  expect(await world.final(signed)).toMatchObject({ state: 'success' });

  expect(await preview(ada, 'signed')).toContain(
    `Signed as the master wants it: \`${world.grid}\`.`,
  );
  const shownUnsigned = await preview(null, 'unsigned');
  expect(shownUnsigned).toMatch(
    /\*\*Not signed\*\* as the master wants it\n\n```text\n.*is not signed/,
  );
  expect(shownUnsigned).toContain('After the merge its commit must be signed by somebody');

  const unsigned = await push(null, 'demo:2');

  const status = await world.final(unsigned);
  expect(status.state).toBe('failure');
  expect(await images()).toEqual(['demo:1']);
  const [deploy] = await world.deploys();
  const { problems } = await world.deploy(deploy?.id ?? '');
  expect(problems).toMatchObject([
    { code: 'commit-unverified', hint: expect.stringContaining('git commit -S') },
  ]);
  await world.work.remove(`grids/${world.grid}`);
  const gone = await commitAs(world.work, null, {});
  await world.work.push();
  expect(await world.final(gone)).toMatchObject({ state: 'failure' });
  expect(await images()).toEqual(['demo:1']);

  await world.stopMaster();
  await world.startMaster();
  const shown = async () => (await images().catch(() => [])).join();
  await eventually(async () => ((await shown()) === 'demo:1' ? true : null), 'the same as before');
  await world.work.reset(signed);
  await world.work.forcePush();
  const good = await push(ada, 'demo:2');
  expect(await world.final(good)).toMatchObject({ state: 'success' });
  expect(await images()).toEqual(['demo:2']);
  await expect(world.api(`grids/${world.grid}/rollback`, {})).rejects.toThrow(
    /must be signed by a person/,
  );
});
