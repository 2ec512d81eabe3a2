import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ProgramEnd, ProgramRun, RunProgram } from '../../src/cli/run-program.ts';
import { type CliOptions, type CliResult, EXIT, runGridops, withFolder } from './test-cli.ts';

const web = `stack: demo/shop
services:
  web:
    image: registry.example.com/web:1
    build: {context: app, args: {A: "b c", TOKEN: }}
    hooks: {pre_build: [{name: assets, cmd: make assets}]}
  worker:
    image: registry.example.com/web:1
    build: {context: app, args: [A=b c, TOKEN]}
`;
const blog =
  'services:\n  blog: {image: "blog:1", build: {dockerfile_inline: "FROM scratch\\n"}}\n';

const repository = {
  'grids/demo/stacks/shop/kontena.yml': web,
  'grids/demo/stacks/shop/app/Dockerfile': 'FROM scratch\n',
  'grids/demo/stacks/blog/compose.yaml': blog,
};

interface Machine {
  readonly run: RunProgram;
  readonly ran: ProgramRun[];
  readonly words: () => readonly string[];
}

/** Remembers what runs; programs end as `ends` says of their words. */
function aMachine(ends: (words: string) => ProgramEnd | undefined = () => undefined): Machine {
  const ran: ProgramRun[] = [];
  const words = ({ program, args }: ProgramRun): string => [program, ...args].join(' ');
  return {
    ran,
    words: () => ran.filter(({ isQuiet }) => !isQuiet).map(words),
    run: async (one) => {
      ran.push(one);
      return ends(words(one)) ?? { kind: 'exited', code: 0 };
    },
  };
}

async function building(
  args: readonly string[],
  { files = repository, ...options }: CliOptions & { readonly files?: Record<string, string> },
  check: (result: CliResult, folder: string) => Promise<void> | void,
): Promise<void> {
  await withFolder(files, async (folder) => {
    await check(await runGridops(['build', ...args], { cwd: folder, ...options }), folder);
  });
}

const shop = './grids/demo/stacks/shop/app';
const hook = '/bin/sh -c make assets';
const build = `docker build --tag registry.example.com/web:1 --pull --build-arg A=b c --build-arg TOKEN ${shop}`;

