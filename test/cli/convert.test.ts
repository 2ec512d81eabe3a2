import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT, runGridops, withFolder } from './test-cli.ts';

const project = {
  'shop/docker-compose.yml':
    'version: "3"\nservices:\n  web:\n    image: web:${TAG}\n    restart: always\n',
  'shop/.env': 'TAG="7"\n',
};

describe('gridops convert', () => {
  it('prints a stack file, and on stderr what it changed', async () => {
    await withFolder(project, async (folder) => {
      const args = ['convert', 'shop/docker-compose.yml'];
      const { code, out, err } = await runGridops(args, { cwd: folder });
      expect(code).toBe(EXIT.done);
      expect(out).toBe(
        'stack: shop\n\nvariables:\n  TAG: { default: 7 }\n\nservices:\n  web:\n    image: web:${TAG}\n',
      );
      expect(err).toContain('shop/docker-compose.yml:5  "restart" is gone');
      expect(err).toContain('gridops validate');
    });
  });

  it('writes it where it is told to, and never over another file', async () => {
    await withFolder(project, async (folder) => {
      const args = ['convert', 'shop/docker-compose.yml', '-n', 'blog', '-o', 'kontena.yml'];
      expect((await runGridops(args, { cwd: folder })).code).toBe(EXIT.done);
      expect(await readFile(join(folder, 'kontena.yml'), 'utf8')).toMatch(/^stack: blog\n/);
      const again = await runGridops(args, { cwd: folder });
      expect([again.code, again.err]).toEqual([
        EXIT.failed,
        expect.stringContaining('there already'),
      ]);
    });
  });

  it('says what is wrong with a file that it cannot read', async () => {
    await withFolder({ 'shop/compose.yaml': 'services: [\n' }, async (folder) => {
      const { code, err } = await runGridops(['convert', 'shop/compose.yaml'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('yaml-syntax')]);
      const missing = await runGridops(['convert', 'none.yml'], { cwd: folder });
      expect([missing.code, missing.err]).toEqual([
        EXIT.failed,
        expect.stringContaining('cannot be read'),
      ]);
    });
  });
});
