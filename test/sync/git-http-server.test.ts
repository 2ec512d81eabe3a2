import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RefsChanged } from '../support/git-http-server.ts';
import { createWorkRepository, git, type WorkRepository } from '../support/temp-repo.ts';
import { createWorld, type World } from './world.ts';

describe('the Git server of the tests', () => {
  let world: World;
  /** Pushes over http. */
  let work: WorkRepository;
  let heard: RefsChanged[];

  beforeEach(async () => {
    world = await createWorld({ engine: 'native', transport: 'http' });
    heard = [];
    world.server.onRefsChanged((changed) => void heard.push(changed));
    work = await createWorkRepository({ remote: world.url });
  });
  afterEach(async () => {
    await work.dispose();
    await world.dispose();
  });

  async function push(files: Readonly<Record<string, string>>): Promise<string> {
    const sha = await work.commitFiles(files);
    await work.push();
    return sha;
  }

  it('tells which refs a push created, moved and deleted', async () => {
    const first = await push({ a: '1' });
    const second = await push({ a: '2' });
    await work.git('push', '-q', 'origin', `${first}:refs/heads/other`);
    await work.deleteRemoteBranch();

    const main = 'refs/heads/main';
    expect(heard.flatMap(({ changes }) => changes)).toEqual([
      { ref: main, before: null, after: first },
      { ref: main, before: first, after: second },
      { ref: 'refs/heads/other', before: null, after: first },
      { ref: main, before: second, after: null },
    ]);
    expect(heard[0]).toMatchObject({ repository: 'infra', directory: world.bare });
  });

  it('says nothing of a push that moved nothing', async () => {
    await push({ a: '1' });
    await work.push();

    expect(heard).toHaveLength(1);
  });

  it('keeps to who may write', async () => {
    world.server.authorise((_, { write }) => (write ? 'forbid' : 'allow'));
    await work.commit();

    await expect(work.push()).rejects.toThrow('403');

    expect(await git(world.bare, 'for-each-ref')).toBe('');
  });
});