describe('gridops build', () => {
  it('runs the hooks, builds each image once, and then pushes them', async () => {
    const machine = aMachine();
    await building([], { run: machine.run }, ({ code, out, err }, folder) => {
      expect([code, out]).toEqual([EXIT.done, '']);
      expect(machine.words()).toEqual([
        'docker build --tag blog:1 --file - --pull ./grids/demo/stacks/blog',
        hook,
        build,
        'docker push blog:1',
        'docker push registry.example.com/web:1',
      ]);
      expect(machine.ran.map(({ cwd }) => cwd.slice(folder.length))).toEqual([
        '',
        '',
        '/grids/demo/stacks/shop',
        '',
        '',
        '',
      ]);
      expect(machine.ran[1]?.input).toBe('FROM scratch\n');
      expect(err).toContain(
        'build of registry.example.com/web:1 for demo/shop/web, demo/shop/worker\n',
      );
    });
  });

  it.each([
    [
      ['--no-push', '-s', 'shop'],
      [hook, build],
    ],
    [['--no-push', '--no-pull', '--service', 'worker'], [build.replace(' --pull', '')]],
    [
      ['--no-push', '--no-cache', '-s', 'blog'],
      ['docker build --tag blog:1 --file - --pull --no-cache ./grids/demo/stacks/blog'],
    ],
    [
      ['--no-push', '--service', 'web', '--service', 'blog', '-g', 'demo'],
      ['docker build --tag blog:1 --file - --pull ./grids/demo/stacks/blog', hook, build],
    ],
  ])('%j', async (args, words) => {
    const machine = aMachine();
    await building(args, { run: machine.run }, ({ code }) => {
      expect(code).toBe(EXIT.done);
      expect(machine.words()).toEqual(words);
    });
  });

  it('says which arguments are from the environment, and hands that on', async () => {
    const machine = aMachine();
    const env = { TOKEN: 'secret' };
    await building(['-s', 'shop'], { run: machine.run, env }, ({ err }) => {
      expect(err).toContain('TOKEN of registry.example.com/web:1 is taken from the environment\n');
      expect(err).not.toContain('secret');
      expect(machine.ran.every((one) => one.env === env)).toBe(true);
    });
    await building(['-s', 'shop', '--dry-run'], {}, ({ err }) => {
      expect(err).toContain('from the environment, where it is not set');
    });
  });

  it('prints a script with --dry-run, and runs nothing', async () => {
    await building(['--dry-run'], {}, ({ code, out }, folder) => {
      expect(code).toBe(EXIT.done);
      expect(out).toBe(`set -e
cd ${folder}
printf %s 'FROM scratch
' | docker build --tag blog:1 --file - --pull ./grids/demo/stacks/blog
(cd grids/demo/stacks/shop && /bin/sh -c 'make assets')
docker build --tag registry.example.com/web:1 --pull --build-arg 'A=b c' --build-arg TOKEN ${shop}
docker push blog:1
docker push registry.example.com/web:1
`);
    });
  });

  it.each([
    [
      '/bin/sh',
      { kind: 'exited', code: 2 },
      'pre_build hook "assets" of demo/shop/web ended with exit code 2',
    ],
    [
      'docker build',
      { kind: 'exited', code: 1 },
      'build of registry.example.com/web:1 for demo/shop/web, demo/shop/worker ended with exit code 1',
    ],
    [
      'docker push',
      { kind: 'killed', by: 'SIGKILL' },
      'push of registry.example.com/web:1 was ended by SIGKILL',
    ],
  ] as const)('stops when %s fails, and says which', async (which, end, message) => {
    const machine = aMachine((words) => (words.startsWith(which) ? end : undefined));
    await building(['-s', 'shop'], { run: machine.run }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(message)]);
      expect(machine.words().at(-1)).toContain(which);
    });
  });

  it('says what to install where there is no docker, before any hook runs', async () => {
    const machine = aMachine((words) =>
      words.startsWith('docker') ? { kind: 'missing' } : undefined,
    );
    await building([], { run: machine.run }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('Install the Docker')]);
      expect(machine.words()).toEqual([]);
    });
  });

  it('ends with what runs when it is interrupted', async () => {
    const stopping = new AbortController();
    const machine = aMachine((words) => {
      if (!words.startsWith('/bin/sh')) return undefined;
      stopping.abort();
      return { kind: 'killed', by: 'SIGTERM' };
    });
    await building(['-s', 'shop'], { run: machine.run, stop: stopping.signal }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.interrupted, expect.stringContaining('interrupted\n')]);
      expect(machine.words()).toEqual([hook]);
      expect(machine.ran.every(({ signal }) => signal === stopping.signal)).toBe(true);
    });
  });

  it.each([
    ['services:\n  web: {image: a, build: /srv}\n', 'bad-path'],
    ['services:\n  web: {build: .}\n', 'gridops build'],
    ['services: [', 'yaml-syntax'],
  ])('builds nothing when there are problems: %j', async (text, found) => {
    const files = { ...repository, 'grids/demo/stacks/shop/kontena.yml': text };
    await building([], { files }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(found)]);
    });
    await building(['-s', 'blog', '--dry-run'], { files }, ({ code }) => {
      expect(code).toBe(EXIT.done);
    });
  });

  it('tells the problems of a grid that cannot be read before missing a stack of it', async () => {
    const files = { ...repository, 'grids/demo/grid.yml': 'stacks: [' };
    await building(['-s', 'shop'], { files }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('yaml-syntax')]);
    });
  });

  it.each([
    [['-g', 'dmo'], 'Did you mean "demo"?'],
    [['-s', 'shpo'], 'Did you mean "shop"?'],
    [['--service', 'wbe'], 'Did you mean "web"?'],
    [['--service', 'db'], "'db' does not say how its image is built"],
  ])('knows %j not', async (args, found) => {
    const files = {
      ...repository,
      'grids/demo/stacks/db/kontena.yml': 'services:\n  db: {image: db}\n',
    };
    await building(args, { files }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(found)]);
    });
  });

  it('has nothing to do where nothing is built', async () => {
    const files = { 'grids/demo/stacks/db/kontena.yml': 'services:\n  db: {image: db}\n' };
    await building([], { files }, ({ code, err }) => {
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('nothing to build')]);
    });
  });

  it('sends no folder that is missing after its hooks, or lies elsewhere', async () => {
    const files = { 'grids/demo/stacks/shop/kontena.yml': web };
    await withFolder(files, async (folder) => {
      const machine = aMachine();
      const run = async () => await runGridops(['build'], { cwd: folder, run: machine.run });
      expect((await run()).err).toContain('stacks/shop/app is not there');
      await mkdir(join(folder, 'elsewhere'));
      await withFolder({}, async (outside) => {
        await symlink(outside, join(folder, 'grids/demo/stacks/shop/app'));
        expect((await run()).err).toContain('a link that leads out of the repository');
      });
      expect(machine.words()).toEqual([hook, hook]);
    });
  });
});
