import { describe, expect, it } from 'vitest';
import { EXIT, runGridops, withFolder } from './test-cli.ts';

const good = {
  'grids/demo/grid.yml': 'subnet: 10.81.0.0/16\n',
  'grids/demo/stacks/shop/kontena.yml': [
    'stack: demo/shop',
    'services:',
    '  web:',
    '    image: nginx:1.27',
    '    instances: 2',
    '',
  ].join('\n'),
};

const bad = {
  ...good,
  'grids/broken/grid.yml': '',
  'grids/broken/stacks/shop/kontena.yml': [
    'stack: demo/shop',
    'services:',
    '  web:',
    '    imagee: nginx:1.27',
    '    instances: two',
    '',
  ].join('\n'),
};

describe('gridops validate', () => {
  it('ends well when every grid is right', async () => {
    await withFolder(good, async (folder) => {
      const { code, out } = await runGridops(['validate'], { cwd: folder });
      expect(code).toBe(EXIT.done);
      expect(out).toContain('demo: ok (1 stack, 1 service)');
      expect(out).toContain('0 errors');
    });
  });

  it('prints every problem with its place and lines, and ends with 1', async () => {
    await withFolder(bad, async (folder) => {
      const { code, out } = await runGridops(['validate', folder]);
      expect(code).toBe(EXIT.failed);
      expect(out).toContain('at grids/broken/stacks/shop/kontena.yml:4:5');
      expect(out).toContain('> 4 |     imagee: nginx:1.27');
      expect(out).toContain('grids/broken/stacks/shop/kontena.yml:5:');
      expect(out).toContain('demo: ok');
      expect(out).toContain('broken: problems');
    });
  });

  it('looks at one grid only when asked to', async () => {
    await withFolder(bad, async (folder) => {
      const { code, out } = await runGridops(['validate', '--grid', 'demo'], { cwd: folder });
      expect([code, out.includes('broken')]).toEqual([EXIT.done, false]);
    });
  });

  it('prints JSON', async () => {
    await withFolder(bad, async (folder) => {
      const { code, out } = await runGridops(['validate', '--json'], { cwd: folder });
      expect(code).toBe(EXIT.failed);
      const value = JSON.parse(out) as {
        grids: { grid: string; ok: boolean; problems: unknown[] }[];
      };
      expect(value.grids.map(({ grid, ok }) => [grid, ok])).toEqual([
        ['broken', false],
        ['demo', true],
      ]);
      expect(value.grids[0]?.problems[0]).toMatchObject({
        severity: 'error',
        position: { file: 'grids/broken/stacks/shop/kontena.yml', line: 4, column: 5 },
      });
    });
  });

  it('prints the same JSON with --format, with lines and the address of the explanation', async () => {
    await withFolder(bad, async (folder) => {
      const { out } = await runGridops(['validate', '--format', 'json'], { cwd: folder });
      expect(out).toBe((await runGridops(['validate', '--json'], { cwd: folder })).out);
      expect(out).toContain('"help": "docs/grid-repository.md#unknown-key"');
      expect(out).toMatch(/"frame": ".*> 4 \|     imagee: nginx:1.27/);
    });
  });

  it('shows no line of a file with secrets, where somebody wrote one in the clear', async () => {
    const files = { ...bad, 'grids/broken/secrets.yml': 'secrets: {pass: correct-horse}\n' };
    await withFolder(files, async (folder) => {
      for (const format of ['text', 'json', 'github', 'sarif']) {
        const { out, err } = await runGridops(['validate', '--format', format], { cwd: folder });
        expect(out + err).toContain('secrets.yml');
        expect(out + err).not.toContain('correct-horse');
      }
    });
  });

  it('shows no password that somebody wrote in the clear for a registry', async () => {
    const account = '    username: deploy\n    password: hunter2-hunter2\n    emial: a@b.c\n';
    const files = {
      ...good,
      'grids/demo/grid.yml': `registries:\n  registry.example.com:\n${account}`,
    };
    await withFolder(files, async (folder) => {
      const ways = [[], ['--json'], ['--format', 'sarif'], ['--format', 'github']];
      for (const way of ways) {
        const { code, out, err } = await runGridops(['validate', ...way], { cwd: folder });
        expect(code).toBe(EXIT.failed);
        expect(out + err).toContain('emial');
        expect(out + err).not.toContain('hunter2');
      }
    });
  });

  it('prints annotations for GitHub Actions, and on stderr what people read', async () => {
    await withFolder(bad, async (folder) => {
      const { code, out, err } = await runGridops(['validate', '--format=github'], { cwd: folder });
      expect(code).toBe(EXIT.failed);
      expect(out.trimEnd().split('\n')).toEqual([
        expect.stringMatching(
          /^::error file=grids\/broken\/stacks\/shop\/kontena.yml,line=4,col=5,title=unknown-key::/,
        ),
        expect.stringMatching(/^::error file=.*,line=5,col=16,title=wrong-type::/),
      ]);
      expect(err).toContain('> 4 |     imagee: nginx:1.27');
      expect(err).toContain('2 errors, 0 warnings');
    });
  });

  it('places what is shown on GitHub below the checkout, also where the repository is a folder of it', async () => {
    const nested = Object.entries(bad).map(([path, text]) => [`deploy/${path}`, text]);
    await withFolder(Object.fromEntries(nested), async (folder) => {
      const env = { GITHUB_WORKSPACE: folder };
      const cwd = `${folder}/deploy`;
      const github = await runGridops(['validate', '--format', 'github'], { cwd, env });
      expect(github.out).toContain('file=deploy/grids/broken/');
      const sarif = await runGridops(['validate', '--format', 'sarif'], { cwd, env });
      expect(sarif.out).toContain('"uri": "deploy/grids/broken/stacks/shop/kontena.yml"');
      const elsewhere = { GITHUB_WORKSPACE: `${folder}/other` };
      const other = await runGridops(['validate', '--format', 'github'], { cwd, env: elsewhere });
      expect(other.out).toContain('file=grids/broken/');
    });
  });

  it('shows a problem of a file that two grids share once on GitHub', async () => {
    const stack = 'stacks: {shop: {file: ../../stacks/shop/kontena.yml}}\n';
    const files = {
      'grids/a/grid.yml': stack,
      'grids/b/grid.yml': stack,
      'stacks/shop/kontena.yml': 'services: {web: {imagee: a}}\n',
    };
    await withFolder(files, async (folder) => {
      const { out } = await runGridops(['validate', '--format', 'github'], { cwd: folder });
      expect(out.match(/unknown-key::/g)).toHaveLength(1);
    });
  });

  it('prints SARIF', async () => {
    await withFolder(bad, async (folder) => {
      const { code, out, err } = await runGridops(['validate', '--format', 'sarif'], {
        cwd: folder,
      });
      expect([code, err]).toEqual([EXIT.failed, '']);
      expect(JSON.parse(out)).toMatchObject({
        version: '2.1.0',
        runs: [
          {
            results: [{ ruleId: 'unknown-key' }, { ruleId: 'wrong-type' }],
          },
        ],
      });
    });
  });

  it.each([
    ['--format', 'xml'],
    ['--json', '--format', 'text'],
  ])('is not understood with %s %s %s', async (...flags) => {
    expect((await runGridops(['validate', ...flags])).code).toBe(EXIT.usage);
  });

  it('uses colours on a terminal', async () => {
    await withFolder(bad, async (folder) => {
      const { out } = await runGridops(['validate'], { cwd: folder, isTerminal: true });
      expect(out).toContain('\u001b[1m> 4 |     imagee: nginx:1.27\u001b[22m');
    });
  });

  it('works from a folder inside the repository', async () => {
    await withFolder(good, async (folder) => {
      const cwd = `${folder}/grids/demo/stacks/shop`;
      expect((await runGridops(['validate'], { cwd })).code).toBe(EXIT.done);
    });
  });

  it('knows a grid that was probably meant', async () => {
    await withFolder(good, async (folder) => {
      const { code, err } = await runGridops(['validate', '--grid', 'demi'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('Did you mean "demo"?')]);
    });
  });

  it('says what a repository is when there is none', async () => {
    await withFolder({ 'README.md': '' }, async (folder) => {
      const { code, err } = await runGridops(['validate'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('grids/')]);
    });
  });

  it('shows no text of a file as an order to the terminal', async () => {
    const files = {
      ...good,
      'grids/demo/stacks/shop/kontena.yml': 'services:\n  "\\e[31mx": {}\n  a\u202e: 1\n',
    };
    await withFolder(files, async (folder) => {
      const { out } = await runGridops(['validate'], { cwd: folder });
      expect(out).not.toMatch(/[^\P{C}\n]/u);
    });
  });
});
