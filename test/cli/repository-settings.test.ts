import { describe, expect, it } from 'vitest';
import { configDocs } from '../../src/cli/config.ts';
import type { MasterStart } from '../../src/cli/master-options.ts';
import { repositoryName } from '../../src/cli/repository-name.ts';
import { itemSettings } from '../../src/cli/repository-settings.ts';
import { type CliResult, EXIT, runGridops, withFolder } from './test-cli.ts';

const two = `master:
  repositories:
    - name: shop
      repository: https://github.com/acme/grids.git
      github_token_file: secret/token
      webhook_secret: hush-hook
      poll_seconds: 5
    - name: images
      repository: ../images.git
      holds: stacks
      used_by: [shop]
      branch: trunk
`;

async function started(file: string, env: Record<string, string> = {}) {
  const options: MasterStart[] = [];
  const stopping = new AbortController();
  const master = async (given: MasterStart) => {
    options.push(given);
    stopping.abort(new Error('stopped'));
    return await Promise.resolve({ url: '', stop: async () => await Promise.resolve() });
  };
  let result: CliResult = { code: EXIT.done, out: '', err: '' };
  await withFolder({ 'gridops.yml': file, 'secret/token': 'hush\n' }, async (cwd) => {
    const run = { cwd, env, launch: { master }, stop: stopping.signal };
    result = await runGridops(['master'], run);
  });
  return { ...result, options: options[0] };
}

describe('several repositories in gridops.yml', () => {
  it('have each their own settings, and the same defaults as one', async () => {
    const { options, err } = await started(two);
    expect(options?.repositories).toEqual([
      {
        name: 'shop',
        holds: 'grids',
        usedBy: null,
        repository: {
          url: 'https://github.com/acme/grids.git',
          branch: 'main',
          engine: 'auto',
          pollSeconds: 5,
        },
        forge: {
          kind: 'github',
          baseUrl: 'https://api.github.com',
          auth: { kind: 'token', token: 'hush' },
          owner: 'acme',
          name: 'grids',
        },
        webhookSecrets: ['hush-hook'],
      },
      {
        name: 'images',
        holds: 'stacks',
        usedBy: ['shop'],
        repository: { url: '../images.git', branch: 'trunk', engine: 'auto', pollSeconds: 60 },
        forge: { kind: 'none' },
        webhookSecrets: [],
      },
    ]);
    expect(err).not.toContain('hush');
  });

  it('are shown by config check, without their secrets', async () => {
    await withFolder({ 'gridops.yml': two, 'secret/token': 'hush\n' }, async (cwd) => {
      const { code, out, err } = await runGridops(['config', 'check'], { cwd });
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('gridops.yml')]);
      expect(out).toMatch(/master\.repositories\.shop\.github_token +\(set\) +gridops\.yml:5:26/);
      expect(out).toMatch(/master\.repositories\.images\.branch +trunk +gridops\.yml:12:15/);
      expect(out).not.toContain('hush');
    });
  });

  it('are in the documentation', () => {
    for (const name of Object.keys(itemSettings)) expect(configDocs()).toContain(`\`${name}\``);
    expect(configDocs()).toContain('## `master.repositories`');
  });
});

describe('what is not right about them', () => {
  const a = '    - {name: a, repository: /a}\n';
  const list = (items: string) => `master:\n  repositories:\n${items}`;
  const beside = `master:\n  branch: x\n  repositories:\n${a}`;
  const twice = list(a + a.replace('name: a', 'name: b'));
  const app = '    - {name: b, repository: /b, github_token: hush}\n';

  it.each([
    ['a name that is missing', list('    - {repository: /a}\n'), 'gridops.yml:3:7: a repository'],
    ['a name twice', list(a + a), 'gridops.yml:4:7: there are two repositories a'],
    ['a name that is none', list(a.replace('a,', 'A b,')), 'a name is up to 63 small letters'],
    ['one without an address', list('    - {name: a}\n'), 'repository a: the master needs'],
    ['a key that there is not', list('    - {nam: a}\n'), '(Did you mean "name"?)'],
    [
      'a setting of one beside them',
      beside,
      'gridops.yml:2:11: beside `repositories`, give branch',
    ],
    ['one branch twice', twice, 'repositories a and b to differ'],
    ['nothing with grids', list(a.replace('}', ', holds: stacks}')), 'a repository with grids'],
    ['a stranger in used_by', list(a.replace('}', ', used_by: [c]}')), 'the repository c'],
    [
      'a fault of one',
      list(a + app),
      'repository b: the master needs forge_repository as OWNER/NAME',
    ],
    ['no list', 'master:\n  repositories: 5\n', 'master.repositories must be a list'],
  ])('is said: %s', async (_what, file, message) => {
    const { code, err } = await started(file);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining(message)]);
    expect(err).not.toContain('hush');
  });

  it('is also a variable that is for one repository', async () => {
    const { code, err } = await started(list(a), { GRIDOPS_REPOSITORY: '/other' });
    expect(code).toBe(EXIT.usage);
    expect(err).toContain('environment GRIDOPS_REPOSITORY: beside `repositories`');
  });
});

it.each([
  ['https://github.com/Acme/Infra.git', 'infra'],
  ['git@example.com:grids', 'grids'],
  ['/srv/git/my_grids.git/', 'my-grids'],
  ['///', 'grids'],
])('a repository without a name is called by its address: %s', (url, name) => {
  expect(repositoryName(url)).toBe(name);
});
