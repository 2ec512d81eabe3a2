import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { resolveGrid } from '../../src/manifest/compile.ts';
import { type ImageBuilds, imageBuilds } from '../../src/manifest/image-builds.ts';
import type { ImageBuild } from '../../src/model/image-build.ts';
import { aSourceTree, brief, compileStackFile, type Files, STACK_FILE } from './source-tree.ts';

function buildsOf(files: Files, wanted: readonly string[] | null = null): ImageBuilds {
  const { stacks, problems } = resolveGrid(aSourceTree(files), 'demo');
  const all = [...stacks].map(([name, resolved]) => ({
    grid: 'demo',
    name,
    resolved,
    problems: problems.filter(({ stack }) => stack === name),
  }));
  return imageBuilds(all, wanted === null ? null : new Set(wanted));
}

/** A stack whose service `web` has these lines after its image. */
function webWith(lines: string, rest = '', others: Files = {}): ImageBuilds {
  const body = lines.replace(/^/gm, '    ');
  const text = `services:\n  web:\n    image: web:1\n${body}\n${rest}`;
  return buildsOf({ [STACK_FILE]: text, ...others });
}

function theBuild({ builds, problems }: ImageBuilds): ImageBuild {
  const [build] = builds;
  if (build === undefined || builds.length > 1 || problems.length > 0)
    throw new Error(JSON.stringify({ builds, problems }));
  return build;
}

const folder = 'grids/demo/stacks/shop';

