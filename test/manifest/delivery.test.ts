import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCompiler } from '../../src/manifest/compile.ts';
import { contentDigest, digest } from '../../src/model/digest.ts';
import type { Service } from '../../src/model/grid.ts';
import type { SourceFile, SourceTree } from '../../src/model/source.ts';
import { contentOf } from '../../src/model/source.ts';
import { effort } from '../support/effort.ts';
import {
  aSourceTree,
  brief,
  codes,
  compileService,
  type Files,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

const HERE = 'grids/demo/stacks/shop';

/** Each file that a service mounts, as `target path mode content`. */
function delivered(service: Service): string[] {
  return service.spec.mounts.flatMap((mount) => {
    if (mount.kind !== 'files') return [];
    const bundle = service.files?.bundles[mount.digest];
    if (bundle === undefined) throw new Error(`no bundle for ${mount.target}`);
    expect(digest(bundle)).toBe(mount.digest);
    return bundle.files.map(({ path, mode, content }) => {
      const file = service.files?.contents[content];
      if (file === undefined) throw new Error(`no content of ${path}`);
      const bytes = contentOf(file);
      expect(contentDigest(bytes)).toBe(content);
      const text = Buffer.from(bytes).toString('latin1');
      return `${mount.target} ${path} ${mode.toString(8)} ${text}`;
    });
  });
}

function withFiles(tree: SourceTree, files: readonly SourceFile[]): SourceTree {
  return { ...tree, files: new Map([...tree.files, ...files.map((f) => [f.path, f] as const)]) };
}

describe('files that a service mounts', () => {
  test('are a single file, or all of a folder with its binary files and programs', () => {
    const stack = `services:\n  web:\n    image: web:1\n    volumes: ["./one.conf:/etc/one:ro", "./html/:/html:ro"]\n`;
    const tree = withFiles(
      aSourceTree({
        [STACK_FILE]: stack,
        [`${HERE}/one.conf`]: 'one',
        [`${HERE}/html/sub/a.txt`]: 'a',
        [`${HERE}/html2/b.txt`]: 'not this',
      }),
      [
        {
          kind: 'binary',
          path: `${HERE}/html/logo.png`,
          blob: 'b1',
          bytes: Uint8Array.of(0x89, 0, 0xff),
        },
        { kind: 'text', path: `${HERE}/html/run`, blob: 'b2', text: '#!', executable: true },
        { kind: 'text', path: `${HERE}/html/bom`, blob: 'b3', text: 'x', marked: true },
      ],
    );

    const service = theService(createCompiler().compile(tree, 'demo'));

    expect(delivered(service)).toEqual([
      '/etc/one  444 one',
      '/html bom 444 \u00ef\u00bb\u00bfx',
      '/html logo.png 444 \u0089\0\u00ff',
      '/html run 555 #!',
      '/html sub/a.txt 444 a',
    ]);
  });

  test('are configs and secrets, where Compose puts them', () => {
    const { stacks, problems } = compileService(
      'configs: [plain, {source: text, target: /etc/text, uid: 101, gid: 7, mode: 0440}]\nsecrets: [key, {source: key, target: other, mode: 400}]',
      'configs:\n  plain: {file: ../../plain.conf}\n  text: {content: "made in ${GRID}"}\nsecrets:\n  key: {file: ./key}',
      { 'grids/demo/plain.conf': 'plain', [`${HERE}/key`]: 'hush' },
    );
    const service = stacks[0]?.services[0];
    if (service === undefined) throw new Error('no service');

    expect(delivered(service)).toEqual([
      '/etc/text  440 made in demo',
      '/plain  444 plain',
      '/run/secrets/key  444 hush',
      '/run/secrets/other  400 hush',
    ]);
    const owned = service.spec.mounts.find(({ target }) => target === '/etc/text');
    const bundle = owned?.kind === 'files' ? service.files?.bundles[owned.digest] : undefined;
    expect(bundle).toMatchObject({ uid: 101, gid: 7 });
    expect(problems.map(brief)).toEqual(['warning plain-secret 10:15']);
  });

  test('are no part of the spec, but for their digest', () => {
    const service = theService(
      compileService('volumes: ["./a:/a:ro"]', '', { [`${HERE}/a`]: 'a rare word' }),
    );

    expect(JSON.stringify(service.spec)).not.toContain('a rare word');
    expect(JSON.stringify(service.spec)).not.toContain(
      Buffer.from('a rare word').toString('base64'),
    );
  });

  test('are found relative to the file in which they are written', () => {
    const service = theService(
      compileService('extends: {file: ../../base/compose.yml, service: base}', '', {
        'grids/demo/base/compose.yml': 'services: {base: {volumes: ["./a:/a:ro"]}}',
        'grids/demo/base/a': 'from the base',
      }),
    );

    expect(delivered(service)).toEqual(['/a  444 from the base']);
  });

  test.each<[string, Files, string]>([
    ['volumes: ["./data:/data"]', {}, 'error file-missing 4:15'],
    ['volumes: ["./a:/a"]', { [`${HERE}/a`]: '' }, 'warning read-only-files 4:15'],
    ['volumes: ["./a:/a:rw"]', { [`${HERE}/a`]: '' }, 'warning read-only-files 4:15'],
    ['volumes: ["~/a:/a:ro"]', {}, 'error bad-path 4:15'],
    ['volumes: ["../../../../../a:/a:ro"]', {}, 'error bad-path 4:15'],
    [
      'volumes: ["./a:/a:ro"]',
      { [`${HERE}/a`]: { refused: 'symlink' } },
      'error file-refused 4:15',
    ],
    [
      'volumes: ["./a:/a:ro"]',
      { [`${HERE}/a/b/link`]: { refused: 'symlink' }, [`${HERE}/a/c`]: '' },
      'error file-refused 4:15',
    ],
    [
      'volumes: ["./a/c:/a:ro"]',
      { [`${HERE}/a`]: { refused: 'symlink' } },
      'error file-refused 4:15',
    ],
    [
      'volumes: ["./a:/a:ro"]',
      { [`${HERE}/a`]: 'x'.repeat(262_145) },
      'error delivery-too-large 4:15',
    ],
    [
      'volumes: ["./a:/a:ro"]',
      Object.fromEntries([1, 2, 3, 4, 5].map((n) => [`${HERE}/a/${n}`, `${n}`.repeat(262_144)])),
      'error delivery-too-large 4:15',
    ],
    [
      'volumes: ["./a:/a:ro"]',
      Object.fromEntries(Array.from({ length: 501 }, (_, n) => [`${HERE}/a/${n}`, ''])),
      'error delivery-too-large 4:15',
    ],
  ])('%s with other files is a problem', (lines, files, problem) => {
    expect(brief(theProblem(compileService(lines, '', files)))).toBe(problem);
  });

  test('name the link that is in a folder', () => {
    const files: Files = { [`${HERE}/a/b/link`]: { refused: 'symlink' } };

    expect(theProblem(compileService('volumes: ["./a:/a:ro"]', '', files)).message).toContain(
      'a/b/link',
    );
  });

  test('say what to write where Compose would make an empty folder', () => {
    const { hint } = theProblem(compileService('volumes: ["./data:/data"]'));

    expect(hint).toMatch(/named volume or an absolute path/);
  });

  test.each([
    ['configs: [a]', 'configs: {b: {content: x}}', 'error unknown-config 4:15'],
    ['secrets: [{source: a}]', '', 'error unknown-secret 4:24'],
    ['secrets: [{target: a}]', '', 'error missing-key 4:15'],
    ['secrets: [{name: A, type: env}]', '', 'error missing-key 4:15'],
    ['configs: [{target: a}]', '', 'error missing-key 4:15'],
    ['configs: [{secret: a, source: b}]', '', 'error unknown-key 4:16'],
    ['', 'configs: {a: {environment: A}}', 'error not-possible 5:15'],
    ['', 'configs: {a: {external: true}}', 'error not-possible 5:15'],
    ['', 'secrets: {a: {environment: A}}', 'error not-possible 5:15'],
    ['', 'secrets: {a: {external: true, file: ./a}}', 'error wrong-value 5:14'],
    ['', 'secrets: {a: {}}', 'error missing-key 5:14'],
    ['secrets: [a]', 'secrets: {a: {external: true}}', 'error unknown-secret 5:14'],
    ['', 'secrets: {a: {content: x}}', 'error unknown-key 5:15'],
    ['', 'configs: {a: {}}', 'error missing-key 5:14'],
    ['', 'configs: {a: {file: ./a, content: x}}', 'error wrong-value 5:14'],
    ['configs: [a]', 'configs: {a: {file: ./nowhere}}', 'error file-missing 5:21'],
    ['configs: [a]', 'configs: {a: {file: .}}', 'error bad-path 5:21'],
    ['configs: [{source: a, mode: 888}]', 'configs: {a: {content: x}}', 'error bad-mode 4:33'],
    ['configs: [{source: a, mode: 4755}]', 'configs: {a: {content: x}}', 'error bad-mode 4:33'],
    ['configs: [{source: a, uid: root}]', 'configs: {a: {content: x}}', 'error wrong-value 4:32'],
    ['configs: [a, a]', 'configs: {a: {content: x}}', 'error duplicate-mount 4:18'],
    ['configs: [{source: a, target: /}]', 'configs: {a: {content: x}}', 'error bad-volume 4:15'],
  ])('%s with %s is %s', (lines, rest, problem) => {
    const compiled = compileService(lines, rest);

    expect(compiled.problems.map(brief)[0]).toBe(problem);
  });
});

test('a file that is no text cannot be an env file', () => {
  const tree = withFiles(
    aSourceTree({ [STACK_FILE]: 'services: {web: {image: x, env_file: ./env}}' }),
    [{ kind: 'binary', path: `${HERE}/env`, blob: 'b', bytes: Uint8Array.of(0) }],
  );

  const { code, message } = theProblem(createCompiler().compile(tree, 'demo'));

  expect(code).toBe('file-refused');
  expect(message).toContain('not UTF-8 text');
});

describe('the spec hash of a service with files', () => {
  const hash = (files: Files, lines = 'volumes: ["./a:/a:ro"]') =>
    theService(compileService(lines, '', files)).specHash;
  const before = { [`${HERE}/a/x`]: '1', [`${HERE}/other`]: '1' };

  test('changes with a file, its name and its mode, and with nothing else', () => {
    expect(hash({ ...before, [`${HERE}/other`]: '2' })).toBe(hash(before));
    expect(hash({ ...before, [`${HERE}/a/x`]: '2' })).not.toBe(hash(before));
    expect(hash({ ...before, [`${HERE}/a/y`]: '' })).not.toBe(hash(before));
    expect(hash({ [`${HERE}/a/z`]: '1' })).not.toBe(hash(before));
  });

  test('is of another container for every other content', () => {
    const content = fc.string({ maxLength: 20 });
    fc.assert(
      fc.property(content, content, (one, other) => {
        const [a, b] = [one, other].map((text) => hash({ [`${HERE}/a/x`]: text }));
        expect(a === b).toBe(one === other);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a compiler that remembers', () => {
  const stack = 'services:\n  web:\n    image: web:1\n    volumes: ["./html:/html:ro"]\n';
  const first: Files = { [STACK_FILE]: stack, [`${HERE}/html/a`]: '1', [`${HERE}/b`]: '1' };

  test.each<[string, Files]>([
    ['added to', { ...first, [`${HERE}/html/sub/b`]: '' }],
    ['changed in', { ...first, [`${HERE}/html/a`]: '2' }],
    ['removed from', { [STACK_FILE]: stack, [`${HERE}/b`]: '1' }],
  ])('notices a file that is %s a mounted folder', (_, second) => {
    const compiler = createCompiler();
    compiler.compile(aSourceTree(first), 'demo');

    const again = compiler.compile(aSourceTree(second), 'demo');

    expect(again).toEqual(createCompiler().compile(aSourceTree(second), 'demo'));
    expect(again).not.toEqual(createCompiler().compile(aSourceTree(first), 'demo'));
  });

  test('keeps what it has while the folder is the same', () => {
    const compiler = createCompiler();
    const before = theService(compiler.compile(aSourceTree(first), 'demo'));

    const second = { ...first, [`${HERE}/b`]: '2' };

    expect(theService(compiler.compile(aSourceTree(second), 'demo'))).toBe(before);
  });

  test('notices a file that becomes a program', () => {
    const compiler = createCompiler();
    const before = theService(compiler.compile(aSourceTree(first), 'demo'));
    const path = `${HERE}/html/a`;
    const file = aSourceTree(first).files.get(path);
    if (file?.kind !== 'text') throw new Error('no text');

    const tree = withFiles(aSourceTree(first), [{ ...file, executable: true }]);

    expect(theService(compiler.compile(tree, 'demo')).specHash).not.toBe(before.specHash);
  });
});

test('codes of a service that mounts far too much come once each, and fast', async () => {
  const volumes = Array.from({ length: 150 }, (_, n) => `"./big:/m${n}:ro"`).join(', ');
  const services = Array.from({ length: 400 }, (_, n) => `  s${n}: {image: x, volumes: *v}`);
  const stack = `services:\n  web: {image: x, volumes: &v [${volumes}]}\n${services.join('\n')}\n`;
  const tree = aSourceTree({ [STACK_FILE]: stack, [`${HERE}/big`]: 'x'.repeat(200_000) });

  const needed = await effort(() => {
    expect(codes(createCompiler().compile(tree, 'demo'))).toContain('delivery-too-large');
  });

  expect(needed).toBeLessThan(5_000);
});
