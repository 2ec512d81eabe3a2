import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RefsChanged } from '../support/git-http-server.ts';
import { git } from '../support/temp-repo.ts';
import { createWorld, type World } from './world.ts';

describe('the Git server of the tests', () => {
  let world: World;
  let heard: RefsChanged[];

  beforeEach(async () => {
    world = await createWorld({ engine: 'native', transport: 'http' });
    heard = [];
    world.server.onRefsChanged((changed) => void heard.push(changed));
    await world.work.git('remote', 'set-url', 'origin', world.url);
  });
  afterEach(() => world.dispose());

  it('tells which refs a push created, moved and deleted', async () => {
    const first = await world.push({ a: '1' });
    const second = await world.push({ a: '2' });
    await world.work.git('push', '-q', 'origin', `${first}:refs/heads/other`);
    await world.work.deleteRemoteBranch();

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
    await world.push({ a: '1' });
    await world.work.push();

    expect(heard).toHaveLength(1);
  });

  it('keeps to who may write', async () => {
    world.server.authorise((_, { write }) => (write ? 'forbid' : 'allow'));
    await world.work.commit();

    await expect(world.work.push()).rejects.toThrow('403');

    expect(await git(world.bare, 'for-each-ref')).toBe('');
  });
});
