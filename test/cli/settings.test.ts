import { describe, expect, it } from 'vitest';
import { configDocs } from '../../src/cli/config.ts';
import { flagOf, type Setting, sections, variableOf } from '../../src/cli/settings.ts';
import { parseSetting } from '../../src/cli/settings-parse.ts';
import { EXIT, runGridops, withFolder } from './test-cli.ts';

interface Row {
  readonly setting: string;
  readonly value: unknown;
  readonly source: string;
}

async function inForce(
  env: Record<string, string>,
  cwd: string,
): Promise<(name: string) => readonly [unknown, string] | undefined> {
  const { out } = await runGridops(['config', 'check', '--json'], { env, cwd });
  const { settings } = JSON.parse(out) as { settings: Row[] };
  return (name) => {
    const row = settings.find(({ setting }) => setting === name);
    return row && [row.value, row.source];
  };
}

describe('the tables of settings', () => {
  const all = Object.entries(sections).flatMap(([section, settings]) =>
    Object.entries<Setting>(settings).map(([name, setting]) => ({ section, name, setting })),
  );

  it.each(all)('$section.$name has a default that is right', ({ setting }) => {
    if (setting.default !== null)
      expect(parseSetting(setting, setting.default)).not.toHaveProperty('fault');
  });

  it('give a variable to one thing only', () => {
    const owners = new Map<string, string>();
    for (const { name, setting } of all) {
      const variable = variableOf(name, setting);
      expect([variable, owners.get(variable) ?? name]).toEqual([variable, name]);
      owners.set(variable, name);
    }
  });

  it('give a flag to one setting of a section only, also with -file', () => {
    for (const settings of Object.values(sections)) {
      const flags = Object.entries<Setting>(settings).flatMap(([name, setting]) =>
        setting.secret === true
          ? [flagOf(name, setting), `${flagOf(name, setting)}-file`]
          : [flagOf(name, setting)],
      );
      expect(new Set(flags).size).toBe(flags.length);
    }
  });

  it('are the documentation', () => {
    const docs = configDocs();
    for (const { name, setting } of all) {
      expect(docs).toContain(`\`${name}\``);
      expect(docs).toContain(`\`--${flagOf(name, setting)}\``);
      expect(docs).toContain(setting.description);
    }
  });
});