describe('the build of a service', () => {
  test('is of the folder of its file, unless that says otherwise', () => {
    expect(theBuild(webWith('build: {}'))).toEqual({
      image: 'web:1',
      tags: [],
      services: ['demo/shop/web'],
      context: { kind: 'folder', path: folder },
      dockerfile: null,
      args: [],
      options: [],
      noCache: false,
      pull: true,
      hooks: [],
    });
  });

  test.each([
    ['build: ./app', `${folder}/app`],
    ['build: ../../../../app/', 'app'],
    ['build: ../../../..', ''],
    ['build: {context: app/../src}', `${folder}/src`],
  ])('%s is of the folder %j', (lines, path) => {
    expect(theBuild(webWith(lines)).context).toEqual({ kind: 'folder', path });
  });

  test.each([
    'https://git.example.com/shop.git#main:web',
    'https://example.com/context.tar.gz',
    'git://git.example.com/shop.git',
    'ssh://git@git.example.com/shop.git',
    'git@github.com:demo/shop.git',
    'github.com/demo/shop',
  ])('may be of an address that the builder fetches: %s', (address) => {
    expect(
      theBuild(webWith(`build: {context: '${address}', dockerfile: docker/web}`)),
    ).toMatchObject({
      context: { kind: 'remote', address },
      dockerfile: { kind: 'file', path: 'docker/web' },
    });
  });

  test.each([
    ['build: {context: app, dockerfile: ../Dockerfile.web}', `${folder}/Dockerfile.web`],
    ['build: app\ndockerfile: Dockerfile.web', `${folder}/app/Dockerfile.web`],
    ['build: {dockerfile: a}\ndockerfile: a', `${folder}/a`],
  ])('%s has its Dockerfile at %s', (lines, path) => {
    expect(theBuild(webWith(lines)).dockerfile).toEqual({ kind: 'file', path });
  });

  test('has arguments in either form, and those without a value from the environment', () => {
    const args = [
      { name: 'A', value: null },
      { name: 'B', value: '' },
      { name: 'C', value: 'd=e' },
    ];
    expect(theBuild(webWith('build: {args: {C: d=e, B: "", A: }}')).args).toEqual(args);
    expect(theBuild(webWith('build: {args: [C=d=e, A, B=]}')).args).toEqual(args);
  });

  test('has the options of the command line', () => {
    const lines = `build:
  target: release
  platforms: [linux/amd64, linux/arm64]
  network: host
  shm_size: 1k
  labels: [b=2, a]
  extra_hosts: [db=10.0.0.7]
  ulimits: {nofile: 7, core: {soft: 0, hard: 1}}
  cache_from: [web:cache]
  cache_to: [type=inline]
  ssh: [default]
  no_cache: true
  pull: false
  tags: [web:1, registry.example.com/web, web:2]`;
    const build = theBuild(webWith(lines));
    expect(build.options.map(({ name, value }) => `${name} ${value}`)).toEqual([
      '--target release',
      '--platform linux/amd64,linux/arm64',
      '--network host',
      '--shm-size 1024',
      '--label a=',
      '--label b=2',
      '--add-host db:10.0.0.7',
      '--ulimit core=0:1',
      '--ulimit nofile=7:7',
      '--cache-from web:cache',
      '--cache-to type=inline',
      '--ssh default',
    ]);
    expect(build.tags).toEqual(['registry.example.com/web:latest', 'web:2']);
    expect([build.noCache, build.pull]).toEqual([true, false]);
  });

  test('has hooks that run in the folder of the file that they are written in', () => {
    const base =
      'services:\n  app:\n    build: src\n    hooks: {pre_build: [{name: a, cmd: make}]}\n';
    const build = theBuild(
      webWith('extends: {file: ../../../../stacks/base/kontena.yml, service: app}', '', {
        'stacks/base/kontena.yml': base,
      }),
    );
    expect(build.context).toEqual({ kind: 'folder', path: 'stacks/base/src' });
    expect(build.hooks).toEqual([
      { name: 'a', command: 'make', folder: 'stacks/base', service: 'demo/shop/web' },
    ]);
  });

  test.each([
    ['build: /srv', 'error bad-path 4:12'],
    ['build: ../../../../..', 'error bad-path 4:12'],
    ['build: file:///srv', 'error bad-path 4:12'],
    ['build: {dockerfile: ../../../../../Dockerfile}', 'error bad-path 4:25'],
    ['build: {dockerfile: a, dockerfile_inline: FROM b}', 'error conflicting-keys 4:28'],
    ['build: {dockerfile: a}\ndockerfile: b', 'error conflicting-keys 5:17'],
    ['build: {contxt: a}', 'error unknown-key 4:13'],
    ['build: {secrets: [a]}', 'error not-possible 4:13'],
    ['build: {additional_contexts: {a: b}}', 'error not-possible 4:13'],
    ['build: {args: [A, A=1]}', 'error duplicate-key 4:23'],
    ['build: {args: [=1]}', 'error bad-pair 4:20'],
    ['build: {args: {A: "\\0"}}', 'error wrong-value 4:23'],
    ['build: {ssh: [key=/root/.ssh/id]}', 'error wrong-value 4:19'],
    ['build: {shm_size: big}', 'error bad-size 4:23'],
    ['build: {extra_hosts: [db]}', 'error bad-host 4:27'],
    ['build: {labels: {io.kontena.service.name: a}}', 'error reserved-label 4:22'],
    [`build: {tags: ["a@sha256:${'0'.repeat(64)}"]}`, 'error not-possible 4:20'],
    ['build: {tags: [A]}', 'error bad-image 4:20'],
    ['build: [a]', 'error wrong-type 4:12'],
  ])('%s is refused', (lines, expected) => {
    expect(webWith(lines).problems.map(brief)).toEqual([expected]);
  });

  test('needs a name that says nothing of what is in the image', () => {
    const image = `image: web@sha256:${'0'.repeat(64)}`;
    const { problems } = buildsOf({
      [STACK_FILE]: `services:\n  web:\n    ${image}\n    build: .\n`,
    });
    expect(problems.map(brief)).toEqual(['error not-possible 3:12']);
  });

  test('needs an image, and the problem says what its name is for', () => {
    const { builds, problems } = buildsOf({ [STACK_FILE]: 'services:\n  web:\n    build: .\n' });
    expect([builds, problems.map(brief)]).toEqual([[], ['error missing-key 3:5']]);
    expect(problems[0]?.hint).toContain('gridops build');
  });

  test.each(['args: {A: $key}', 'target: $key', 'args: {$key: a}'])(
    'has nothing in it that only the master knows: %s',
    (line) => {
      const variables = 'variables: {key: {from: {random_string: 8}}}\n';
      const text = `stack: a\n${variables}services: {web: {image: a, build: {${line}}}}\n`;
      const { builds, problems } = buildsOf({ [STACK_FILE]: text });
      expect(builds).toEqual([]);
      expect(problems.map(({ code }) => code)).toEqual(['secret-misplaced']);
    },
  );

  test('has no value of chance in the name of its image', () => {
    const text =
      'stack: a\nvariables: {key: {from: {random_string: 8}}}\nservices: {web: {image: "a:$key", build: .}}\n';
    expect(buildsOf({ [STACK_FILE]: text }).problems.map(brief)).toEqual([
      'error not-possible 3:25',
    ]);
  });
});

