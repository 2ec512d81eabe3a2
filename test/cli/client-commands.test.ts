import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Deploy } from '../../src/protocol/deploy-api.ts';
import {
  aDeploy,
  aGrid,
  aNode,
  anEvent,
  anInstance,
  aPlan,
  aRepository,
  aService,
  aSummary,
  NOW,
  nodeNetwork,
} from '../http/fake-operations.ts';
import { startServer, type TestServer, TOKEN } from '../http/test-server.ts';
import { type CliOptions, type CliResult, EXIT, runGridops } from './test-cli.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

function run(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const env = { GRIDOPS_URL: server.url, GRIDOPS_API_TOKEN: TOKEN, ...options.env };
  return runGridops(args, { ...options, env });
}

const failure = {
  code: 'container-exited',
  message: 'the container ended',
  exitCode: 1,
  log: ['first', 'last'],
  count: 2,
};
const halted = [{ stack: 'shop', service: 'web', number: 2, node: 'web-2', failure, remaining: 1 }];
const confirmation = { reason: 'It removes 67 % of the instances.', removes: ['shop/web-1'] };

describe('gridops volume', () => {
  const volume = {
    grid: 'production',
    node: 'web-1',
    name: 'shop.db.data-1',
    driver: 'local',
    stack: 'shop',
    service: 'db',
    number: 1,
    createdAt: null,
    size: 3 * 1_024 ** 2,
    usedBy: [],
    unusedSince: NOW - 7_200_000,
  };

  it('lists what there is, whose it was and since when nothing uses it, and who did not say', async () => {
    server.operations.volumeList = {
      volumes: [volume, { ...volume, name: 'shop.data', service: null, usedBy: ['shop.web-1'] }],
      silent: [{ node: 'web-2', reason: 'it is not online' }],
    };

    const { code, out } = await run(['volume', 'ls', 'production']);

    expect(code).toBe(EXIT.failed);
    const rows = out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 5));
    expect(rows.slice(1)).toEqual([
      ['web-1', 'shop.db.data-1', 'shop/db-1', '3.0 MiB', '-'],
      ['web-1', 'shop.data', 'shop', '3.0 MiB', 'shop.web-1'],
      ['web-2: not known, it is not online'],
      [''],
    ]);
  });

  it('removes one only when its name is given once more', async () => {
    const command = ['volume', 'rm', 'production', 'web-1', volume.name];

    const without = await run(command);
    const wrong = await run([...command, '--yes-remove', 'shop.db.data-2']);
    expect(server.operations.calls).toEqual([]);
    const right = await run([...command, '--yes-remove', volume.name]);

    expect([without.code, wrong.code, right.code]).toEqual([EXIT.failed, EXIT.failed, EXIT.done]);
    expect(without.err).toContain(`--yes-remove ${volume.name}`);
    expect(server.operations.calls).toEqual([
      `remove volume ${volume.name} of web-1, confirmed ${volume.name}, by api`,
    ]);
  });
});

