import { describe, expect, it } from 'vitest';
import { type SealedRepository, withRepository } from './sealed-repository.ts';
import { EXIT } from './test-cli.ts';

const files = {
  'grids/demo/stacks/shop/kontena.yml':
    'services:\n  web: {image: web, secrets: [{secret: used, name: A, type: env}]}\n  db: {image: db, secrets: [used]}\n',
};

async function sealTwo({ run }: SealedRepository): Promise<void> {
  await run(['secret', 'seal', 'demo', 'used'], { stdin: 'a' });
  await run(['secret', 'seal', 'demo', 'left-over'], { stdin: 'a' });
}

describe('gridops secret list', () => {
  it('shows who uses what, and what nobody uses', async () => {
    await withRepository(files, async (repository) => {
      await sealTwo(repository);
      const { code, out, err } = await repository.run(['secret', 'list', 'demo']);
      expect([code, err]).toEqual([EXIT.done, '']);
      expect(out).toMatch(
        /^NAME +ID +USED BY\nused +[a-z2-7]{7} +shop\/db, shop\/web\nleft-over +[a-z2-7]{7} +nobody\n$/,
      );
    });
  });

  it('prints JSON', async () => {
    await withRepository(files, async (repository) => {
      await sealTwo(repository);
      const { out } = await repository.run(['secret', 'ls', 'demo', '--json']);
      const id = expect.stringMatching(/^[a-z2-7]{16}$/);
      expect(JSON.parse(out)).toEqual({
        grid: 'demo',
        recipient: repository.recipient,
        secrets: [
          { name: 'used', id, usedBy: ['shop/db', 'shop/web'] },
          { name: 'left-over', id, usedBy: [] },
        ],
        unread: [],
      });
    });
  });

  it('does not claim to know of stacks with problems', async () => {
    const broken = { 'grids/demo/stacks/shop/kontena.yml': 'services: {web: {imagge: web}}\n' };
    await withRepository(broken, async (repository) => {
      await sealTwo(repository);
      const { out, err } = await repository.run(['secret', 'list', 'demo']);
      expect(out).not.toContain('nobody');
      expect(out).toMatch(/used +\w+ +not known/);
      expect(err).toContain('stacks with problems were left out: shop');
    });
  });

  it('knows that nobody uses anything where there is no stack yet', async () => {
    await withRepository({}, async (repository) => {
      await sealTwo(repository);
      const { out, err } = await repository.run(['secret', 'list', 'demo']);
      expect([out, err]).toEqual([expect.stringMatching(/used +\w+ +nobody/), '']);
    });
  });

  it('says how to begin', async () => {
    await withRepository({}, async ({ run }) => {
      expect((await run(['secret', 'list', 'demo'])).out).toContain('gridops secret seal demo');
    });
  });

  it('marks what is not sealed', async () => {
    const plain = { 'grids/demo/secrets.yml': 'secrets: {a: hunter2}\n' };
    await withRepository(plain, async ({ run }) => {
      const { out, err } = await run(['secret', 'list', 'demo']);
      expect(out).toMatch(/a +not sealed +not known/);
      expect(out + err).not.toContain('hunter2');
    });
  });
});