describe('the builds of stacks', () => {
  const two = (web: string, worker: string) =>
    buildsOf({
      [STACK_FILE]: `services:\n  web: {image: app, ${web}}\n  worker: {image: app:latest, ${worker}}\n`,
    });

  test('are one for an image that services share, with the hooks of all', () => {
    const hooks = (name: string) =>
      `hooks: {pre_build: [{name: a, cmd: a}, {name: ${name}, cmd: ${name}}]}`;
    const build = theBuild(two(`build: ., ${hooks('b')}`, `build: {context: ./}, ${hooks('c')}`));
    expect(build.services).toEqual(['demo/shop/web', 'demo/shop/worker']);
    expect(build.hooks.map(({ command }) => command)).toEqual(['a', 'b', 'c']);
  });

  test('are a problem where one image is built in two ways', () => {
    const { problems } = two('build: {args: {A: 1}}', 'build: {args: {A: 2}}');
    expect(problems.map(brief)).toEqual(['error conflicting-keys 3:31']);
    expect(problems[0]?.message).toContain('demo/shop/web');
    expect(two('build: {tags: [b]}', 'build: .').problems.map(brief)).toHaveLength(1);
  });

  test('are those of the wanted services', () => {
    const text = 'services: {web: {image: a, build: .}, db: {image: b, build: /wrong}}\n';
    expect(theBuild(buildsOf({ [STACK_FILE]: text }, ['web'])).image).toBe('a:latest');
  });

  test('leave out services without a build, and those that are switched off', () => {
    const text = 'services:\n  web: {image: a}\n  debug: {image: b, build: ., profiles: [debug]}\n';
    expect(buildsOf({ [STACK_FILE]: text })).toEqual({ builds: [], problems: [] });
  });

  test('merge as the language of their file says', () => {
    const others = {
      'grids/demo/stacks/shop/base.yml':
        'services:\n  app:\n    build: {context: app, target: a, args: [A=1, B=1, C]}\n',
    };
    const lines = 'extends: {file: base.yml, service: app}\nbuild: {args: {B: 2}}';
    const args = [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
      { name: 'C', value: null },
    ];
    expect(theBuild(webWith(lines, '', others))).toMatchObject({
      context: { path: `${folder}/app` },
      args,
    });
    const compose = {
      'grids/demo/stacks/shop/compose.yaml':
        'services:\n  app: {image: b, build: app}\n  web:\n    extends: app\n    image: a\n    build: {target: b}\n',
    };
    const { builds } = buildsOf(compose, ['web']);
    expect(builds[0]?.context).toEqual({ kind: 'folder', path: `${folder}/app` });
  });

  test('never leave the repository, whatever is written', () => {
    const path = fc.string({
      unit: fc.constantFrom('a', '.', '/', '..', '\\', ':', '~', '-', '$$'),
    });
    const args = fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }));
    fc.assert(
      fc.property(path, path, args, (context, dockerfile, some) => {
        const build = { context, dockerfile, args: some };
        const text = JSON.stringify({ services: { web: { image: 'a', build } } });
        const { builds, problems } = buildsOf({ [STACK_FILE]: text });
        expect(problems.length > 0 || builds.length === 1).toBe(true);
        for (const one of problems.length > 0 ? [] : builds) {
          const file = one.dockerfile?.kind === 'file' ? one.dockerfile.path : '';
          const folders = one.context.kind === 'folder' ? one.context.path : 'remote';
          for (const inside of [file, folders])
            expect(inside).not.toMatch(/^\/|(?:^|\/)\.\.(?:\/|$)/);
        }
      }),
    );
  });
});

describe('on the master', () => {
  test('a build with an image is neither acted on nor spoken of', () => {
    const { problems, stacks } = compileStackFile(
      'services:\n  web:\n    image: web:1\n    build: {context: /srv, secrets: [a]}\n    hooks: {pre_build: [{name: a, cmd: b}]}\n',
    );
    expect(problems).toEqual([]);
    expect(stacks[0]?.services[0]?.spec).not.toHaveProperty('hooks');
  });

  test.each([
    ['dockerfile: a', 'warning no-effect 4:5'],
    ['hooks: {pre_build: [{name: a, cmd: b}]}', 'warning no-effect 4:13'],
  ])('%s without a build has no effect', (lines, expected) => {
    expect(webWith(lines).problems.map(brief)).toEqual([expected]);
  });
});