describe('gridops status', () => {
  it('shows what somebody else has made of instances, what differs, and for how long', async () => {
    const differences = [{ what: 'mem_limit', wanted: '64 MiB', found: '1 MiB' }];
    const drift = { state: 'reported', differences, count: 1, since: NOW - 300_000 } as const;
    server.operations.instanceList = [anInstance({ drift })];

    const { out } = await run(['status', 'production']);

    expect(out).toContain(
      'shop/web-1 on web-1: changed by somebody else, and left so: mem_limit 1 MiB instead of 64 MiB, for ',
    );
  });

  it('shows every grid on a line', async () => {
    server.operations.gridList = [aGrid(), aGrid({ name: 'eu', deploy: null })];
    const { code, out } = await run(['status']);
    expect(code).toBe(EXIT.done);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
      ['GRID', 'STATE', 'COMMIT', 'INSTANCES', 'NODES', 'MESSAGE'],
      ['production', 'running', '4f2a9c1', '3/3', '2/2', '1/3 instances updated'],
      ['eu', 'empty', '4f2a9c1', '3/3', '2/2', 'nothing deployed yet'],
      [''],
    ]);
  });

  it.each([
    ['succeeded', EXIT.done],
    ['running', EXIT.done],
    ['failed', EXIT.failed],
    ['held', EXIT.held],
  ] as const)('of a grid whose deploy is %s ends with %i', async (phase, code) => {
    server.operations.gridList = [aGrid({ deploy: aSummary({ phase }) })];
    expect((await run(['status'])).code).toBe(code);
    expect((await run(['status', 'production'])).code).toBe(code);
  });

  it('of one grid shows what runs, and why something does not', async () => {
    const attempt = {
      specHash: 'x',
      phase: 'failed',
      message: 'tries again in 20 s',
      failure,
    } as const;
    server.operations.instanceList = [anInstance({ state: 'failing', attempt })];
    const { out } = await run(['status', 'production']);
    expect(out).toContain('branch at 4f2a9c1, converged at 0c11b7a');
    expect(out).toMatch(/shop\/web +2\/2 +1\/2 +healthy +nginx:1\.27/);
    expect(out).toMatch(/shop\/web-1 +failing +web-1 +9f8e7d6c5b4a/);
    expect(out).toContain('shop/web-1 on web-1: the container ended\n  | first\n  | last');
    expect(out).toMatch(/production +web-2 +online/);
  });

  it('of one grid says which service does not run what git says, and why', async () => {
    const back = { node: 'web-2', failure, specHash: 'x', revision: 'abcdef0123', instances: 2 };
    const divergence = { stack: 'shop', service: 'web', number: 2, ...back };
    server.operations.serviceList = [aService({ divergence })];
    const { out } = await run(['status', 'production']);
    expect(out).toContain('shop/web (rolled back)');
    expect(out).toContain(
      'shop/web diverges from git: it runs the spec of abcdef0 again until a commit changes it\n  shop/web-2 on web-2: the container ended\n  | first\n  | last',
    );
  });

  it('says since when the repository cannot be read', async () => {
    const fault = { code: 'repository-unreachable', message: 'refused', since: NOW - 180_000 };
    server.operations.gridList = [aGrid({ fault })];
    const { code, out } = await run(['status', 'production']);
    expect([code, out]).toEqual([
      EXIT.failed,
      expect.stringContaining('cannot be read since 3 min: refused'),
    ]);
  });

  it('prints the whole answer as JSON', async () => {
    const { out } = await run(['status', '--json']);
    expect(JSON.parse(out)).toEqual({ grids: [aGrid()], repositories: [aRepository()] });
  });

  it('names the repository of each grid where there are several, and what is wrong with them', async () => {
    const fault = { code: 'repository-unreachable', message: 'connection refused', since: NOW };
    server.operations.gridList = [aGrid({ repository: 'shop' })];
    server.operations.repositoryList = [
      aRepository({ name: 'shop' }),
      aRepository({ name: 'blog', fault, refused: [{ grid: 'production', owner: 'shop' }] }),
    ];
    const { code, out } = await run(['status']);
    expect(code).toBe(EXIT.failed);
    expect(out).toMatch(/production +shop /);
    expect(out).toContain("repository blog has a grid production, which is shop's");
    expect(out).toMatch(/repository blog cannot be read since .*: connection refused/);
  });
});

describe('gridops plan', () => {
  it('prints the plan of a grid, or of all', async () => {
    const one = await run(['plan', 'production']);
    expect(one.out).toContain('wave 1\n  ~ shop/web-1');
    expect((await run(['plan'])).out).toBe(one.out);
  });

  it('explains what variables stand for, and hides what is made of chance', async () => {
    const { out } = await run(['plan', 'production', '--explain']);
    expect(out).toContain(
      [
        'STACK  VARIABLE  VALUE       FROM',
        'shop   GRID      production  always there',
        'shop   tag       2.0         given, grids/production/grid.yml:3',
        'shop   key       (hidden)    random_string, grids/production/grid.yml:3',
      ].join('\n'),
    );
    const json = JSON.parse((await run(['plan', 'production', '--explain', '--json'])).out);
    expect(json.variables[0].stacks[0].variables).toHaveLength(3);
  });

  it('that is empty because of a problem is not all well', async () => {
    const position = { file: 'grids/production/grid.yml', line: 1, column: 1 };
    const frame = '> 1 | a';
    const problems = [
      { severity: 'error', code: 'x', message: 'no such key', position, help: 'x', frame } as const,
    ];
    server.operations.currentPlan = { plan: aPlan({ waves: [] }), text: '', converged: true };
    server.operations.gridList = server.operations.gridList.map((grid) => ({ ...grid, problems }));

    const { code, err } = await run(['plan', 'production']);

    expect(code).toBe(EXIT.failed);
    expect(err).toContain('error: no such key [x]\n  at grids/production/grid.yml:1:1\n\n> 1 | a');
    expect(err).toContain('gridops status production');
  });

  it('says when there is nothing to do', async () => {
    server.operations.currentPlan = { plan: aPlan({ waves: [] }), text: '', converged: true };
    expect((await run(['plan', 'production'])).out).toContain('converged, nothing to do');
  });

  it.each([
    [{ confirmation }, EXIT.held],
    [{ halted }, EXIT.failed],
    [{}, EXIT.done],
  ] as const)('of %j ends with %i', async (fields, code) => {
    server.operations.currentPlan = { plan: aPlan(fields), text: 'x', converged: false };
    expect((await run(['plan', 'production'])).code).toBe(code);
  });
});

