import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunner } from '../../src/cli/run-program.ts';
import { EXIT, runGridops, withFolder } from '../cli/test-cli.ts';
import { ensureTestImages, TEST_IMAGES } from '../support/test-images.ts';
import { docker, testGrid, withoutDocker } from './docker-host.ts';
import { startPushRegistry } from './push-registry.ts';

const run = createRunner({ isTerminal: false });

describe.skipIf(withoutDocker)('gridops build, with the docker command line', () => {
  let registry: Awaited<ReturnType<typeof startPushRegistry>>;
  const name = testGrid();

  beforeAll(async () => {
    registry = await startPushRegistry();
    await ensureTestImages();
  });
  afterAll(async () => {
    const images = await docker('image', 'ls', '-q', '--filter', `label=test=${name}`);
    const ids = [...new Set(images.split('\n'))].filter((id) => id !== '');
    if (ids.length > 0) await docker('image', 'rm', '-f', ...ids);
    await registry.stop();
  });

  const dockerfile = `FROM ${TEST_IMAGES.web1}
ARG GREETING
ARG WHO
COPY page.txt /page.txt
ENV GREETING=$GREETING WHO=$WHO
`;

  function stackFile(image: string, cmd: string): string {
    const build = {
      context: 'app',
      args: { GREETING: `it's "$$me" & more`, WHO: null },
      labels: { test: name },
      tags: [`${image}:newest`],
    };
    const hooks = { pre_build: [{ name: 'page', cmd }] };
    return JSON.stringify({ services: { web: { image: `${image}:1`, build, hooks } } });
  }

  it('builds what a hook has prepared, and pushes it to a registry that nodes can pull from', async () => {
    const image = `${registry.name}/${name}/web`;
    const files = {
      'grids/demo/stacks/shop/compose.yaml': stackFile(
        image,
        'echo "made by a hook" > app/page.txt',
      ),
      'grids/demo/stacks/shop/app/Dockerfile': dockerfile,
    };
    await withFolder(files, async (cwd) => {
      const env = { ...definedEnvironment(), WHO: 'me' };
      // The base is on this machine only.
      const { code, err } = await runGridops(['build', '--no-pull'], { cwd, env, run });
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('pre_build hook "page"')]);
    });
    expect(registry.pushed()).toEqual([`${name}/web:1`, `${name}/web:newest`]);
    await docker('image', 'rm', `${image}:1`, `${image}:newest`);
    await docker('pull', '-q', `${image}:1`);
    const inside = 'cat /page.txt; echo "$GREETING, $WHO"';
    expect(await docker('run', '--rm', `${image}:1`, '/bin/sh', '-c', inside)).toBe(
      'made by a hook\nit\'s "$me" & more, me',
    );
  });

  it('pushes nothing when a build fails', async () => {
    const image = `${registry.name}/${name}/broken`;
    const files = {
      'grids/demo/stacks/shop/compose.yaml': stackFile(image, 'true'),
      'grids/demo/stacks/shop/app/Dockerfile': dockerfile,
    };
    await withFolder(files, async (cwd) => {
      const args = ['build', '--no-pull'];
      const { code, err } = await runGridops(args, { cwd, env: definedEnvironment(), run });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(`build of ${image}:1`)]);
    });
    expect(registry.pushed().join()).not.toContain('broken');
  });
});

function definedEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return Object.fromEntries(entries);
}
