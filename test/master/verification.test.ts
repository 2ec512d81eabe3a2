import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createVerification } from '../../src/master/verification.ts';
import type { CommitPolicy } from '../../src/model/commit-policy.ts';
import type { Repository } from '../../src/sync/repository.ts';
import { createSignatureCheck } from '../../src/sync/signature-check.ts';
import { commitAs, createSigners, type Signer, type Signers } from '../support/signers.ts';
import { git } from '../support/temp-repo.ts';
import { createWorld, files, never, type World } from '../sync/world.ts';

let signers: Signers;
let ada: Signer;
let eve: Signer;
let sue: Signer;
let world: World;
let repository: Repository;

beforeAll(async () => {
  signers = await createSigners();
  ada = await signers.gpg('ada');
  eve = await signers.gpg('eve');
  sue = await signers.ssh('sue');
});
afterAll(() => signers.dispose());
beforeEach(async () => {
  world = await createWorld({ engine: 'native', transport: 'path' });
});
afterEach(() => world.dispose());

function policy(of: Partial<CommitPolicy> = {}): CommitPolicy {
  const keys = { gpg: ada.publicKey, ssh: sue.publicKey, sshRevoked: null };
  return { path: 'grids/prod', mode: 'head', seal: null, ...keys, ...of };
}

/** What is said of the branch's newest commit for a grid; null: nothing against it. */
async function verdict(policies: readonly CommitPolicy[], grid = 'prod'): Promise<string | null> {
  await world.work.forcePush();
  repository = await world.open();
  const { head } = await repository.sync(never);
  const signatures = createSignatureCheck(join(world.directory, 'signatures'));
  const verification = createVerification({ policies, repository, signatures });
  const problem = await verification.verify(head, grid);
  const left = await readdir(join(world.directory, 'signatures')).catch(() => []);
  expect(left.filter((name) => name.startsWith('check-'))).toEqual([]);
  return problem === null ? null : problem.message;
}

const grid = (text: string) => ({ 'grids/prod/grid.yml': text });