describe('gridops deploy', () => {
  it('asks for it and says where to look', async () => {
    const { code, out } = await run(['deploy', 'production']);
    expect([code, out]).toEqual([
      EXIT.done,
      `deploy 01JD8Z2Q7V: ${server.url}/deploys/01JD8Z2Q7V\n`,
    ]);
    expect(server.operations.calls).toEqual(['redeploy production api']);
  });

  it('deploys what must wait when it is forced to', async () => {
    await run(['deploy', 'production', '--force']);
    expect(server.operations.calls).toEqual(['redeploy production api forced']);
  });

  it('says when one is going on already', async () => {
    server.operations.started = false;
    expect((await run(['deploy', 'production'])).err).toContain('is going on already');
  });

  /** Shows the command one state of the deploy after the other, the next whenever it waits. */
  async function wait(
    states: readonly Partial<Deploy>[],
    args: readonly string[] = [],
  ): Promise<CliResult> {
    let index = 0;
    const show = (): void => {
      server.operations.deployList = [aDeploy(states[index])];
      index = Math.min(index + 1, states.length - 1);
    };
    show();
    return await run(['deploy', 'production', '--wait', ...args], { sleep: show });
  }

  it('waits, printing each change once on stderr, until it succeeded', async () => {
    const { code, out, err } = await wait([
      { message: '1/3 instances updated' },
      { message: '1/3 instances updated' },
      { message: '2/3 instances updated' },
      { phase: 'succeeded', message: '3/3 instances updated', finishedAt: NOW },
    ]);
    expect(code).toBe(EXIT.done);
    expect(err.trim().split('\n')).toEqual([
      'production 4f2a9c1 running: 1/3 instances updated',
      'production 4f2a9c1 running: 2/3 instances updated',
      'production 4f2a9c1 succeeded: 3/3 instances updated',
    ]);
    expect(out).toBe('succeeded production 4f2a9c1: 3/3 instances updated\n');
  });

  it('ends with 1 and the log of the container when it failed', async () => {
    const { code, out } = await wait([{ phase: 'failed', remaining: aPlan({ halted }) }]);
    expect([code, out]).toEqual([
      EXIT.failed,
      expect.stringContaining('shop/web-2 on web-2: the container ended\n  | first\n  | last'),
    ]);
  });

  it('ends with 1 and the place of the problem when a file is wrong', async () => {
    const position = { file: 'grids/production/grid.yml', line: 3, column: 1 };
    const help = 'docs/grid-repository.md#x';
    const problems = [
      { severity: 'error', code: 'x', message: 'no such key', position, help } as const,
    ];
    const { code, out } = await wait([{ phase: 'failed', plan: null, remaining: null, problems }]);
    expect([code, out]).toEqual([
      EXIT.failed,
      expect.stringContaining('no such key [x]\n  at grids/production/grid.yml:3:1\n  See docs/'),
    ]);
  });

  it('ends with 3 and what to do when it waits for a person', async () => {
    const { code, out } = await wait([{ phase: 'held', remaining: aPlan({ confirmation }) }]);
    expect(code).toBe(EXIT.held);
    expect(out).toContain(
      'It removes 67 % of the instances.\n  - shop/web-1\nto go on: gridops approve 01JD8Z2Q7V',
    );
  });

  it('follows the deploy that takes over', async () => {
    server.operations.deployList = [
      aDeploy({ phase: 'superseded', supersededBy: 'next' }),
      aDeploy({ id: 'next', phase: 'succeeded', message: 'all updated' }),
    ];
    const { code, out } = await run(['deploy', 'production', '--wait']);
    expect([code, out]).toEqual([EXIT.done, expect.stringContaining('all updated')]);
  });

  it('gives up after the timeout and says that the deploy goes on', async () => {
    const { code, err } = await wait([{}], ['--timeout', '10s']);
    expect([code, err]).toEqual([
      EXIT.failed,
      expect.stringContaining('has not ended within 10 seconds; it goes on'),
    ]);
  });

  it('waits for a master that is away for a moment, but not for ever', async () => {
    let away = 0;
    const flaky: typeof fetch = (input, init) => {
      const asks = init?.method === 'GET' && away > 0;
      away -= asks ? 1 : 0;
      return asks ? Promise.reject(new TypeError('fetch failed')) : fetch(input, init);
    };
    server.operations.deployList = [aDeploy({ phase: 'succeeded' })];
    away = 3;
    expect((await run(['deploy', 'production', '--wait'], { fetch: flaky })).code).toBe(EXIT.done);
    away = 1_000;
    const { code, err } = await run(['deploy', 'production', '--wait'], { fetch: flaky });
    expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('cannot reach the master')]);
  });

  it('ends with 130 at Ctrl-C', async () => {
    const stopping = new AbortController();
    const sleep = () => stopping.abort(new Error('stopped'));
    const { code } = await run(['deploy', 'production', '--wait'], {
      sleep,
      stop: stopping.signal,
    });
    expect(code).toBe(EXIT.interrupted);
  });

  it('prints the deploy as JSON at the end, and only that on stdout', async () => {
    const { out } = await wait([{}, { phase: 'succeeded' }], ['--json']);
    expect(JSON.parse(out)).toMatchObject({ id: '01JD8Z2Q7V', phase: 'succeeded' });
  });
});