describe('parseSetting', () => {
  const address = { type: 'address', default: null, description: '' } as const;

  it.each([
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    [':80', { host: '0.0.0.0', port: 80 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['master.example:0', { host: 'master.example', port: 0 }],
  ])('takes the address %s', (text, value) => {
    expect(parseSetting(address, text)).toEqual({ value });
  });

  it.each(['8080', '127.0.0.1', '127.0.0.1:65536', '::1:80', 'a b:1', ''])(
    'refuses the address %s',
    (text) => {
      expect(parseSetting(address, text)).toHaveProperty('fault');
    },
  );

  it('takes several URLs, and names what is wrong with one of them', () => {
    const urls = { type: 'urls', default: null, description: '' } as const;
    expect(parseSetting(urls, 'https://a/, http://b:8080')).toEqual({
      value: ['https://a', 'http://b:8080'],
    });
    for (const text of ['', ' , ', 'https://a,b', 'https://a,https://user:pw@b'])
      expect(parseSetting(urls, text)).toHaveProperty('fault');
  });

  it.each(['example.com', 'ftp://example.com', 'https://user:pw@example.com', ''])(
    'refuses the URL %s',
    (text) => {
      expect(parseSetting({ type: 'url', default: null, description: '' }, text)).toHaveProperty(
        'fault',
      );
    },
  );
});

describe('where a setting comes from', () => {
  const file = 'master:\n  listen: 127.0.0.1:1000\n  branch: from-file\n  repository: ../repo\n';

  it('is the environment before gridops.yml before the default', async () => {
    await withFolder({ 'gridops.yml': file }, async (folder) => {
      const at = await inForce({ GRIDOPS_LISTEN: ':2000' }, folder);
      expect(at('master.listen')).toEqual([
        { host: '0.0.0.0', port: 2000 },
        'environment GRIDOPS_LISTEN',
      ]);
      expect(at('master.branch')).toEqual(['from-file', 'gridops.yml:3:11']);
      expect(at('master.poll_seconds')).toEqual([60, 'default']);
    });
  });

  it('treats an empty variable as not set', async () => {
    await withFolder({ 'gridops.yml': file }, async (folder) => {
      const at = await inForce({ GRIDOPS_BRANCH: '' }, folder);
      expect(at('master.branch')).toEqual(['from-file', 'gridops.yml:3:11']);
    });
  });

  it('starts a relative path in the file at the folder of the file', async () => {
    await withFolder({ 'etc/gridops.yml': 'master:\n  data: data\n' }, async (folder) => {
      const at = await inForce({ GRIDOPS_CONFIG: 'etc/gridops.yml' }, folder);
      expect(at('master.data')?.[0]).toBe(`${folder}/etc/data`);
      expect(at('agent.data')?.[0]).toBe(`${folder}/gridops-agent-data`);
    });
  });

  it('reads lists as lists and from commas', async () => {
    await withFolder({ 'gridops.yml': 'agent:\n  label: [az=1, ssd]\n' }, async (folder) => {
      expect((await inForce({}, folder))('agent.label')?.[0]).toEqual(['az=1', 'ssd']);
      expect((await inForce({ GRIDOPS_LABELS: 'a, b' }, folder))('agent.label')?.[0]).toEqual([
        'a',
        'b',
      ]);
    });
  });
});

describe('secrets', () => {
  it('come from files, without the line break at the end, and are never shown', async () => {
    const files = {
      'gridops.yml': 'master:\n  api_token_file: secret/token\n',
      'secret/token': 'hush-hush\n',
    };
    await withFolder(files, async (folder) => {
      const plain = await runGridops(['config', 'check'], { cwd: folder });
      expect(plain.code).toBe(EXIT.done);
      expect(plain.out).toMatch(/master\.api_token +\(set\) +gridops\.yml:2:19/);
      expect(plain.out + plain.err).not.toContain('hush');
    });
  });

  it('are refused when a value and a file are given on one level', async () => {
    const env = { GRIDOPS_API_TOKEN: 'hush', GRIDOPS_API_TOKEN_FILE: '/x' };
    const result = await runGridops(['config', 'check'], { env });
    expect(result.code).toBe(EXIT.usage);
    expect(result.err).toContain(
      'environment GRIDOPS_API_TOKEN and environment GRIDOPS_API_TOKEN_FILE',
    );
    expect(result.err).not.toContain('hush');
  });

  it.each([
    ['missing', 'cannot read the file'],
    ['empty', 'the file is empty'],
  ])('whose file is %s are a fault', async (name, message) => {
    await withFolder({ empty: '\n' }, async (folder) => {
      const env = { GRIDOPS_WEBHOOK_SECRET_FILE: name };
      const result = await runGridops(['config', 'check'], { env, cwd: folder });
      expect(result.code).toBe(EXIT.usage);
      expect(result.err).toContain(message);
    });
  });
});

describe('what is not right', () => {
  it('in gridops.yml is said with its place and what was meant, all at once', async () => {
    const text = 'master:\n  repositry: x\n  listen: [a]\nmastr: {}\nagent: 5\n';
    await withFolder({ 'gridops.yml': text }, async (folder) => {
      const { code, err } = await runGridops(['config', 'check'], { cwd: folder });
      expect(code).toBe(EXIT.usage);
      expect(err).toContain(
        'gridops.yml:2:3: there is no setting "repositry" (Did you mean "repository"?)',
      );
      expect(err).toContain('gridops.yml:3:11: master.listen must be one value');
      expect(err).toContain(
        'gridops.yml:4:1: there is no setting "mastr" (Did you mean "master"?)',
      );
      expect(err).toContain('gridops.yml:5:8: expected keys and values');
    });
  });

  it('in YAML itself is said with its place', async () => {
    await withFolder({ 'gridops.yml': 'master: {\n' }, async (folder) => {
      const { code, err } = await runGridops(['config', 'check'], { cwd: folder });
      expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('gridops.yml:')]);
    });
  });

  it('in several settings is said at once, without their values', async () => {
    const env = {
      GRIDOPS_LISTEN: 'hush',
      GRIDOPS_POLL_SECONDS: 'often',
      GRIDOPS_GIT_ENGINE: 'mine',
    };
    const { err } = await runGridops(['config', 'check'], { env });
    expect(err).toContain('environment GRIDOPS_LISTEN: must be HOST:PORT');
    expect(err).toContain('environment GRIDOPS_POLL_SECONDS: must be a whole number');
    expect(err).toContain(
      'environment GRIDOPS_GIT_ENGINE: must be one of auto, isomorphic, native',
    );
    expect(err).not.toMatch(/hush|often|mine/);
  });

  it('with a file that was asked for and is not there is said', async () => {
    const { code, err } = await runGridops(['config', 'check', '--config', 'nowhere.yml']);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('nowhere.yml')]);
  });

  it('only together is found by the check, too', async () => {
    const env = { GRIDOPS_REPOSITORY: '/repo', GRIDOPS_GITHUB_TOKEN: 'hush' };
    const { code, err } = await runGridops(['config', 'check'], { env });
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('OWNER/NAME')]);
  });
});
