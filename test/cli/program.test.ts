import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { AgentStart } from '../../src/cli/agent-options.ts';
import type { MasterStart } from '../../src/cli/master-options.ts';
import { GridError } from '../../src/model/error.ts';
import { EXIT, runGridops, withFolder } from './test-cli.ts';

async function answering(
  listener: RequestListener,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

describe('usage', () => {
  it.each([
    [['--help'], EXIT.done],
    [['help', 'deploy'], EXIT.done],
    [['--version'], EXIT.done],
    [[], EXIT.usage],
    [['statsu'], EXIT.usage],
    [['status', '--nonsense'], EXIT.usage],
    [['status', 'one', 'two'], EXIT.usage],
    [['deploy'], EXIT.usage],
    [['deploy', 'x', '--timeout', 'soon'], EXIT.usage],
    [['history', 'x', '--limit', '0'], EXIT.usage],
    [['events', '--master', 'nowhere'], EXIT.usage],
  ])('gridops %j ends with %i', async (args, code) => {
    expect((await runGridops(args)).code).toBe(code);
  });

  it('prints help on stdout and what is wrong on stderr', async () => {
    expect((await runGridops(['--help'])).out).toContain('Exit codes: 0 done');
    const wrong = await runGridops(['statsu']);
    expect(wrong.out).toBe('');
    expect(wrong.err).toContain('Did you mean status?');
  });
});

describe('a master that does not answer', () => {
  it.each([
    ['http://127.0.0.1:2', 'Nothing listens there. Start it with `gridops master`'],
    ['http://no-such-host.invalid', '--master or GRIDOPS_URL'],
  ])('at %s: says what to check', async (url, hint) => {
    const { code, err } = await runGridops(['status', '--master', url]);
    expect([code, err]).toEqual([
      EXIT.failed,
      expect.stringContaining(`cannot reach the master at ${url}`),
    ]);
    expect(err).toMatch(hint.startsWith('Nothing') ? hint : /Check|check/);
  });

  it.each<[string, RequestListener]>([
    ['a web page', (_request, response) => response.end('<html>hello</html>')],
    [
      'an error page',
      (_request, response) => response.writeHead(502).end('<html>bad gateway</html>'),
    ],
    ['something else', (_request, response) => response.end('{"hello":1}')],
  ])('because %s is there: says so', async (_what, listener) => {
    await answering(listener, async (url) => {
      const { code, err } = await runGridops(['status', '--master', url]);
      expect(code).toBe(EXIT.failed);
      expect(err).toMatch(/not from a master|not what this version expects/);
    });
  });

  it('because it wants a token: says where that is', async () => {
    const listener: RequestListener = (_request, response) => response.writeHead(401).end('{}');
    await answering(listener, async (url) => {
      const without = await runGridops(['status', '--master', url]);
      expect(without.err).toContain('wants its API token');
      expect(without.err).toContain('api-token');
      const wrong = await runGridops(['status', '--master', url, '--token', 'wrong-one']);
      expect(wrong.err).toContain('refuses the API token');
      expect(wrong.err).not.toContain('wrong-one');
    });
  });
});

describe('the token', () => {
  const tell: RequestListener = (request, response) =>
    response.writeHead(404).end(
      JSON.stringify({
        error: { code: 'x', message: `got ${request.headers.authorization ?? 'none'}` },
      }),
    );

  it('comes from the flag, its file, the environment or a master of this machine', async () => {
    await withFolder(
      { token: 'from-file\n', 'gridops-data/api-token': 'made-here\n' },
      async (cwd) => {
        await answering(tell, async (url) => {
          const ask = async (args: string[], env: Record<string, string> = {}) =>
            (await runGridops(['status', '--master', url, ...args], { cwd, env })).err;
          expect(await ask(['--token', 'flag'], { GRIDOPS_API_TOKEN: 'env' })).toContain(
            'Bearer flag',
          );
          expect(await ask(['--token-file', 'token'])).toContain('Bearer from-file');
          expect(await ask([], { GRIDOPS_API_TOKEN: 'env' })).toContain('Bearer env');
          expect(await ask([])).toContain('Bearer made-here');
        });
      },
    );
  });

  it('of a master of this machine is not sent to one elsewhere', async () => {
    await withFolder({ 'gridops-data/api-token': 'made-here\n' }, async (cwd) => {
      const sent: (string | null)[] = [];
      const spy: typeof fetch = (_input, init) => {
        sent.push(new Headers(init?.headers).get('authorization'));
        return Promise.resolve(new Response('{}', { status: 401 }));
      };
      await runGridops(['status', '--master', 'https://gridops.example.com'], { cwd, fetch: spy });
      expect(new Set(sent)).toEqual(new Set([null]));
    });
  });
});

describe('gridops master', () => {
  async function start(args: readonly string[], env: Record<string, string> = {}, cwd = '/srv') {
    const started: MasterStart[] = [];
    const stopping = new AbortController();
    let stopped = false;
    const master = async (options: MasterStart) => {
      started.push(options);
      stopping.abort(new Error('stopped'));
      return { url: 'http://127.0.0.1:8080', stop: async () => void (stopped = true) };
    };
    const result = await runGridops(['master', ...args], {
      launch: { master },
      stop: stopping.signal,
      env,
      cwd,
    });
    return { ...result, options: started[0], stopped };
  }

  it('starts with what flags, environment and file say, and stops when told to', async () => {
    const env = { GRIDOPS_WEBHOOK_SECRET: 'one\ntwo', GRIDOPS_API_TOKEN: 'hush' };
    const { code, err, options, stopped } = await start(
      ['--repository', '/repo', '--listen', ':9000'],
      env,
    );
    expect([code, stopped]).toEqual([EXIT.done, true]);
    expect(options).toEqual({
      data: '/srv/gridops-data',
      listen: { host: '0.0.0.0', port: 9000 },
      publicUrl: null,
      repositories: [
        {
          name: 'repo',
          holds: 'grids',
          usedBy: null,
          repository: { url: '/repo', branch: 'main', engine: 'auto', pollSeconds: 60 },
          forge: { kind: 'none' },
          webhookSecrets: ['one', 'two'],
        },
      ],
      apiToken: 'hush',
      logLevel: 'info',
    });
    expect(err).not.toMatch(/hush|one|two/);
  });

  it('says where the token is when it made one', async () => {
    expect((await start(['--repository', '/repo'])).err).toContain('/srv/gridops-data/api-token');
  });

  it('finds the name at GitHub in the address of the repository', async () => {
    for (const url of [
      'https://github.com/acme/grids.git',
      'git@github.com:acme/grids.git',
      'ssh://git@github.com/acme/grids',
    ]) {
      const { options } = await start(['--repository', url], { GRIDOPS_GITHUB_TOKEN: 'hush' });
      expect(options?.repositories[0]?.forge).toEqual({
        kind: 'github',
        baseUrl: 'https://api.github.com',
        auth: { kind: 'token', token: 'hush' },
        owner: 'acme',
        name: 'grids',
      });
    }
  });

  it('takes a GitHub App with its key from a file', async () => {
    await withFolder({ 'app.pem': '-----BEGIN-----\nx\n-----END-----\n' }, async (cwd) => {
      const args = [
        '--repository',
        '/repo',
        '--github',
        'acme/grids',
        '--github-app-id',
        '7',
        '--github-app-key-file',
        'app.pem',
      ];
      expect((await start(args, {}, cwd)).options?.repositories[0]?.forge).toMatchObject({
        auth: {
          kind: 'app',
          appId: 7,
          privateKey: '-----BEGIN-----\nx\n-----END-----',
          installationId: null,
        },
      });
    });
  });

  it.each([
    [[], 'the master needs repository'],
    [['--repository', '/repo', '--github', 'acme/grids'], 'github_token'],
    [['--repository', '/repo', '--github-token', 'x'], 'OWNER/NAME'],
    [['--repository', '/repo', '--github', 'acme', '--github-token', 'x'], 'OWNER/NAME'],
    [['--repository', '/repo', '--github-app-id', '7'], 'github_app_key'],
    [
      [
        '--repository',
        '/repo',
        '--github-app-id',
        '7',
        '--github-app-key',
        'k',
        '--github-token',
        'x',
      ],
      'one of',
    ],
    [['--repository', '/repo', '--poll-seconds', '0'], '--poll-seconds: must be from 1 to 86400'],
    [['--repository', '/repo', '--listen', 'here'], 'flag --listen'],
  ])('does not start with %j', async (args, message) => {
    const { code, err, options } = await start(args);
    expect([code, options, err]).toEqual([EXIT.usage, undefined, expect.stringContaining(message)]);
  });

  it('passes on why it cannot start', async () => {
    const master = () =>
      Promise.reject(
        new GridError({
          code: 'engine-unreachable',
          message: 'port is taken',
          hint: 'Use another.',
        }),
      );
    const { code, err } = await runGridops(['master', '--repository', '/repo'], {
      launch: { master },
    });
    expect([code, err]).toEqual([EXIT.failed, 'error: port is taken\nUse another.\n']);
  });
});

describe('gridops agent', () => {
  async function start(args: readonly string[], env: Record<string, string> = {}) {
    const started: AgentStart[] = [];
    const stopping = new AbortController();
    const agent = async (options: AgentStart) => {
      started.push(options);
      stopping.abort(new Error('stopped'));
      return { stop: async () => undefined };
    };
    const options = { launch: { agent }, stop: stopping.signal, env, cwd: '/srv' };
    return { ...(await runGridops(['agent', ...args], options)), options: started[0] };
  }

  it('starts with what flags and environment say', async () => {
    const env = {
      GRIDOPS_MASTER: 'https://gridops.example/',
      GRIDOPS_TOKEN: 'gj1.x',
      DOCKER_HOST: 'tcp://d:1',
    };
    const { code, options, err } = await start(
      ['--name', 'web-1', '--label', 'az=1', '--label', 'ssd'],
      env,
    );
    expect(code).toBe(EXIT.done);
    expect(options).toEqual({
      master: ['https://gridops.example'],
      joinToken: 'gj1.x',
      name: 'web-1',
      labels: ['az=1', 'ssd'],
      directory: '/srv/gridops-agent-data',
      dockerSocket: 'tcp://d:1',
      publishAddress: '0.0.0.0',
      network: {
        mode: null,
        publicAddress: null,
        privateAddress: null,
        wireguardImage: 'gridops/wireguard',
        hostsFile: '/etc/hosts',
      },
      imageKeep: 24 * 3_600_000,
      logLevel: 'info',
    });
    expect(err).not.toContain('gj1');
  });

  it('wants to know the master', async () => {
    const { code, err } = await start([]);
    expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('GRIDOPS_MASTER')]);
  });
});