describe('gridops approve', () => {
  beforeEach(() => {
    server.operations.deployList = [
      aDeploy({ phase: 'held', remaining: aPlan({ confirmation, hash: 'now' }) }),
    ];
  });

  it('approves the plan that it shows', async () => {
    const { code, err } = await run(['approve', '01JD8Z2Q7V']);
    expect([code, err]).toEqual([EXIT.done, 'It removes 67 % of the instances.\n  - shop/web-1\n']);
    expect(server.operations.calls).toEqual(['approve 01JD8Z2Q7V now api']);
  });

  it('approves only the plan that was read before', async () => {
    server.operations.approval = 'changed';
    const { code, err } = await run(['approve', '01JD8Z2Q7V', '--plan', 'read']);
    expect([code, err]).toEqual([
      EXIT.failed,
      expect.stringContaining('no longer the one that was approved'),
    ]);
    expect(server.operations.calls).toEqual(['approve 01JD8Z2Q7V read api']);
  });

  it('takes the beginning of the hash that people read', async () => {
    const plan = aPlan({ confirmation, hash: '0123456789abcdef' });
    server.operations.deployList = [aDeploy({ phase: 'held', remaining: plan })];
    await run(['approve', '01JD8Z2Q7V', '--plan', '0123456789ab']);
    await run(['approve', '01JD8Z2Q7V', '--plan', '0123']);
    expect(server.operations.calls).toEqual([
      'approve 01JD8Z2Q7V 0123456789abcdef api',
      'approve 01JD8Z2Q7V 0123 api',
    ]);
  });

  it('refuses what does not wait for it', async () => {
    server.operations.deployList = [aDeploy()];
    const { code, err } = await run(['approve', '01JD8Z2Q7V']);
    expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('it is running')]);
    expect(server.operations.calls).toEqual([]);
  });
});

describe('gridops history', () => {
  it('lists deploys and hands on the page', async () => {
    const { out } = await run(['history', 'production', '-n', '5', '--before', 'abc']);
    expect(out).toMatch(
      /01JD8Z2Q7V +4f2a9c1 +running +42 s ago +- +webhook +1\/3 instances updated/,
    );
    expect(server.operations.calls).toEqual(['deploys production 5 abc']);
  });
});

