import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { recipientOf } from '../../src/secrets/age.ts';
import { sealValue } from '../../src/secrets/sealed-value.ts';
import { TestEngine } from '../support/test-engine.ts';
import { startWorld, type World } from '../support/world.ts';
import { docker, withoutDocker } from './docker-host.ts';

const engine = new TestEngine();
let world: World;

const SECRET = "it's 'quoted' & $HOME\nwith a second line";

beforeAll(async () => await engine.prepare(), 120_000);

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  await engine.clear(world.grid);
  expect(violations).toEqual([]);
});

const stack = () => `variables:
  PASS: {from: {vault: pass}}
  CHANCE: {from: {vault: chance, random_string: 32}, to: {vault: chance}}
configs:
  settings: {content: "[$PASS]"}
services:
  web:
    image: ${engine.image}
    command: sleep 86400
    environment: {FROM_VARIABLE: $PASS}
    secrets: [pass, {secret: pass, name: ALL}, {secret: chance, name: ALL}]
    configs: [{source: settings, mode: 0400}]
    hooks:
      post_start: [{name: note, cmd: 'echo "$$ALL" > /dev/shm/all', instances: "*"}]
    stop_signal: SIGKILL
`;

async function run(...command: readonly string[]): Promise<string> {
  return await docker('exec', 'web.web-1', '/bin/busybox', ...command);
}

describe.skipIf(withoutDocker)('sealed secrets, on a real engine', () => {
  it('are variables, files and configs of the container, as they were sealed', async () => {
    world = await startWorld({ nodes: ['node-1'], files: { 'grid.yml': '' } });
    const key = await readFile(join(world.masterData, 'sealing.key'), 'utf8');
    const of = { grid: world.grid, kind: 'secret', name: 'pass' } as const;
    const sealed = await sealValue(await recipientOf(key.trim()), of, SECRET);

    const sha = await world.push({
      'secrets.yml': `secrets: {pass: ${sealed}}\n`,
      'stacks/web/kontena.yml': stack(),
    });

    const { state, description } = await world.final(sha);
    expect([state, description]).toEqual(['success', expect.any(String)]);
    expect(await run('sh', '-c', 'echo "$FROM_VARIABLE"')).toBe(SECRET);
    expect(await run('cat', '/run/secrets/pass')).toBe(SECRET);
    expect(await run('cat', '/settings')).toBe(`[${SECRET}]`);
    expect(await run('stat', '-c', '%a', '/settings')).toBe('400');
    const all = await run('sh', '-c', 'echo "$ALL"');
    expect(all.startsWith(`${SECRET}\n`)).toBe(true);
    expect(all.slice(SECRET.length + 1)).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(await run('cat', '/dev/shm/all')).toBe(all);
    await expect(run('touch', '/run/secrets/pass')).rejects.toThrow();
  }, 60_000);
});
