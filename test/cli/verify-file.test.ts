import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPolicies } from '../../src/cli/verify-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gridops-verify-'));
  await writeFile(join(folder, 'ops.asc'), '');
});
afterEach(() => rm(folder, { recursive: true }));

async function read(text: string) {
  const path = join(folder, 'verify.yml');
  await writeFile(path, text);
  return await readPolicies(path);
}

describe('the file of commit policies', () => {
  it('names folders, keys and seals; paths of keys start at its own folder', async () => {
    const seal = 'a'.repeat(40);

    const policies = await read(`policies:
  - path: /grids/production/
    gpg: ops.asc
  - path: /
    mode: all
    seal: ${seal}
    ssh: ./ops.asc
    ssh_revoked: ops.asc
`);

    const keys = join(folder, 'ops.asc');
    expect(policies).toEqual([
      {
        path: 'grids/production',
        mode: 'head',
        seal: null,
        gpg: keys,
        ssh: null,
        sshRevoked: null,
      },
      { path: '', mode: 'all', seal, gpg: null, ssh: keys, sshRevoked: keys },
    ]);
  });

  it.each([
    ['', /it has no policies|expected/],
    ['policies: []\n', /it has no policies/],
    ['policy: []\n', /there is no key "policy"/],
    ['policies:\n  - gpg: ops.asc\n', /path is missing/],
    ['policies:\n  - {path: ../x, gpg: ops.asc}\n', /"\.\.\/x" is not a folder/],
    ['policies:\n  - {path: grids}\n', /gpg or ssh must name a file of keys/],
    ['policies:\n  - {path: grids, gpg: none.asc}\n', /cannot read .*none\.asc/],
    ['policies:\n  - {path: grids, gpg: ops.asc, mode: some}\n', /mode must be head or all/],
    ['policies:\n  - {path: grids, gpg: ops.asc, mode: all}\n', /needs a seal/],
    ['policies:\n  - {path: grids, gpg: ops.asc, seal: abc}\n', /whole id of a commit/],
    ['policies:\n  - {path: grids, gpgs: ops.asc}\n', /there is no key "gpgs" \(/],
  ])('is refused with what is wrong: %j', async (text, message) => {
    await expect(read(text)).rejects.toThrow(message);
  });
});
