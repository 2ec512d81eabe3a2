import { describe, expect, it } from 'vitest';
import { EXIT, runGridops, withFolder } from './test-cli.ts';

const files = {
  'grids/prod/grid.yml':
    'stacks:\n  shop: {repository: acme, path: deploy/kontena.yml, variables: {tag: "2"}}\n',
  'grids/prod/stacks/blog/kontena.yml':
    'services: {web: {image: "blog:1", links: ["shop/web:shop"]}}\n',
};
const shop = {
  'shop/deploy/kontena.yml':
    'stack: acme/shop\nvariables: {tag: {type: string}}\nservices:\n  web: {image: "shop:${tag}", env_file: web.env}\n',
  'shop/deploy/web.env': 'MODE=live\n',
};

describe('a working tree with stacks from other repositories', () => {
  it('is valid by itself, and says what was not looked at', async () => {
    await withFolder(files, async (cwd) => {
      const { code, out } = await runGridops(['validate'], { cwd });
      expect(code).toBe(EXIT.done);
      expect(out).toContain('"shop" is in another repository and was not looked at');
      expect(out).toContain('--stack-source NAME=FOLDER');
      expect(out).toContain('0 errors, 1 warning');
    });
  });

  it('is checked with them where a folder is given', async () => {
    await withFolder({ ...files, ...shop }, async (cwd) => {
      const args = ['validate', '--stack-source', 'acme=shop'];
      const { code, out } = await runGridops(args, { cwd });
      expect([code, out]).toEqual([EXIT.done, expect.stringContaining('2 stacks, 2 services')]);

      const rendered = await runGridops(['render', '-s', 'shop', '--stack-source', 'acme=shop'], {
        cwd,
      });
      expect(rendered.out).toContain('image: shop:2');
      expect(rendered.out).toContain('MODE');
    });
  });

  it('shows the lines of a problem in the other one', async () => {
    const broken = { ...shop, 'shop/deploy/kontena.yml': 'services:\n  web: {imge: x}\n' };
    await withFolder({ ...files, ...broken }, async (cwd) => {
      const args = ['validate', '--stack-source', 'acme=shop'];
      const { code, out } = await runGridops(args, { cwd });
      expect(code).toBe(EXIT.failed);
      expect(out).toContain('@acme/deploy/kontena.yml:2:9');
      expect(out).toContain('web: {imge: x}');
    });
  });

  it('says when there is no such folder, or none was named', async () => {
    await withFolder({ ...files, 'empty/x': '' }, async (cwd) => {
      const none = await runGridops(['validate', '--stack-source', 'acme=empty'], { cwd });
      expect([none.code, none.out]).toEqual([
        EXIT.failed,
        expect.stringContaining('grid.yml:2:34'),
      ]);
      const wrong = await runGridops(['validate', '--stack-source', 'acme'], { cwd });
      expect(wrong.err).toContain('Write NAME=FOLDER');
    });
  });
});
