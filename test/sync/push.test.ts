import { execFile } from 'node:child_process';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { git } from '../support/temp-repo.ts';
import { pushContract } from './push-contract.ts';
import { createWorld, faultOf, files, never, type World } from './world.ts';

const run = promisify(execFile);

pushContract('native', 'http');
pushContract('native', 'path', 'sha256');
pushContract('isomorphic', 'http');
pushContract('isomorphic', 'path');

describe('a branch of a repository on this machine', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld({ engine: 'native', transport: 'path' });
  });
  afterEach(() => world.dispose());

  const wish = { author: 'ada', message: 'Roll back', at: 0, files: ['README.md'] };

  it('is not moved under the files of a work tree', async () => {
    const first = await world.work.commitFiles(files);
    const last = await world.work.commitFiles({ 'README.md': 'new\n' });
    const repository = await world.open({ url: world.work.directory });
    await repository.sync(never);
    const commit = await repository.restore({ ...wish, onto: last, from: first });

    const fault = await faultOf(repository.push({ branch: 'main', commit, expected: last }, never));

    expect(fault.message).toContain('main is checked out in a work tree there');
    expect(fault.hint).toContain('git revert');
    expect(await world.work.head()).toBe(last);
    const other = { branch: 'gridops/rollback', commit, expected: null };
    expect(await repository.push(other, never)).toBe(true);
    expect(await world.work.git('rev-parse', 'gridops/rollback')).toBe(commit);
  });

  it('waits for whoever holds its lock, and packs refs as git does', async () => {
    const first = await world.push(files);
    const last = await world.push({ 'README.md': 'new\n' });
    await git(world.bare, 'pack-refs', '--all');
    const repository = await world.open();
    await repository.sync(never);
    const commit = await repository.restore({ ...wish, onto: last, from: first });
    const lock = join(world.bare, 'refs/heads/main.lock');
    await run('touch', [lock]);
    const push = { branch: 'main', commit, expected: last };

    expect(await repository.push(push, never)).toBe(false);
    await run('rm', [lock]);
    expect(await repository.push(push, never)).toBe(true);
    expect(await git(world.bare, 'rev-parse', 'main')).toBe(commit);
    expect(await readdir(join(world.bare, 'refs/heads'))).toEqual(['main']);
  });

  it.skipIf(process.getuid?.() !== 0)('stays its owner’s (needs root)', async () => {
    const first = await world.push(files);
    const last = await world.push({ 'README.md': 'new\n' });
    await run('chown', ['-R', '65534:65534', world.bare]);
    const repository = await world.open();
    await repository.sync(never);
    const commit = await repository.restore({ ...wish, onto: last, from: first });

    expect(await repository.push({ branch: 'main', commit, expected: last }, never)).toBe(true);

    for (const name of await readdir(world.bare, { recursive: true })) {
      expect([name, (await lstat(join(world.bare, name))).uid]).toEqual([name, 65_534]);
    }
  });
});