describe('gridops events', () => {
  it('prints the oldest first', async () => {
    server.operations.eventList = [
      anEvent({ id: '2', message: 'second' }),
      anEvent({ id: '1', message: 'first' }),
    ];
    const { out } = await run(['events', '--grid', 'production']);
    expect(out).toMatch(/first\n.*production\/shop\/web-1 second\n$/);
  });

  it('follows, each once, one JSON a line, until Ctrl-C', async () => {
    const stopping = new AbortController();
    server.operations.eventList = [anEvent({ id: '1' })];
    const onOutput = (out: string): void => {
      const lines = out.trim().split('\n').length;
      if (lines === 1) {
        server.operations.emit({ kind: 'event', event: anEvent({ id: '1' }) });
        server.operations.emit({ kind: 'deploy', deploy: aSummary() });
        server.operations.emit({ kind: 'event', event: anEvent({ id: '2' }) });
      }
      if (lines === 2) stopping.abort(new Error('stopped'));
    };
    const { code, out } = await run(['events', '--follow', '--json'], {
      onOutput,
      stop: stopping.signal,
    });
    const ids = out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect([code, ids]).toEqual([EXIT.done, ['1', '2']]);
  });

  it('goes on after the master was away, without a gap and without doubles', async () => {
    const stopping = new AbortController();
    server.operations.eventList = [anEvent({ id: '1' })];
    let streams = 0;
    const cut: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (!new Request(input).url.includes('/stream')) return response;
      streams += 1;
      if (streams > 1) return response;
      return new Response(new ReadableStream({ start: (controller) => controller.close() }));
    };
    const sleep = (): void => {
      server.operations.eventList = [anEvent({ id: '2' }), anEvent({ id: '1' })];
    };
    const onOutput = (out: string): void => {
      if (out.trim().split('\n').length === 2) stopping.abort(new Error('stopped'));
    };
    const options = { fetch: cut, sleep, onOutput, stop: stopping.signal };
    const { out } = await run(['events', '--follow', '--json'], options);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(['1', '2']);
  });

  it('does not follow what it may not see', async () => {
    const { code } = await run(['events', '--follow'], { env: { GRIDOPS_API_TOKEN: 'wrong' } });
    expect(code).toBe(EXIT.failed);
  });
});

