import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { engineContract } from './engine-contract.ts';
import { httpContract } from './http-contract.ts';
import { pathContract } from './path-contract.ts';
import { readingContract } from './reading-contract.ts';
import { createWorld, faultOf, files, never, type World, type WorldOptions } from './world.ts';

engineContract('native', 'http');
engineContract('native', 'path');
readingContract('native', 'path');
httpContract('native');
pathContract('native');

describe('native, which starts processes', () => {
  let world: World;

  async function given(options: Omit<WorldOptions, 'engine'>): Promise<void> {
    world = await createWorld({ engine: 'native', ...options });
  }
  afterEach(() => world.dispose());

  it.each(['http', 'path'] as const)('takes sha256 over %s', async (transport) => {
    await given({ transport, objectFormat: 'sha256' });
    const first = await world.push(files);
    const repository = await world.open();
    await repository.sync(never);
    const sha = await world.push({ a: 'b' });

    expect((await repository.sync(never)).head).toBe(sha);

    expect(sha).toHaveLength(64);
    expect((await repository.source(sha, 'prod')).files.size).toBe(3);
    expect(await repository.isAncestor(first, sha)).toBe(true);
    expect((await world.open()).head).toBe(sha);
  });

  it('stops a clone that grows out of bounds, and leaves nothing of it', async () => {
    await given({ transport: 'http' });
    await world.push({ ...files, large: randomBytes(200_000) });
    const repository = await world.open({ limits: { mirrorBytes: 100_000 } });

    expect((await faultOf(repository.sync(never))).code).toBe('repository-too-large');

    expect((await readdir(world.directory)).filter((name) => /^[0-9a-f]{64}/.test(name))).toEqual(
      [],
    );
  });

  it('shows credentials in no command line, and ends all its processes when aborted', async () => {
    await given({ transport: 'http' });
    await world.push(files);
    const token = `token-${randomBytes(8).toString('hex')}`;
    world.server.authorise((presented) => (presented?.password === token ? 'allow' : 'deny'));
    world.server.fault({ kind: 'hang', only: 'fetch' });
    const repository = await world.open({
      credentials: () => Promise.resolve({ username: 'x-access-token', password: token }),
    });
    const controller = new AbortController();
    const running = repository.sync(controller.signal);
    await expect
      .poll(() => world.server.requests.filter(({ operation }) => operation === 'fetch').length)
      .toBe(1);

    const during = await commandLines();
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    await repository.close();

    expect(during.filter((line) => line.includes(world.url))).not.toEqual([]);
    expect(during.filter((line) => line.includes(token))).toEqual([]);
    const after = await commandLines();
    expect(after.filter((line) => line.includes(world.url))).toEqual([]);
    expect(after.filter((line) => line.includes(world.directory))).toEqual([]);
  });

  it('takes credentials with any characters', async () => {
    await given({ transport: 'http' });
    const sha = await world.push(files);
    const odd = { username: 'a b%"\'$(x)`\\', password: '"; $HOME `id` %s \\n ü' };
    world.server.authorise((presented) =>
      presented?.username === odd.username && presented.password === odd.password
        ? 'allow'
        : 'deny',
    );
    const repository = await world.open({ credentials: () => Promise.resolve(odd) });

    expect((await repository.sync(never)).head).toBe(sha);
  });

  it('starts its reader again when that was ended', async () => {
    await given({ transport: 'path' });
    const sha = await world.push(files);
    const repository = await world.open({ limits: { cacheBytes: 0 } });
    await repository.sync(never);
    expect((await repository.source(sha, 'prod')).files.size).toBe(3);

    for (const pid of await pidsOf(world.directory)) process.kill(pid, 'SIGKILL');

    expect((await repository.source(sha, 'test')).files.size).toBe(2);
  });
});

/** Of all processes, where the system tells. */
async function commandLines(): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    lines.push(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  }
  return lines;
}

async function pidsOf(text: string): Promise<readonly number[]> {
  const pids: number[] = [];
  for (const pid of await readdir('/proc').catch(() => [])) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (/^\d+$/.test(pid) && line.includes(text) && line.includes('cat-file'))
      pids.push(Number(pid));
  }
  return pids;
}
