import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withRepository } from './sealed-repository.ts';
import { EXIT } from './test-cli.ts';

const remove = ['secret', 'rm', 'demo', 'a'];
const stack = (text: string) => ({ 'grids/demo/stacks/shop/kontena.yml': text });

describe('gridops secret rm', () => {
  it('removes what nothing uses, and nothing else', async () => {
    await withRepository({}, async ({ run, opened }) => {
      await run(['secret', 'seal', 'demo', 'a'], { stdin: '1' });
      await run(['secret', 'seal', 'demo', 'b'], { stdin: '2' });
      const { code, err } = await run(remove);
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('a is removed from')]);
      expect(await opened()).toEqual({ b: '2' });
    });
  });

  it.each([
    ['a service', 'services: {web: {image: web, secrets: [a]}}\n', 'shop/web'],
    [
      'a service that could do without',
      'variables: {P: {from: {vault: a, random_uuid: }}}\nservices: {web: {image: web, environment: {P: $P}}}\n',
      'shop/web',
    ],
    [
      'a variable that no service uses',
      'variables: {P: {from: {vault: a}}}\nservices: {web: {image: web}}\n',
      'kontena.yml:1:31',
    ],
  ])('refuses what %s uses, unless it is forced', async (_, text, place) => {
    await withRepository(stack(text), async ({ run, opened }) => {
      await run(['secret', 'seal', 'demo', 'a'], { stdin: '1' });
      const { code, err } = await run(remove);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(place)]);
      expect(err).toContain('a is still used');
      expect(await opened()).toEqual({ a: '1' });
      expect((await run([...remove, '--force'])).code).toBe(EXIT.done);
      expect(await opened()).toEqual({});
    });
  });

  it('refuses what an account at a registry uses', async () => {
    const grid = 'registries: {a.io: {username: deploy, password: a}}\n';
    await withRepository({}, async ({ run, folder, opened }) => {
      await run(['secret', 'seal', 'demo', 'a'], { stdin: '1' });
      await writeFile(join(folder, 'grids/demo/grid.yml'), grid);
      const { out } = await run(['secret', 'list', 'demo']);
      expect(out).toContain('registry a.io');
      const { code, err } = await run(remove);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('registry a.io')]);
      expect(await opened()).toEqual({ a: '1' });
    });
  });

  it('removes what is not sealed, although the grid cannot be read because of it', async () => {
    const files = {
      ...stack('services: {web: {imagge: web}}\n'),
      'grids/demo/secrets.yml': 'secrets: {a: hunter2}\n',
    };
    await withRepository(files, async ({ run, opened }) => {
      expect((await run(remove)).code).toBe(EXIT.done);
      expect(await opened()).toEqual({});
    });
  });

  it('knows a name that was probably meant', async () => {
    await withRepository({}, async ({ run }) => {
      await run(['secret', 'seal', 'demo', 'password'], { stdin: '1' });
      const { code, err } = await run(['secret', 'rm', 'demo', 'pasword']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('"password"')]);
      expect((await run(['secret', 'rm', 'demo', 'x'])).err).toContain('There are: password.');
    });
  });
});