describe('gridops node', () => {
  it('lists nodes of all grids or one', async () => {
    const all = await run(['node', 'ls']);
    expect(all.out).toMatch(
      /production +web-1 +online +2 +10\.81\.0\.1 +27\.3\.1 +0\.1\.0 +now +az=eu-1a,ssd/,
    );
    expect((await run(['node', 'ls', 'production'])).out).toBe(all.out);
  });

  it('shows a node with its place in the network', async () => {
    const { code, out } = await run(['node', 'show', 'production', 'web-1']);

    expect(code).toBe(EXIT.done);
    expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual(
      expect.arrayContaining([
        ['Network', 'overlay'],
        ['Number', '1'],
        ['Grid address', '10.81.0.1'],
        ['Public address', '192.0.2.1'],
        ['Private address', '10.77.0.1'],
        ['Region', 'eu'],
      ]),
    );
    const json = await run(['node', 'show', 'production', 'web-1', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ name: 'web-1', network: { number: 1 } });
  });

  it('shows why a node is not in the network, and what an older master does not know', async () => {
    const network = { ...nodeNetwork, mode: 'bridge', reason: 'docker desktop' } as const;
    const { network: _unknown, ...old } = aNode({ name: 'old' });
    server.operations.nodeList = [
      aNode({ network: { ...network, number: null, address: null } }),
      old,
    ];

    const { out } = await run(['node', 'show', 'production', 'web-1']);

    expect(out).toMatch(/^Network +bridge: docker desktop$/m);
    expect(out).not.toMatch(/^Number/m);
    expect((await run(['node', 'ls'])).out).toMatch(/web-1 .* bridge .*\n.*old .* - /);
    expect((await run(['node', 'show', 'production', 'old'])).out).toContain('too old');
  });

  it('shows a silent engine, and how much room an engine has', async () => {
    const disk = { free: 1024 ** 3, total: 20 * 1024 ** 3 };
    const engine = { state: 'silent', since: NOW - 60_000, reason: 'no answer', disk } as const;
    server.operations.nodeList = [aNode({ engine })];

    const { out } = await run(['node', 'show', 'production', 'web-1']);

    expect(out).toMatch(/^Status +engine silent$/m);
    expect(out).toMatch(/^Engine answers +silent for .*: no answer$/m);
    expect(out).toMatch(/^Engine disk +1\.0 of 20\.0 GiB free, almost full$/m);
    expect((await run(['node', 'ls'])).out).toMatch(/web-1 +engine silent/);
  });

  it('shows how clocks differ, and which agents are older than the master', async () => {
    server.operations.nodeList = [aNode({ skewSeconds: 12, outdated: true })];

    const { out } = await run(['node', 'show', 'production', 'web-1']);

    expect(out).toMatch(/^Agent +0\.1\.0 \(old\)$/m);
    expect(out).toMatch(/^Clock +12 s ahead of the master's$/m);
    expect((await run(['node', 'ls'])).out).toMatch(
      /online, clock 12 s ahead of the master's .* 0\.1\.0 \(old\)/,
    );
    server.operations.nodeList = [aNode({ skewSeconds: 0 })];
    expect((await run(['node', 'ls'])).out).not.toContain('clock');
  });

  it('says so when there is no such node to show', async () => {
    const { code, err } = await run(['node', 'show', 'production', 'web-9']);

    expect(code).toBe(EXIT.failed);
    expect(err).toContain('grid production has no node web-9');
    expect(err).toContain('gridops node ls production');
  });

  it('forgets a node', async () => {
    expect((await run(['node', 'rm', 'production', 'web-2'])).code).toBe(EXIT.done);
    expect(server.operations.calls).toEqual(['remove production web-2']);
  });

  it('says how to add one when there is none', async () => {
    server.operations.nodeList = [];
    expect((await run(['node', 'ls', 'production'])).out).toContain('gridops token create');
  });
});

describe('gridops token create', () => {
  it('prints the token alone on stdout', async () => {
    const { code, out, err } = await run([
      'token',
      'create',
      '--grid',
      'production',
      '--expires',
      '2h',
    ]);
    expect([code, out]).toEqual([EXIT.done, 'gj1.production.secret\n']);
    expect(err).toContain('Lets one node join grid production until');
  });

  it('wants to know the grid', async () => {
    expect((await run(['token', 'create'])).code).toBe(EXIT.usage);
  });
});

describe('what the master says', () => {
  it('is passed on with its hint', async () => {
    const { code, err } = await run(['status', 'nowhere']);
    expect([code, err]).toEqual([EXIT.failed, "error: there is no grid 'nowhere'\n"]);
  });

  it('is never an order to the terminal, as text and as JSON', async () => {
    const evil = 'a\u001b]0;owned\u0007\u009b31m\u202eb';
    server.operations.gridList = [aGrid({ deploy: aSummary({ message: evil }) })];
    server.operations.eventList = [anEvent({ message: evil })];
    server.operations.deployList = [aDeploy({ phase: 'succeeded', message: evil })];
    for (const args of [
      ['status'],
      ['status', 'production'],
      ['events'],
      ['deploy', 'production', '-w'],
      ['history', 'production'],
    ])
      for (const end of [[], ['--json']]) {
        const { out, err } = await run([...args, ...end]);
        expect(out + err).not.toMatch(/[^\P{C}\n]/u);
      }
    expect(JSON.parse((await run(['events', '--json'])).out)).toMatchObject({
      events: [{ message: evil }],
    });
  });
});

describe('colours', () => {
  it('are for terminals only, and not where NO_COLOR is set', async () => {
    expect((await run(['status'])).out).not.toContain('\u001b[');
    expect((await run(['status'], { isTerminal: true })).out).toContain('\u001b[');
    expect((await run(['status'], { isTerminal: true, env: { NO_COLOR: '1' } })).out).not.toContain(
      '\u001b[',
    );
    expect((await run(['status', '--json'], { isTerminal: true })).out).not.toContain('\u001b[');
  });
});

describe('gridops freeze', () => {
  it('freezes until somebody says otherwise, with the reason', async () => {
    server.operations.gridList = [aGrid({ freeze: aFreeze(null) })];
    const { code, out } = await run(['freeze', 'production', '--reason', 'audit']);
    expect(code).toBe(EXIT.done);
    expect(out).toBe('grid production is frozen until `gridops unfreeze production`\n');
    expect(server.operations.calls).toEqual(['freeze production - audit api']);
  });

  it.each([
    ['2h', NOW + 7_200_000],
    ['2026-12-01T06:00Z', Date.parse('2026-12-01T06:00Z')],
    ['2026-12-01 06:00+01:00', Date.parse('2026-12-01T05:00Z')],
    ['2026-12-01', new Date(2026, 11, 1).getTime()],
  ])('freezes until %s', async (until, at) => {
    server.operations.gridList = [aGrid({ freeze: aFreeze(at) })];
    const { out } = await run(['freeze', 'production', '--until', until]);
    expect(server.operations.calls).toEqual([`freeze production ${at}  api`]);
    expect(out).toContain('is frozen until 20');
  });

  it.each(['soon', '0', '2026-13-01', 'Tuesday'])('refuses to freeze until "%s"', async (until) => {
    const { code, err } = await run(['freeze', 'production', '--until', until]);
    expect(code).toBe(EXIT.usage);
    expect(err).toContain('a time such as 2026-12-01T06:00');
  });

  it('is taken back by unfreeze', async () => {
    const { code, err } = await run(['unfreeze', 'production']);
    expect([code, err]).toEqual([EXIT.done, expect.stringContaining('is not frozen any more')]);
    expect(server.operations.calls).toEqual(['unfreeze production api']);
  });

  it('is seen in the status, and with the deploy that waits', async () => {
    const closed = { because: 'frozen', until: null, message: 'closed: frozen by api' } as const;
    server.operations.gridList = [aGrid({ closed, deploy: aSummary({ phase: 'held' }) })];
    server.operations.deployList = [aDeploy({ phase: 'held', closed })];
    const status = await run(['status', 'production']);
    expect(status.out).toContain('  closed: frozen by api\n');
    const waiting = aSummary({ phase: 'held', message: closed.message });
    server.operations.gridList = [aGrid({ closed, deploy: waiting })];
    const { out } = await run(['status', 'production']);
    expect(out.split(closed.message)).toHaveLength(2);
    const deployed = await run(['deploy', 'production', '--wait']);
    expect(deployed.code).toBe(EXIT.held);
    expect(deployed.out).toContain('deployed by itself when the grid opens again');
  });
});

describe('gridops node drain and activate', () => {
  it('say what becomes of the node', async () => {
    server.operations.nodeList = [aNode({ instances: 2 })];
    const drain = await run(['node', 'drain', 'production', 'web-1']);
    expect(drain.out).toContain('web-1 of grid production is drained: 2 instances leave it');
    const activate = await run(['node', 'activate', 'production', 'web-1']);
    expect(activate.out).toContain('takes instances again');
    expect(server.operations.calls).toEqual([
      'drain production web-1 api',
      'active production web-1 api',
    ]);
  });

  it('say that grid.yml drains it, too', async () => {
    server.operations.nodeList = [aNode({ availability: 'drain' })];
    const { out } = await run(['node', 'activate', 'production', 'web-1']);
    expect(out).toContain('stays drained: grid.yml says so, too');
  });

  it('are seen in the list and at the node, with who and since when', async () => {
    const drained = { by: 'api', at: NOW - 120_000 };
    server.operations.nodeList = [aNode({ availability: 'drain', drained })];
    expect((await run(['node', 'ls'])).out).toContain('online, drain by api, 2 min ago');
    expect((await run(['node', 'show', 'production', 'web-1'])).out).toContain(
      'Drained          by api, 2 min ago',
    );
  });

  it('are told at the node with what stays there', async () => {
    server.operations.nodeList = [aNode({ availability: 'drain', stays: ['shop/db-1'] })];
    expect((await run(['node', 'show', 'production', 'web-1'])).out).toContain(
      'Stays with data  shop/db-1',
    );
  });
});

function aFreeze(until: number | null) {
  return { until, reason: 'audit', actor: 'api', at: NOW };
}
