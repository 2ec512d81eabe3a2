import { describe, expect, it } from 'vitest';
import { EXIT, runGridops, withFolder } from './test-cli.ts';

const repository = {
  'grids/demo/grid.yml': 'stacks: {shop: {variables: {tag: "2.0"}}}\n',
  'grids/demo/stacks/shop/kontena.yml':
    'stack: demo/shop\nvariables: {tag: {default: "1.0"}}\nservices:\n  web:\n    image: web:$tag\n',
  'grids/demo/stacks/blog/compose.yaml': 'services:\n  web:\n    image: blog:1\n',
};

describe('gridops render', () => {
  it('prints each stack as it is with its variables', async () => {
    await withFolder(repository, async (folder) => {
      const { code, out, err } = await runGridops(['render'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.done, '']);
      expect(out).toBe(
        '# grid demo, stack blog\nstack: blog\n\nservices:\n  web:\n    image: blog:1\n---\n' +
          '# grid demo, stack shop\nstack: shop\n\nservices:\n  web:\n    image: web:2.0\n',
      );
    });
  });

  it('prints one stack, also as JSON', async () => {
    await withFolder(repository, async (folder) => {
      const args = ['render', '--stack', 'shop', '--json', folder];
      const { stacks, problems } = JSON.parse((await runGridops(args)).out);
      expect(problems).toEqual([]);
      expect(stacks).toEqual([
        {
          grid: 'demo',
          stack: 'shop',
          text: expect.stringContaining('image: web:2.0'),
          hasPlaceholders: false,
        },
      ]);
    });
  });

  it('prints problems on stderr, and ends with 1', async () => {
    const broken = {
      ...repository,
      'grids/demo/stacks/shop/kontena.yml': 'services:\n  web:\n    image: web:$tga\n',
    };
    await withFolder(broken, async (folder) => {
      const { code, out, err } = await runGridops(['render'], { cwd: folder });
      expect(code).toBe(EXIT.failed);
      expect(out).toContain('image: blog:1');
      expect(err).toContain('kontena.yml:3:12');
    });
  });

  const chance = (declaration: string, service: string) => ({
    'grids/demo/stacks/shop/kontena.yml': `stack: a\nvariables: {key: {${declaration}}}\nservices: {web: {${service}}}\n`,
  });

  it.each([
    ['from: {random_string: 8}', 'image: "web:$key"'],
    ['type: integer, from: {random_number: {min: 1, max: 1000000}}', 'image: web, user: $key'],
  ])('says that random values are not the real ones: %s', async (declaration, service) => {
    await withFolder(chance(declaration, service), async (folder) => {
      const { code, err } = await runGridops(['render'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('placeholders')]);
      expect(err).toContain('(demo/shop)');
    });
  });

  it('says of what is in a mark that only the node knows it', async () => {
    const files = chance('from: {random_string: 8}', 'image: web, environment: {KEY: $key}');
    await withFolder(files, async (folder) => {
      const { out, err } = await runGridops(['render'], { cwd: folder });
      expect(out).toMatch(/KEY: ⟦random\.key\.[\w-]+⟧\n/);
      expect(err).toContain('put in on the node');
      expect(err).not.toContain('placeholders');
    });
  });

  it('knows a stack that was probably meant', async () => {
    await withFolder(repository, async (folder) => {
      const { code, err } = await runGridops(['render', '-s', 'shp'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('"shop"')]);
    });
  });
});
