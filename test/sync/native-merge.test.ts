import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { mergeContract } from './merge-contract.ts';
import { refsContract } from './refs-contract.ts';
import { createWorld, faultOf, files, never, type World } from './world.ts';

refsContract('native over http', { engine: 'native', transport: 'http' });

const path = { engine: 'native', transport: 'path', objectFormat: 'sha256' } as const;
refsContract('native over a path, with sha256', path);
mergeContract('native, with sha256', path);

describe('native: what refs of others may take', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld({ engine: 'native', transport: 'http' });
  });
  afterEach(() => world.dispose());

  async function request(bytes: number): Promise<string> {
    const before = await world.work.head();
    const sha = await world.work.commitFiles({ large: randomBytes(bytes) });
    await world.work.git('push', '-q', world.bare, `+${sha}:refs/pull/7/head`);
    await world.work.reset(before);
    return sha;
  }

  it('is bounded, and the branch goes on', async () => {
    await world.push(files);
    await request(200_000);
    const repository = await world.open({ limits: { refBytes: 50_000 } });
    await repository.sync(never);

    const fault = await faultOf(repository.fetchRef('refs/pull/7/head', never));

    expect(fault.code).toBe('repository-too-large');
    expect(await repository.fetchedRefs()).toEqual([]);
    const sha = await world.push({ a: '1' });
    expect((await repository.sync(never)).head).toBe(sha);
  });

  it('is given back when the branch needs the room', async () => {
    await world.push(files);
    const ref = await request(200_000);
    const repository = await world.open({ limits: { mirrorBytes: 300_000 } });
    await repository.sync(never);
    expect(await repository.fetchRef('refs/pull/7/head', never)).toBe(ref);
    const sha = await world.push({ more: randomBytes(150_000) });

    expect((await repository.sync(never)).head).toBe(sha);

    expect(await repository.fetchedRefs()).toEqual([]);
    expect((await faultOf(repository.commit(ref))).code).toBe('not-found');
  });
});
