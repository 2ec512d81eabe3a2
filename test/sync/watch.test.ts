import { mkdtemp, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { type RepositoryWatch, watchRepository } from '../../src/sync/watch.ts';
import { createWorkRepository, git, type WorkRepository } from '../support/temp-repo.ts';

describe('watching a local repository', () => {
  let directory: string;
  let bare: string;
  let work: WorkRepository;
  let watches: RepositoryWatch[];
  let changes: number;
  let errors: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gridops-watch-'));
    bare = join(directory, 'bare.git');
    await git(directory, 'init', '-q', '--bare', '-b', 'main', bare);
    work = await createWorkRepository({ remote: bare });
    await work.commitFiles({ a: '1' });
    watches = [];
    changes = 0;
    errors = [];
  });
  afterEach(async () => {
    await Promise.all(watches.map((started) => started.close()));
    await work.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  async function watch(path: string, branch = 'main'): Promise<void> {
    const started = await watchRepository({
      path,
      branch,
      onChange: () => {
        changes += 1;
      },
      onError: (error) => errors.push(error.code),
      clock: systemClock,
      recheck: 50,
    });
    watches.push(started);
  }

  it('notices the first push into an empty bare repository, and each one after', async () => {
    await watch(bare);
    expect(changes).toBe(0);

    await work.push();
    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(0);
    const after = changes;
    await work.commitFiles({ a: '2' });
    await work.push();

    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(after);
    expect(errors).toEqual([]);
  });

  it('notices a commit in a work tree, and nothing that is no commit', async () => {
    await watch(work.directory);
    await work.write('b', '1');
    await work.git('add', '--all');
    await work.git('branch', 'other');
    await work.git('tag', 'v1');
    const before = changes;

    await work.commit();

    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(before);
    expect(before).toBe(0);
  });

  it('notices a commit in a linked work tree', async () => {
    const linked = join(directory, 'linked');
    await work.git('worktree', 'add', '-q', '-b', 'live', linked);
    await watch(linked, 'live');

    await git(linked, 'commit', '-q', '--allow-empty', '-m', 'x');

    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(0);
  });

  it('notices a branch with a slash, a packed and a deleted one', async () => {
    await work.push();
    await watch(bare, 'team/live');
    await work.git('push', '-q', 'origin', 'main:refs/heads/team/live');
    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(0);

    const pushed = changes;
    await git(bare, 'pack-refs', '--all', '--prune');
    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(pushed);
    const packed = changes;
    await git(bare, 'update-ref', '-d', 'refs/heads/team/live');
    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(packed);

    const gone = changes;
    await work.git('push', '-q', 'origin', 'main:refs/heads/team/live');
    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(gone);
  });

  it('makes one change of many writes', async () => {
    await watch(work.directory);

    for (let number = 0; number < 5; number += 1) {
      await work.git('update-ref', 'refs/heads/main', 'HEAD');
    }
    await work.commitFiles({ a: '2' });

    await expect.poll(() => changes).toBeGreaterThan(0);
    expect(changes).toBeLessThan(8);
  });

  it('says when the repository goes away, and when it is back', async () => {
    await work.push();
    await watch(bare);

    await rename(bare, `${bare}.away`);
    await expect.poll(() => errors).toEqual(['repository-unreachable']);
    const before = changes;
    await rename(`${bare}.away`, bare);
    await expect.poll(() => changes).toBeGreaterThan(before);

    const back = changes;
    await work.commitFiles({ a: '2' });
    await work.push();
    await expect.poll(() => changes, { interval: 2 }).toBeGreaterThan(back);
  });

  it('waits for a repository that is not there yet', async () => {
    const path = join(directory, 'later.git');
    await watch(path);
    expect(errors).toEqual(['repository-unreachable']);

    // Renamed into place: what git does while it clones would be changes of their own.
    await git(directory, 'clone', '-q', '--bare', '--no-local', work.directory, `${path}.new`);
    await rename(`${path}.new`, path);

    await expect.poll(() => changes).toBe(1);
  });

  it('follows a link that is exchanged', async () => {
    await work.push();
    await git(
      directory,
      'clone',
      '-q',
      '--bare',
      '--no-local',
      bare,
      join(directory, 'second.git'),
    );
    const link = join(directory, 'link');
    await symlink(bare, link);
    await watch(link);

    await symlink(join(directory, 'second.git'), `${link}.new`);
    await rename(`${link}.new`, link);

    await expect.poll(() => changes).toBe(1);
    await git(join(directory, 'second.git'), 'update-ref', '-d', 'refs/heads/main');
    await expect.poll(() => changes).toBe(2);
  });

  it('is silent after it was closed', async () => {
    await work.push();
    await watch(bare);
    await watches[0]?.close();
    const before = changes;

    await work.commitFiles({ a: '2' });
    await work.push();

    expect(changes).toBe(before);
  });
});