describe('the newest commit that changed a grid', () => {
  it.each(['gpg', 'ssh'] as const)(
    'passes when it is signed by a trusted key (%s)',
    async (kind) => {
      await commitAs(world.work, kind === 'gpg' ? ada : sue, files);

      expect(await verdict([policy()])).toBeNull();
    },
  );

  it('does not pass unsigned, and the message says whose it is', async () => {
    const sha = await commitAs(world.work, null, files);

    expect(await verdict([policy()])).toBe(
      `commit ${sha.slice(0, 12)} of Ada Example ("a change") is not signed; the master wants trusted signatures for grids/prod/`,
    );
  });

  it('does not pass with a key that is not trusted, of either kind', async () => {
    await commitAs(world.work, eve, files);
    expect(await verdict([policy()])).toMatch(
      /is signed with a key that is not trusted \([0-9A-F]{16}\)/,
    );
    expect(await verdict([policy({ gpg: null })])).toMatch(
      /signed by GPG, of which no keys are trusted/,
    );
    await commitAs(world.work, await signers.ssh(`stranger-${Date.now()}`), grid('a: 1\n'));
    expect(await verdict([policy()])).toMatch(/not trusted now \(ED25519 SHA256:/);
  });

  it('does not pass with a key that has expired or was revoked', async () => {
    const old = await signers.gpg('old', { expires: '2d', at: '20200101T000000' });
    await commitAs(world.work, old, files);
    expect(await verdict([policy({ gpg: old.publicKey })])).toMatch(
      /with a key that has expired \(old /,
    );

    const gone = await signers.gpg('gone');
    await commitAs(world.work, gone, grid('a: 1\n'));
    expect(await verdict([policy({ gpg: gone.publicKey })])).toBeNull();
    const revoked = await signers.revoked('gone');
    expect(await verdict([policy({ gpg: revoked })])).toMatch(
      /with a key that was revoked \(gone /,
    );

    const late = await signers.ssh('late', 'namespaces="git",valid-before="20200101"');
    await commitAs(world.work, late, grid('a: 2\n'));
    expect(await verdict([policy({ ssh: late.publicKey })])).toMatch(
      /key that (has expired|is not trusted now)/,
    );

    await commitAs(world.work, sue, grid('a: 3\n'));
    const sshRevoked = join(signers.directory, 'revoked-keys');
    await writeFile(sshRevoked, await readFile(join(signers.directory, 'sue.pub')));
    expect(await verdict([policy({ sshRevoked })])).toMatch(/with a key that was revoked/);
  });

  it.each(['gpg', 'ssh'] as const)(
    'does not pass when it was changed afterwards (%s)',
    async (kind) => {
      const sha = await commitAs(world.work, kind === 'gpg' ? ada : sue, files);
      const text = await world.work.git('cat-file', 'commit', sha);
      const file = join(world.directory, 'tampered');
      await writeFile(file, `${text.replace('a change', 'a chance')}\n`);
      const made = await world.work.git('hash-object', '-t', 'commit', '-w', file);
      await world.work.git('reset', '-q', '--hard', made);

      expect(await verdict([policy()])).toMatch(/was changed after it was signed/);
    },
  );

  it('does not pass with the signature of another commit, or with two', async () => {
    const sha = await commitAs(world.work, ada, files);
    const text = await world.work.git('cat-file', 'commit', sha);
    const signature = /gpgsig [\s\S]*?-----END PGP SIGNATURE-----\n/.exec(text)?.[0] ?? '';
    const plant = async (planted: string) => {
      const file = join(world.directory, 'planted');
      await writeFile(file, `${planted}\n`);
      const made = await world.work.git('hash-object', '-t', 'commit', '-w', '--literally', file);
      await world.work.git('update-ref', 'refs/heads/main', made);
    };
    await plant(text.replace(signature, signature + signature));
    expect(await verdict([policy()])).toMatch(/is not signed/);
    await commitAs(world.work, null, grid('evil: 1\n'));
    await plant(
      text.replace(/^tree .*/, `tree ${await world.work.git('rev-parse', 'HEAD^{tree}')}`),
    );
    expect(await verdict([policy()])).toMatch(/was changed after it was signed/);
  });

  it('may be an older one: what others change does not count', async () => {
    await commitAs(world.work, ada, files);
    await commitAs(world.work, null, { 'grids/test/grid.yml': 'a: 1\n', 'README.md': 'x\n' });

    expect(await verdict([policy()])).toBeNull();
    expect(await verdict([policy()], 'test')).toBeNull();
    expect(await verdict([policy({ path: 'grids' })], 'prod')).toMatch(/is not signed/);
    expect(await verdict([policy({ path: '' })], 'test')).toMatch(/for the repository/);
  });

  it('counts for shared files, too: they would be the way around', async () => {
    await commitAs(world.work, ada, files);
    await commitAs(world.work, null, { 'stacks/db/kontena.yml': 'stack: evil\n' });

    expect(await verdict([policy()])).toMatch(/is not signed/);
    expect(await verdict([policy({ path: 'stacks/db' })], 'test')).toMatch(/for stacks\/db\//);
    expect(await verdict([policy({ path: 'stacks/other' })], 'test')).toBeNull();
  });

  it('counts when it removes the grid', async () => {
    await commitAs(world.work, ada, files);
    await world.work.remove('grids/prod');
    await commitAs(world.work, null, {});

    expect(await verdict([policy()])).toMatch(/is not signed/);
  });

  it('is the merge where one brought the change, so its maker has to be trusted', async () => {
    const { work } = world;
    await commitAs(work, ada, files);
    await work.git('checkout', '-q', '-b', 'side');
    await commitAs(work, ada, grid('a: 1\n'));
    await work.git('checkout', '-q', 'main');
    await work.git('merge', '-q', '--no-ff', '--no-gpg-sign', '-m', 'merge', 'side');
    expect(await verdict([policy()])).toMatch(/\("merge"\) is not signed/);

    await work.reset('HEAD^');
    await work.git(...ada.options, 'merge', '-q', '--no-ff', '-S', '-m', 'merge', 'side');
    expect(await verdict([policy()])).toBeNull();
  });

  it('is one that was not signed, beneath a signed one: this mode does not see it', async () => {
    await commitAs(world.work, null, files);
    await commitAs(world.work, ada, grid('a: 1\n'));

    expect(await verdict([policy()])).toBeNull();
  });

  it('cannot be avoided by a history that has no such files', async () => {
    await commitAs(world.work, ada, files);
    await world.work.git('checkout', '-q', '--orphan', 'other');
    await world.work.git('rm', '-rqf', '.');
    await commitAs(world.work, ada, { 'README.md': 'gone\n' });
    await world.work.git('branch', '-q', '-M', 'main');

    expect(await verdict([policy()])).toMatch(/has ever changed grids\/prod/);
  });

  it('is checked by every policy that is about it', async () => {
    await commitAs(world.work, sue, files);
    const both = [policy({ path: '' }), policy({ ssh: null })];

    expect(await verdict(both)).toMatch(/signed by SSH, of which no keys are trusted/);
    expect(await verdict(both, 'test')).toBeNull();
  });

  it('takes nothing from the repository: keys and policies in it have no effect', async () => {
    await commitAs(world.work, eve, { ...files, 'verify.yml': 'policies: []\n', '.gpg-id': 'eve' });

    expect(await verdict([policy()])).toMatch(/not trusted/);
  });
});

describe('every commit since a seal', () => {
  it('has to be signed; what came before does not', async () => {
    const seal = await commitAs(world.work, null, files);
    await commitAs(world.work, ada, grid('a: 1\n'));
    const all = policy({ mode: 'all', seal });
    expect(await verdict([all])).toBeNull();

    const sha = await commitAs(world.work, null, grid('a: 2\n'));
    await commitAs(world.work, ada, grid('a: 3\n'));

    expect(await verdict([all])).toContain(`commit ${sha.slice(0, 12)}`);
    expect(await verdict([{ ...all, seal: sha }])).toBeNull();
  });

  it('is looked for on all sides of merges', async () => {
    const { work } = world;
    const seal = await commitAs(work, ada, files);
    await work.git('checkout', '-q', '-b', 'side');
    const bad = await commitAs(work, null, grid('a: 1\n'));
    await commitAs(work, sue, grid('a: 2\n'));
    await work.git('checkout', '-q', 'main');
    await work.git(...ada.options, 'merge', '-q', '--no-ff', '-S', '-m', 'merge', 'side');

    expect(await verdict([policy({ mode: 'all', seal })])).toContain(bad.slice(0, 12));
    expect(await verdict([policy()])).toBeNull();
  });

  it('is none where the history does not lead to the seal', async () => {
    const seal = await commitAs(world.work, ada, files);
    await world.work.git('checkout', '-q', '--orphan', 'other');
    await commitAs(world.work, ada, { ...files, a: '1' });
    await world.work.git('branch', '-q', '-M', 'main');
    await git(world.work.directory, 'push', '-q', world.bare, `${seal}:refs/heads/kept`);

    expect(await verdict([policy({ mode: 'all', seal })])).toMatch(/does not lead to the seal/);
  });
});

it('cannot pass where the program is missing: it says which', async () => {
  await commitAs(world.work, ada, files);
  const path = process.env['PATH'];
  const without = join(world.directory, 'bin');
  await rm(without, { recursive: true, force: true });
  await world.work.forcePush();
  const opened = await world.open();
  const { head } = await opened.sync(never);
  const content = await opened.content(head);
  process.env['PATH'] = without;
  try {
    const check = createSignatureCheck(join(world.directory, 'none'));
    const signed = { content, digits: 40 };
    expect(await check.check(signed, policy())).toEqual({
      kind: 'bad',
      why: 'cannot be checked: there is no gpg on the master (apt install gnupg)',
    });
  } finally {
    process.env['PATH'] = path;
  }
});
